from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from foodcls.errors import InputError, StoreError, TrainingError
from foodcls.features.pixels import read_picture
from foodcls.manifest import drop_rows, split_rows
from foodcls.network.backbones import Backbone, make_backbone
from foodcls.network.network import Network, start_network
from foodcls.network.resize import squash_pixels
from foodcls.network.seeds import seeded
from foodcls.recipe.train_settings import Extras, Train
from foodcls.store.store import Store
from foodcls.train.batches import cut_batches, shuffled_indices
from foodcls.train.budget import start_budget
from foodcls.train.checkpoint import Checkpoint, EpochReport, describe_extras
from foodcls.train.loop import count_epochs
from foodcls.train.restore import load_network
from foodcls.train.resume import contiguous_copies
from foodcls.train.train import train

Trained = tuple[Checkpoint, pd.DataFrame]


@dataclass(frozen=True)
class Case:
    """What a training is made from; `train` does one, and keeps what it may in `cache`."""

    manifest: pd.DataFrame
    store: Store
    labels: tuple[str, ...]
    settings: Train
    folder: Path

    def train(
        self, cache: str = "cache", manifest: pd.DataFrame | None = None, **changes: object
    ) -> Checkpoint:
        rows = self.manifest if manifest is None else manifest
        settings = self.settings.model_copy(update=changes)
        return train(rows, self.store, self.labels, settings, self.folder / cache)


@pytest.fixture
def case(
    gallery: Callable[[Store], pd.DataFrame],
    store: Store,
    labels: tuple[str, ...],
    quick: Train,
    tmp_path: Path,
) -> Case:
    """The pictures that `trained` has learnt from, and its settings."""
    return Case(gallery(store), store, labels, quick, tmp_path)


def test_same_seed_gives_the_same_weights_and_another_seed_others(
    case: Case, trained: Trained
) -> None:
    checkpoint, _ = trained
    again = case.train("elsewhere")
    other = case.train("elsewhere", seed=1)
    assert again.weights == checkpoint.weights
    assert again.digest == checkpoint.digest
    assert other.weights != checkpoint.weights


def test_test_pictures_change_no_bit(
    case: Case, trained: Trained, colored: Callable[..., bytes]
) -> None:
    checkpoint, manifest = trained
    test_rows = manifest["split"] == "test"
    without = manifest[~test_rows].reset_index(drop=True)
    perturbed = manifest.copy()
    perturbed.loc[test_rows, "picture"] = case.store.put(colored(99, 99))
    perturbed.loc[test_rows, "label"] = case.labels[0]
    absent = manifest.copy()
    absent.loc[test_rows, "picture"] = "0" * 64
    for number, table in enumerate((without, perturbed, absent)):
        found = case.train(f"cache{number}", table)
        assert found.digest == checkpoint.digest


def test_training_pictures_do_change_it(case: Case, trained: Trained) -> None:
    checkpoint, manifest = trained
    fewer = drop_rows(manifest, {0: "wrong dish"}, "filter")
    found = case.train("other", fewer)
    assert found.train_count == checkpoint.train_count - 1
    assert found.weights != checkpoint.weights


def test_the_checkpoint_records_all_settings(trained: Trained, quick: Train) -> None:
    checkpoint, _ = trained
    # what is chosen at run time apart
    chosen = {"method": "finetune", "precision": checkpoint.settings.precision}
    assert checkpoint.settings == quick.model_copy(update=chosen | {"extras": Extras(tta=1)})
    assert checkpoint.settings.precision in ("fp32", "bf16")
    assert checkpoint.facts["pretrained"] == "none" and checkpoint.facts["tta"] == 1
    assert (checkpoint.train_count, checkpoint.val_count) == (18, 9)
    own = make_backbone(quick.backbone, "none", quick.input_size, quick.seed)
    assert checkpoint.pretrained_digest == own.pretrained_digest


def test_the_kept_weights_are_those_of_the_best_epoch(case: Case, trained: Trained) -> None:
    # a training that ends at the best epoch has the same weights
    checkpoint, _ = trained
    best = max(checkpoint.reports, key=lambda r: (r.val_accuracy, -r.val_loss))
    assert checkpoint.best_epoch == best.epoch
    assert case.train("x", epochs=best.epoch).weights == checkpoint.weights


def test_frozen_statistics_come_out_bit_for_bit(
    trained: Trained, store: Store, quick: Train
) -> None:
    checkpoint, _ = trained
    begun = make_backbone(quick.backbone, "none", quick.input_size, quick.seed)
    ended = load(store.read(checkpoint.weights))
    frozen = [
        name
        for name in begun.module.state_dict()
        if not name.startswith(("blocks.4", "conv_head", "bn2"))
    ]
    assert any(name.endswith("running_var") for name in frozen)
    for name in frozen:
        assert torch.equal(ended[f"backbone.{name}"], begun.module.state_dict()[name]), name
    assert not torch.equal(
        ended["backbone.conv_head.weight"], begun.module.state_dict()["conv_head.weight"]
    )


def test_a_loaded_network_answers_as_the_trained_one(trained: Trained, store: Store) -> None:
    checkpoint, _ = trained
    network = load_network(checkpoint, store)
    assert not any(module.training for module in network.modules())
    answers = network(torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
    assert answers.shape == (2, 3)
    for name, value in load(store.read(checkpoint.weights)).items():
        assert torch.equal(network.state_dict()[name], value)


def test_damaged_weights_are_refused(trained: Trained, store: Store) -> None:
    checkpoint, _ = trained
    path = store.path(checkpoint.weights)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(StoreError, match="damaged"):
        load_network(checkpoint, store)


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_class_without_training_pictures_is_named(case: Case, split: str) -> None:
    manifest = case.manifest
    gone = (manifest["split"] == split) & ((manifest["label"] == "sushi") | (split == "val"))
    bare = drop_rows(manifest, dict.fromkeys(manifest.index[gone], "bad"), "filter")
    message = "no training pictures of sushi" if split == "train" else "no validation pictures"
    with pytest.raises(TrainingError, match=message):
        case.train(manifest=bare)


def test_a_picture_of_no_class_is_refused(case: Case) -> None:
    with pytest.raises(TrainingError, match="sushi"):
        replace(case, labels=case.labels[:2]).train()


def test_an_unknown_trainable_module_is_refused_before_any_picture_is_read(case: Case) -> None:
    with pytest.raises(InputError, match="blocks"):
        case.train(trainable=("layer4",))
    assert not (case.folder / "cache").exists()


@pytest.mark.parametrize("trainable", [("all",), ()], ids=["all", "head alone"])
def test_any_part_of_the_network_may_train(case: Case, trainable: tuple[str, ...]) -> None:
    checkpoint = case.train(trainable=trainable, hidden_units=0, epochs=1)
    assert checkpoint.settings.trainable == trainable
    assert load_network(checkpoint, case.store).head[1].out_features == 3


def test_epochs_are_told_one_by_one(case: Case) -> None:
    seen: list[object] = []
    checkpoint = train(case.manifest, case.store, case.labels, case.settings, case.folder,
                       on_epoch=seen.append)  # fmt: skip
    assert tuple(seen) == checkpoint.reports


def test_training_goes_and_ends_as_the_plain_loop_does(case: Case) -> None:
    # its last stage has 512 channels: trunk, folding, fewer products and fused Adam all at work
    settings = Train(backbone="resnet18", weights="none", hidden_units=12, dropout=0.2, lr=1e-4,
                     epochs=2, batch_size=6, input_size=64, device="cpu",
                     precision="fp32")  # fmt: skip
    checkpoint = replace(case, settings=settings).train()
    assert list((case.folder / "cache").glob("activations-*"))
    plain, begun = (start_network(settings, len(case.labels))[1] for _ in range(2))
    losses = learn_plainly(plain, replace(case, settings=settings))
    assert [report.train_loss for report in checkpoint.reports] == pytest.approx(losses, rel=1e-3)
    assert checkpoint.best_epoch == 2, "the plain loop ends with the last epoch; change the seed"
    found = load(case.store.read(checkpoint.weights))
    for name, weight in plain.named_parameters():
        start = begun.get_parameter(name)
        if not weight.requires_grad:
            assert torch.equal(found[name], start), name
            continue
        # 0.0004 without fewer products. Adam's first steps are the sign of the gradient times lr:
        # where that is next to nothing, rounding decides
        assert (found[name] - weight).norm() < 0.03 * (weight - start).norm(), name


def learn_plainly(network: Network, case: Case) -> list[float]:
    """The original's loop: decode, run all layers, Adam; nothing kept from epoch to epoch."""
    settings = case.settings
    rows = split_rows(case.manifest, "train")
    truth = torch.tensor([case.labels.index(label) for label in rows["label"]])
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=settings.lr)
    losses = []
    for epoch in range(1, count_epochs(settings) + 1):
        network.train()
        losses.append(0.0)
        order = shuffled_indices(len(rows), settings.seed, epoch)
        for number, places in enumerate(cut_batches(order, settings.batch_size)):
            pictures = [read_picture(rows["picture"].iloc[place], case.store) for place in places]
            batch = np.stack([squash_pixels(one, settings.input_size) for one in pictures])
            with seeded("dropout", settings.seed, epoch, number):
                logits = network(torch.from_numpy(batch).permute(0, 3, 1, 2))
            loss = torch.nn.functional.cross_entropy(logits, truth[places])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[-1] += float(loss.detach()) * len(places) / len(rows)
    return losses


def test_a_budget_ends_training_with_the_best_so_far_and_says_so(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = case.train(max_minutes=1e-9, epochs=500)
    assert len(checkpoint.reports) == checkpoint.best_epoch == 1
    assert (
        "max_minutes = 1e-09 are over in epoch 1 of 500; the best so far is epoch 1" in caplog.text
    )
    assert load_network(checkpoint, case.store)


def test_how_many_epochs_were_meant_is_recorded_where_the_recipe_leaves_it_open(case: Case) -> None:
    checkpoint = case.train(max_minutes=1e-9, epochs="auto")
    assert checkpoint.settings.epochs == checkpoint.facts["epochs"] == 8


def test_a_budget_that_ends_after_the_last_epoch_is_not_said_to_have_cut_it(
    case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = case.settings.model_copy(update={"max_minutes": 1.5, "epochs": 2})
    heard: list[EpochReport] = []
    minutes = partial(start_budget, clock=lambda: 60.0 * len(heard))
    monkeypatch.setattr("foodcls.train.train.start_budget", minutes)
    train(case.manifest, case.store, case.labels, settings, case.folder, on_epoch=heard.append)
    assert len(heard) == 2 and "max_minutes" not in caplog.text


def test_a_budget_that_ends_after_worse_epochs_gives_the_best_one(
    case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # so high a rate that what was learnt is lost again
    changes = {"lr": 0.1, "precision": "fp32", "max_minutes": 3.0, "epochs": 500}
    hasty = case.settings.model_copy(update=changes)
    heard: list[EpochReport] = []
    minutes = partial(start_budget, clock=lambda: 60.0 * len(heard))
    monkeypatch.setattr("foodcls.train.train.start_budget", minutes)
    cut = train(case.manifest, case.store, case.labels, hasty, case.folder / "cut",
                on_epoch=heard.append)  # fmt: skip
    best, last = cut.best_epoch, len(cut.reports)
    assert (best, last) == (1, 3), [report.val_accuracy for report in cut.reports]
    assert f"over in epoch {last} of 500; the best so far is epoch {best}" in caplog.text
    # its weights too, not those that learning ended with
    heard.clear()
    short = replace(case, settings=hasty).train("short", epochs=best)
    assert cut.weights == short.weights


@pytest.mark.parametrize(
    "extras",
    [{"tta": 4}, {"tta": 3}, {"augment": {}}, {"balance": "weights"}],
    ids=str,
)
def test_every_extra_ends_in_a_checkpoint_that_answers(
    case: Case, extras: dict[str, object]
) -> None:
    wanted = Extras.model_validate(extras)
    checkpoint = case.train(epochs=1, extras=wanted)
    assert checkpoint.facts["extras"] == describe_extras(wanted) != ()
    views = wanted.tta or 1
    assert checkpoint.settings.extras == wanted.model_copy(update={"tta": views})
    network = load_network(checkpoint, case.store)
    assert network.tta_views == views
    pixels = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    is_mirrored_alike = torch.allclose(network(pixels), network(pixels.flip(3)), atol=1e-5)
    assert is_mirrored_alike is (views in (2, 4))


def test_in_bf16_it_trains_and_is_kept_in_fp32(case: Case) -> None:
    checkpoint = case.train(precision="bf16", epochs=1)
    again = case.train("elsewhere", precision="bf16", epochs=1)
    assert checkpoint.settings.precision == "bf16" and again.weights == checkpoint.weights
    kept = load(case.store.read(checkpoint.weights))
    assert {value.dtype for value in kept.values()} <= {torch.float32, torch.int64}


def test_tied_weights_are_saved_under_each_of_their_names(
    tiny_backbone: Callable[[], Backbone],
) -> None:
    backbone = tiny_backbone()
    backbone.module.again = backbone.module.conv2
    network = Network(backbone, nn.Linear(8, 2), ())
    state = load(save(contiguous_copies(network.state_dict())))
    assert torch.equal(state["backbone.again.weight"], state["backbone.conv2.weight"])
