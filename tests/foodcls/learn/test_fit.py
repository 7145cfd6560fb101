from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from foodcls.errors import TrainingError
from foodcls.judge.epochs import EpochReport
from foodcls.learn.activations import load_activations
from foodcls.learn.arrays import Keeping, Kept, keep_arrays
from foodcls.learn.backbones import Backbone
from foodcls.learn.fit import (
    Course,
    Examples,
    Learner,
    batch_places,
    choose_device,
    fit,
    start_learner,
)
from foodcls.learn.halves import split_network
from foodcls.learn.network import Network, make_head
from foodcls.learn.pixels import as_images
from foodcls.learn.randomness import seeded
from foodcls.settings import Train

CLASSES = 13
SIDE = 16
# the least that cross entropy of softmaxed outputs can be for 13 classes (the original's fault)
FLOOR = 1.69

Build = Callable[..., Learner]


@pytest.fixture
def settings() -> Train:
    return Train(lr=0.02, epochs=12, batch_size=20, trainable=("conv2",), head=24, dropout=0.1)


@pytest.fixture
def examples(tmp_path: Path) -> Callable[..., Examples]:
    """Pictures of one colour a class, a little noisy."""

    def make(per_class: int, seed: int) -> Examples:
        draw = np.random.default_rng(seed)
        targets = np.repeat(np.arange(CLASSES), per_class)
        colours = np.random.default_rng(5).integers(20, 236, (CLASSES, 1, 1, 3))
        noise = draw.integers(-6, 7, (len(targets), SIDE, SIDE, 3))
        pixels = (colours[targets] + noise).astype(np.uint8)
        names = tuple(f"picture{number}" for number in range(len(targets)))
        return Examples((keep(pixels, tmp_path, seed),), targets, names)

    return make


def keep(pixels: np.ndarray, folder: Path, seed: int) -> Kept:
    keeping = Keeping(
        folder, ("p",), f"{seed}", lambda places: [pixels[places.start : places.stop]]
    )
    return keep_arrays(keeping, [str(number) for number in range(len(pixels))])[0]


@pytest.fixture
def build(tiny_backbone: Callable[[], Backbone], settings: Train) -> Build:
    def make(trainable: tuple[str, ...] = ("all",), lr: float = settings.lr) -> Learner:
        head = make_head(8, settings.head, CLASSES, settings.dropout, settings.seed)
        network = Network(tiny_backbone(), head, trainable)
        return start_learner(network, network, lr)

    return make


@pytest.fixture
def course(examples: Callable[..., Examples]) -> Course:
    return Course(examples(9, 1), examples(3, 2))


def test_loss_falls_below_what_softmaxed_outputs_allow(
    build: Build, course: Course, settings: Train
) -> None:
    reports = list(fit(build(), course, settings))
    assert reports[-1].train_loss < FLOOR / 2
    assert reports[-1].val_loss < FLOOR / 2
    assert reports[-1].val_accuracy > 0.8
    assert reports[-1].val_average_position < 1.5


def test_losses_are_the_cross_entropy_of_logits(
    tiny_backbone: Callable[[], Backbone], course: Course
) -> None:
    # frozen but for a head without dropout, and all in one batch: training changes nothing yet
    network = Network(tiny_backbone(), make_head(8, 0, CLASSES, 0.0, 0), ())
    wanted = []
    for part in (course.train, course.val):
        logits = network(as_images(part.inputs[0].take(range(len(part))))).detach()
        wanted.append(float(nn.CrossEntropyLoss()(logits, torch.from_numpy(part.targets))))
    settings = Train(lr=1e-12, epochs=1, batch_size=len(course.train))
    (report,) = fit(start_learner(network, network, 1e-12), course, settings)
    assert [report.train_loss, report.val_loss] == pytest.approx(wanted, abs=1e-5)


def test_reports_count_epochs_and_time(build: Build, course: Course, settings: Train) -> None:
    ticks = iter([0.0, 1.5, 10.0, 9.0])
    quick = settings.model_copy(update={"epochs": 2})
    reports = list(fit(build(), course, quick, clock=lambda: next(ticks)))
    assert [report.epoch for report in reports] == [1, 2]
    # a clock that steps back gives no negative time
    assert [report.seconds for report in reports] == [1.5, 0.0]
    assert {report.lr for report in reports} == {settings.lr}


def run(build: Build, course: Course, settings: Train) -> tuple[list[EpochReport], torch.Tensor]:
    learner = build()
    reports = list(fit(learner, course, settings, clock=lambda: 0.0))
    return reports, learner.network.head[1].weight.detach().clone()


def test_same_seed_gives_the_same_bits_and_another_seed_others(
    build: Build, course: Course, settings: Train
) -> None:
    short = settings.model_copy(update={"epochs": 2})
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = run(build, course, short)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    again = run(build, course, short)
    other = run(build, course, short.model_copy(update={"seed": 1}))
    assert first[0] == again[0]
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[1], other[1])


def test_stored_activations_train_as_the_plain_loop_does(
    tiny_backbone: Callable[[], Backbone], course: Course, settings: Train, tmp_path: Path
) -> None:
    short = settings.model_copy(update={"epochs": 3, "lr": 1e-3})
    stored = Network(tiny_backbone(), make_head(8, 24, CLASSES, 0.1, 0), ("conv2", "bn2"))
    halves = split_network(stored, SIDE)
    assert halves.trunk is not None
    kept = Course(
        *(
            Examples(
                load_activations(
                    halves, part.inputs[0], [f"{len(part)} {n}" for n in part.names], tmp_path
                ),
                part.targets,
                part.names,
            )
            for part in (course.train, course.val)
        )
    )
    reports = list(fit(start_learner(stored, halves.tail, 1e-3), kept, short))
    plain = Network(tiny_backbone(), make_head(8, 24, CLASSES, 0.1, 0), ("conv2", "bn2"))
    optimiser = torch.optim.Adam([p for p in plain.parameters() if p.requires_grad], lr=1e-3)
    for epoch in range(1, 4):
        plain.train()
        for number, places in enumerate(batch_places(len(course.train), 20, 0, epoch)):
            with seeded("dropout", 0, epoch, number):
                logits = plain(as_images(course.train.inputs[0].take(places)))
            loss = nn.functional.cross_entropy(
                logits, torch.from_numpy(course.train.targets[places])
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    for name, value in plain.state_dict().items():
        assert torch.allclose(stored.state_dict()[name].float(), value.float(), atol=1e-4), name
    assert reports[-1].train_loss < reports[0].train_loss


def test_frozen_part_comes_out_bit_for_bit(build: Build, course: Course, settings: Train) -> None:
    learner = build(("conv2", "bn2"))
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    list(fit(learner, course, settings.model_copy(update={"epochs": 2})))
    moved = {n for n, v in learner.network.state_dict().items() if not torch.equal(v, before[n])}
    assert not any(name.startswith(("backbone.conv1", "backbone.bn1")) for name in moved)
    assert {"backbone.conv2.weight", "backbone.bn2.running_mean", "head.1.weight"} <= moved


def test_a_loss_that_is_no_number_names_the_pictures(
    build: Build, course: Course, settings: Train
) -> None:
    learner = build()
    with torch.no_grad():
        learner.network.head[1].weight[0, 0] = torch.nan
    with pytest.raises(TrainingError, match=r"loss is nan.*picture\d+, picture\d+"):
        list(fit(learner, course, settings))


def test_a_learning_rate_out_of_all_bounds_is_an_error(
    build: Build, course: Course, settings: Train
) -> None:
    wild = settings.model_copy(update={"lr": 1e30})
    with pytest.raises(TrainingError, match=r"lr 1e\+30 is too high"):
        list(fit(build(lr=1e30), course, wild))


@pytest.mark.parametrize(
    ("count", "sizes"), [(10, [5, 5]), (11, [5, 6]), (12, [5, 5, 2]), (6, [6]), (3, [3]), (1, [1])]
)
def test_batches_take_each_place_once_and_no_batch_is_alone(count: int, sizes: list[int]) -> None:
    batches = batch_places(count, 5, seed=0, epoch=1)
    assert [len(batch) for batch in batches] == sizes
    assert sorted(int(place) for batch in batches for place in batch) == list(range(count))


def test_each_epoch_has_an_order_of_its_own() -> None:
    first, again, other = (batch_places(50, 50, 0, epoch)[0].tolist() for epoch in (1, 1, 2))
    assert first == again != other


def test_only_devices_that_exist_are_chosen() -> None:
    assert choose_device("cpu").type == "cpu"
    if torch.cuda.is_available():
        assert choose_device("auto").type == choose_device("cuda").type == "cuda"
    else:
        assert choose_device("auto").type == "cpu"
        with pytest.raises(TrainingError, match="no graphics card"):
            choose_device("cuda")
