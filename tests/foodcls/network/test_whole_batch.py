"""Trains over two processes, each with its part of every batch, and compares with one process."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load
from torch import Tensor

from foodcls.manifest import drop_rows
from foodcls.recipe.train_settings import Extras, Train
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.train import train

EVERY = Extras(mixup=0.3, ema=0.5, label_smoothing=0.1, balance="weights", warmup=1)
# what each training changes in the settings of `quick`
CASES: dict[str, dict[str, object]] = {
    # one step, of pictures that two processes share unequally
    "step": {"epochs": 1, "batch_size": 40},
    "weighed": {"epochs": 1, "batch_size": 40, "extras": Extras(balance="weights")},
    "finetune": {"lr": 1e-4},
    "extras": {"lr": 1e-4, "extras": EVERY},
    "search": {"method": "probe_then_finetune", "lr": "auto", "epochs": 2, "max_minutes": 60.0},
    "probe": {"method": "probe"},
}
# a process that becomes two: to import torch, and what draws networks, takes long
PROGRAM = """if True:
    import os, pickle, sys
    from pathlib import Path
    import torch.distributed as dist
    from foodcls.features import row_cache
    from foodcls.network.model_zoo import timm
    from foodcls.train.train import train
    from foodcls.work.process_group import ProcessGroup

    folder = Path(sys.argv[1])
    manifest, store, labels, jobs = pickle.loads((folder / "jobs").read_bytes())
    rank = int(os.fork() == 0)
    dist.init_process_group("gloo", f"file://{folder / 'meet'}", rank=rank, world_size=2)
    group, found, totals = ProcessGroup(rank, 2), {}, []
    row_cache.ROWS = 16

    def track(items, total, label):
        totals.append(total)
        return iter(items)

    class Stop(Exception):
        pass

    def stop(report):
        raise Stop

    for name, (settings, caches, is_stopped) in jobs.items():
        words = manifest, store, labels, settings, caches[rank], track
        if is_stopped:
            try:
                train(*words, on_epoch=stop, group=group)
            except Stop:
                pass
        found[name] = train(*words, group=group)
    made = group.gather([sum(totals)])
    dist.destroy_process_group()
    if rank:
        os._exit(0)
    (folder / "found").write_bytes(pickle.dumps((found, made)))
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@dataclass(frozen=True)
class Both:
    """The same trainings by one process and by two, by name."""

    store: Store
    folder: Path
    one: dict[str, Checkpoint]
    two: dict[str, Checkpoint]
    made: list[int]  # features by each process

    def weights(self, checkpoint: Checkpoint) -> dict[str, Tensor]:
        return load(self.store.read(checkpoint.weights))

    def moments(self, number: str, name: str) -> dict[int, Tensor]:
        """The gradient of a training of one step, but for a factor."""
        (path,) = (self.folder / number / name).glob("training-*")
        moments = torch.load(path, weights_only=True)["optimizer"].items()
        return {key: one["exp_avg"] for key, one in moments}


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
    gallery: Callable[[Store], pd.DataFrame],
    labels: tuple[str, ...],
    quick: Train,
) -> Both:
    folder = tmp_path_factory.mktemp("both")
    store = Store(folder / "store")
    # classes of unequal size: 17 pictures to train on
    manifest = drop_rows(gallery(store), {0: "wrong dish"}, "filter")
    plans = {name: quick.model_copy(update={"precision": "fp32", **changes})
             for name, changes in CASES.items()}  # fmt: skip
    jobs = {name: (plan, [folder / "2" / name] * 2, False) for name, plan in plans.items()}
    apart = [folder / f"machine {rank}" for rank in range(2)]
    jobs["apart"] = (plans["finetune"], apart, False)
    jobs["stopped"] = (plans["finetune"], [folder / "stopped"] * 2, True)
    (folder / "jobs").write_bytes(pickle.dumps((manifest, store, labels, jobs)))
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    done = subprocess.run([sys.executable, "-c", PROGRAM, folder], env=os.environ | threads,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("foodcls.features.row_cache.ROWS", 16)
        one = {name: train(manifest, store, labels, plan, folder / "1" / name)
               for name, plan in plans.items()}  # fmt: skip
    return Both(store, folder, one, *pickle.loads((folder / "found").read_bytes()))


def test_a_probe_over_two_processes_is_that_of_one_bit_for_bit(both: Both) -> None:
    one, two = both.one["probe"], both.two["probe"]
    assert one.weights == two.weights and one.digest == two.digest
    assert two.processes == 1


@pytest.mark.parametrize("name", ["step", "weighed"])
def test_the_gradient_is_that_of_the_whole_batch_but_for_the_order_of_sums(
    both: Both, name: str
) -> None:
    one, two = (both.moments(number, name) for number in "12")
    assert one.keys() == two.keys() and len(one) > 5
    for key, wanted in one.items():
        assert (two[key] - wanted).abs().max() <= 1e-4 * wanted.abs().max() + 1e-9, key
    # batch statistics are those of the whole batch too
    ours, theirs = (both.weights(found[name]) for found in (both.one, both.two))
    for key in [key for key in ours if "running" in key]:
        # a mean near 0 is a sum of what cancels out: as exact as the largest of its layer
        assert (theirs[key] - ours[key]).abs().max() <= 1e-5 * ours[key].abs().max(), key


@pytest.mark.parametrize("name", ["finetune", "extras", "search"])
def test_what_two_processes_learn_is_what_one_learns(both: Both, name: str) -> None:
    one, two = both.one[name], both.two[name]
    assert (two.processes, two.settings) == (2, one.settings)
    assert replace(two, processes=1).digest != two.digest
    for ours, theirs in zip(one.reports, two.reports, strict=True):
        assert theirs.train_loss == pytest.approx(ours.train_loss, rel=1e-3)
        assert theirs.val_loss == pytest.approx(ours.val_loss, rel=1e-3)
        assert theirs.train_accuracy == ours.train_accuracy


@pytest.mark.parametrize("again", ["apart", "stopped"])
def test_two_processes_repeat_bit_for_bit_on_two_machines_and_after_a_stop(
    both: Both, again: str
) -> None:
    assert both.two[again].weights == both.two["finetune"].weights


def test_each_process_makes_a_part_of_the_features_and_gets_the_other(both: Both) -> None:
    names = [sorted(path.name for path in (both.folder / place).glob("activations-*"))
             for place in ("1/finetune", "2/finetune", "machine 0", "machine 1")]  # fmt: skip
    # a file's name is the digest of its bytes
    assert len(names[0]) == 2 and names[1:] == names[:1] * 3
    # 26 pictures, in files of 16 and 10, for each of the eight trainings
    assert both.made == [8 * 16, 8 * 10]
