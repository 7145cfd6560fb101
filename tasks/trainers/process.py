"""One of several processes that train together: trains its part, and tells how far it is."""

import logging
import os
import pickle
import platform
import select
import stat
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from foodcls.errors import FoodclsError, TrainingError
from foodcls.manifest import load_splits
from foodcls.progress import Forecast, Item, counting, silent
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store
from foodcls.train.learner import choose_device
from foodcls.train.train import train
from foodcls.work.code_digest import code_digest
from foodcls.work.process_group import ProcessGroup
from tasks.trainers.launch import FAILED, MEETING, TrainingJob

CODE = ("foodcls.train.train",)
# how long one waits for the others: one that is lost is noticed at once, and a probe takes its time
WAIT = timedelta(days=7)


class _Teller(logging.Handler):
    """Sends progress and log lines of the first training process to the one that started it."""

    def __init__(self) -> None:
        # what libraries print is no message
        self._pipe = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        super().__init__(logging.INFO)

    def tell(self, kind: str, value: object = None) -> None:
        data = pickle.dumps((kind, value))
        # logging has threads that write at the same time
        with self.lock or nullcontext():
            self._pipe.write(data)
            self._pipe.flush()

    def emit(self, record: logging.LogRecord) -> None:
        # as it is written: what it was made of may not bear pickling
        record.msg, record.args, record.exc_info = self.format(record), None, None
        self.tell("log", record)

    def track(
        self, items: Iterable[Item], total: int, label: str, forecast: Forecast | None = None
    ) -> Iterator[Item]:
        self.tell("track", (total, label))
        try:
            for item in items:
                self.tell("item")
                yield item
        finally:
            self.tell("end")


def main() -> None:
    """Train as one of several processes; torchrun has told it which."""
    threading.Thread(target=_end_with_asker, daemon=True).start()
    try:
        _train_here()
    except FoodclsError as error:
        message = str(error).replace("\n", "\\n")
        print(f"{FAILED}{type(error).__name__} {message}", file=sys.stderr, flush=True)
        os._exit(1)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        # what waits for the other processes in threads would wait on
        os._exit(1)


def _end_with_asker() -> None:
    """End when the process that asked has ended, however it did; it holds the pipe's other end."""
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        hung_up = select.poll()
        hung_up.register(0, 0)
        hung_up.poll()
        os._exit(1)


def _train_here() -> None:
    teller = _Teller()
    if cards := torch.cuda.device_count():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % cards)
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    meeting = os.environ.get(MEETING)
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if cards else "gloo", timeout=WAIT, rank=rank, world_size=size,
        store=dist.FileStore(meeting, size) if meeting else None,
    )  # fmt: skip
    group = ProcessGroup(rank, size)
    _check_code(group)
    job: TrainingJob = group.agree(lambda: pickle.load(sys.stdin.buffer))  # noqa: S301  (of who asked)
    check_cards(job.settings)
    if group.is_first:
        logging.getLogger("foodcls").setLevel(logging.INFO)
        logging.getLogger("foodcls").addHandler(teller)
    store = Store(job.store)
    track, on_epoch = teller.track, lambda report: teller.tell("epoch", report)
    with counting() as tally:
        found = train(
            load_splits(job.pictures, store), store, job.labels, job.settings,
            Path(sys.argv[1]) if len(sys.argv) > 1 else job.cache,
            track if group.is_first else silent, on_epoch if group.is_first else None, group,
        )  # fmt: skip
    if group.is_first:
        for work in tally.values():
            teller.tell("work", work)
        teller.tell("checkpoint", found)
    dist.destroy_process_group()


def _check_code(group: ProcessGroup) -> None:
    """Refuse machines with other code or packages than the first: all compute the same steps."""
    (_, wanted), *others = group.gather([(platform.node(), code_digest(CODE))])
    for node, code in others:
        if code != wanted:
            raise TrainingError(
                f"{node} has another foodcls, or other versions of packages, than the machine that "
                "asks; install the same on both, e.g. pip install -r requirements.lock"
            )


def check_cards(settings: Train) -> None:
    """Refuse more processes than there are graphics cards, where those are to compute."""
    cards, processes = torch.cuda.device_count(), int(os.environ["LOCAL_WORLD_SIZE"])
    if cards < processes and choose_device(settings.device).type == "cuda":
        raise TrainingError(
            f"{processes} processes for {cards} graphics cards of {platform.node()}; start one a "
            "card, or set train.device to cpu"
        )
