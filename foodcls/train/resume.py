"""Writes the state of a training to disk after each epoch, so that a killed training resumes."""

import dataclasses
import io
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from foodcls.store.store import digest_file, digest_json, digest_of, write_whole
from foodcls.train.checkpoint import Checkpoint, EpochReport
from foodcls.train.ema import trainable_state
from foodcls.train.learner import Learner
from foodcls.work.code_digest import code_digest

log = logging.getLogger(__name__)

Tensors = Mapping[str, Tensor]

KEPT_EPOCHS = 2


@dataclass(frozen=True)
class TrainingState:
    """A training after some epochs; tensors are copies on the processor, shapes and dtypes kept."""

    reports: tuple[EpochReport, ...]
    model: Tensors  # all that training changes, as it is now
    optimizer: Mapping[int, Tensors]  # Adam's moments and steps, of each weight by its number
    ema: Tensors  # the averages of `model`; empty without an EMA
    earlier_best: Tensors  # as it was at the best epoch; empty when that is the last one

    @property
    def best(self) -> Tensors:
        """What was validated at the best epoch: `model`, or its EMA."""
        return self.earlier_best or self.ema or self.model


def evaluated_tensors(learner: Learner) -> dict[str, Tensor]:
    """Copies of what is validated: all that training changes, or its EMA if there is one."""
    found = learner.ema.tensors if learner.ema else trainable_state(learner.network)
    return contiguous_copies(found)


def capture_state(
    learner: Learner, reports: tuple[EpochReport, ...], earlier_best: Tensors
) -> TrainingState:
    """A copy of the learner's present state."""
    states = learner.optimizer.state_dict()["state"]
    ema = learner.ema.tensors if learner.ema else {}
    return TrainingState(
        reports,
        model=contiguous_copies(trainable_state(learner.network)),
        optimizer={number: contiguous_copies(one) for number, one in states.items()},
        ema=contiguous_copies(ema),
        earlier_best=earlier_best,
    )


def restore_state(learner: Learner, state: TrainingState) -> None:
    """Load a captured state into a fresh learner."""
    learner.network.load_state_dict(state.model, strict=False)
    for name, value in state.ema.items():
        if learner.ema:
            learner.ema.tensors[name].copy_(value)
    groups = learner.optimizer.state_dict()["param_groups"]
    learner.optimizer.load_state_dict({"state": state.optimizer, "param_groups": groups})


@dataclass(frozen=True)
class CheckpointFiles:
    """The files of one training: `key` names all that its outcome depends on."""

    folder: Path
    key: str
    lr_key: str  # names all that the choice of a learning rate depends on
    lr: float | Literal["auto"]  # auto until it is chosen

    @contextmanager
    def background_writer(self) -> Iterator[Callable[[TrainingState], None]]:
        """Give a `save` that returns at once and writes in a thread, one file at a time.

        An error in it is raised by the next `save`, or at the end of the block.
        """
        with ThreadPoolExecutor(1, "checkpoints") as writer:
            writing: list[Future[None]] = []

            def save(state: TrainingState) -> None:
                while writing:
                    writing.pop().result()
                writing.append(writer.submit(self.save, state))

            yield save
            while writing:
                writing.pop().result()

    def save(self, state: TrainingState) -> None:
        """Write a file named by its digest; the one before stays, in case this one is damaged."""
        buffer, number = io.BytesIO(), len(state.reports)
        torch.save({**vars(state), "reports": list(map(vars, state.reports))}, buffer)
        data = buffer.getvalue()
        path = self.folder / f"training-{self.key}-{number:06}-{digest_of(data)}.pt"
        write_whole(path, data)
        for old in self.files()[KEPT_EPOCHS:]:
            old.unlink(missing_ok=True)

    def load(self) -> TrainingState | None:
        """The last epoch whose file is whole, if there is one."""
        for path in self.files():
            if path.stem.endswith(digest_file(path)):
                return _read(path)
            log.warning("%s is damaged; training goes on from the epoch before", path)
        if any(self.folder.glob("training-*")):
            log.info(
                "training begins at epoch 1: the epochs in %s are of other settings, pictures or "
                "code, or of another number of threads or processes (--trainers)", self.folder
            )  # fmt: skip
        return None

    def files(self) -> list[Path]:
        """The files that are there, the last epoch first."""
        name = re.compile(rf"training-{self.key}-\d{{6}}-[0-9a-f]{{64}}\.pt")
        found = self.folder.iterdir() if self.folder.is_dir() else iter(())
        return sorted((path for path in found if name.fullmatch(path.name)), reverse=True)

    @property
    def lr_file(self) -> Path:
        """Where the rate is kept that was chosen before the first epoch."""
        return self.folder / f"lr-{self.lr_key}.json"

    def save_lr(self, lr: float, seconds: float) -> None:
        """Keep a chosen rate, and how long the choice took: another one has other epochs."""
        write_whole(self.lr_file, json.dumps([lr, seconds]))

    def load_lr(self) -> tuple[float, float] | None:
        """The rate that was chosen, and the seconds that the choice took, if it is there."""
        try:
            lr, seconds = map(float, json.loads(self.lr_file.read_bytes()))
        except (FileNotFoundError, TypeError, ValueError):
            return None
        return lr, seconds

    def delete(self) -> None:
        """Delete them, once the checkpoint is kept elsewhere; those of other trainings stay."""
        if (chosen := self.load_lr()) and chosen[0] == self.lr:
            self.lr_file.unlink(missing_ok=True)
        for path in self.files():
            path.unlink(missing_ok=True)


def checkpoint_files(folder: Path, checkpoint: Checkpoint) -> CheckpointFiles:
    """The files of the training that a checkpoint is the beginning or the end of.

    Other code, or another version of a package, has files of its own, as it has other results.
    """
    draft = dataclasses.replace(checkpoint, weights="", best_epoch=0, reports=())
    settings = draft.settings
    left_open = dataclasses.replace(draft, settings=settings.model_copy(update={"lr": "auto"}))
    code = code_digest(("foodcls.train.train",))
    key, lr_key = (digest_json([one.digest, code]) for one in (draft, left_open))
    return CheckpointFiles(folder, key, lr_key, settings.lr)


def _read(path: Path) -> TrainingState:
    held: dict[str, Any] = torch.load(path, "cpu", weights_only=True)
    reports = tuple(EpochReport(**report) for report in held.pop("reports"))
    return TrainingState(reports, **held)


def contiguous_copies(tensors: Tensors) -> dict[str, Tensor]:
    """Copies on the processor, as files hold them: none shares memory with another."""
    return {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in tensors.items()
    }
