"""Keeps a training's last epochs on disk, so that a killed training goes on after the last one."""

import dataclasses
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from foodcls.store.store import digest_file, digest_of, replacing
from foodcls.train.checkpoint import EpochReport
from foodcls.train.ema import changing_tensors
from foodcls.train.learner import Learner

log = logging.getLogger(__name__)

Tensors = Mapping[str, Tensor]

KEPT_EPOCHS = 2
GROUPS = ("learnt", "moments", "average", "earlier_best")


@dataclass(frozen=True)
class Progress:
    """A training after some epochs; the tensors lie on the processor."""

    reports: tuple[EpochReport, ...]
    learnt: Tensors  # what trains, as it is now
    moments: Tensors  # Adam's
    average: Tensors  # of what trains, if one is kept
    earlier_best: Tensors  # as it was at the best epoch; empty when that is the last one

    @property
    def best(self) -> Tensors:
        """What trains, or its average, as it was at the best epoch."""
        return self.earlier_best or self.average or self.learnt


def learnt_tensors(learner: Learner) -> dict[str, Tensor]:
    """Copies of what is judged: all that training changes, or its average if one is kept."""
    found = learner.average.tensors if learner.average else changing_tensors(learner.network)
    return _copies(found)


def take_progress(
    learner: Learner, reports: tuple[EpochReport, ...], earlier_best: Tensors
) -> Progress:
    """The learner's present state, copied."""
    states = learner.optimiser.state_dict()["state"]
    moments = {
        f"{number}.{name}": _copy(value)
        for number, state in states.items()
        for name, value in state.items()
    }
    average = learner.average.tensors if learner.average else {}
    learnt = _copies(changing_tensors(learner.network))
    return Progress(reports, learnt, moments, _copies(average), earlier_best)


def restore_learner(learner: Learner, progress: Progress) -> None:
    """Bring a fresh learner to that state."""
    learner.network.load_state_dict(progress.learnt, strict=False)
    for name, value in progress.average.items():
        if learner.average:
            learner.average.tensors[name].copy_(value)
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in progress.moments.items():
        number, kind = name.split(".")
        states.setdefault(int(number), {})[kind] = value
    groups = learner.optimiser.state_dict()["param_groups"]
    learner.optimiser.load_state_dict({"state": states, "param_groups": groups})


@dataclass(frozen=True)
class Diary:
    """The files of one training: `key` names all that its outcome depends on."""

    folder: Path
    key: str

    @contextmanager
    def beside(self) -> Iterator[Callable[[Progress], None]]:
        """Give a `save` that writes beside what its caller does next, one file at a time.

        What goes wrong in it is raised by the next one, or at the end.
        """
        with ThreadPoolExecutor(1, "diary") as writer:
            writing: list[Future[None]] = []

            def save(progress: Progress) -> None:
                while writing:
                    writing.pop().result()
                writing.append(writer.submit(self.save, progress))

            yield save
            while writing:
                writing.pop().result()

    def save(self, progress: Progress) -> None:
        """Write a file named by its digest; the one before stays, in case this one is damaged."""
        tensors = {
            f"{group}/{name}": value
            for group in GROUPS
            for name, value in getattr(progress, group).items()
        }
        reports = json.dumps([dataclasses.asdict(report) for report in progress.reports])
        data = save(tensors, {"reports": reports})
        number = len(progress.reports)
        path = self.folder / f"training-{self.key}-{number:06}-{digest_of(data)}.safetensors"
        with replacing(path) as part:
            part.write_bytes(data)
        for old in self.files()[KEPT_EPOCHS:]:
            old.unlink(missing_ok=True)

    def load(self) -> Progress | None:
        """The last epoch whose file is whole, if there is one."""
        for path in self.files():
            if path.stem.endswith(digest_file(path)):
                return _read(path)
            log.warning("%s is damaged; training goes on from the epoch before", path)
        return None

    def files(self) -> list[Path]:
        """What is kept, the last epoch first."""
        name = re.compile(rf"training-{self.key}-\d{{6}}-[0-9a-f]{{64}}\.safetensors")
        found = self.folder.iterdir() if self.folder.is_dir() else iter(())
        return sorted((path for path in found if name.fullmatch(path.name)), reverse=True)


def forget_trainings(folder: Path) -> None:
    """Delete what trainings have left there, once their outcome is kept elsewhere."""
    for path in folder.glob("training-*.safetensors"):
        path.unlink(missing_ok=True)


def _read(path: Path) -> Progress:
    held: dict[str, dict[str, Tensor]] = {group: {} for group in GROUPS}
    with safe_open(path, "pt") as file:
        reports = json.loads(file.metadata()["reports"])
        for name in file.keys():  # noqa: SIM118  (the file is no dictionary)
            group, _, inner = name.partition("/")
            held[group][inner] = file.get_tensor(name)
    return Progress(tuple(EpochReport(**report) for report in reports), **held)


def _copies(tensors: Tensors) -> dict[str, Tensor]:
    return {name: _copy(value) for name, value in tensors.items()}


def _copy(value: Tensor) -> Tensor:
    return value.detach().cpu().clone(memory_format=torch.contiguous_format)
