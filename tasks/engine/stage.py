"""Turns a function into a stage: a Prefect task cached by content, its outputs verified on a hit.

A stage's key is made of its name, the source of the library modules behind it, the versions of the
packages those import, the digests of its inputs and the contents of its settings. Paths, clocks and
the workspace are not part of it. Prefect keeps only the small record of a result, as JSON, inside
the workspace; what the record names lies in the store and is read back before a hit is believed.
A record also names the classes that Prefect imports to read it: a record that someone planted, or
that a kill has torn, is deleted before Prefect sees it.
"""

import dataclasses
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.results import ResultRecord
from prefect.serializers import JSONSerializer
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from foodcls.manifest import ManifestRef, SplitsRef, missing_blobs
from foodcls.progress import counting
from foodcls.recipe.recipe import settings_digest
from foodcls.runs.stage_result import StageResult, describe, is_worth_telling
from foodcls.store.store import Store, digest_json, write_whole
from foodcls.work.code_digest import code_digest
from foodcls.workspace.gc import CachedResult, find_digests
from foodcls.workspace.workspace import Workspace
from tasks.engine.presence import remembering
from tasks.engine.progress import heartbeat
from tasks.engine.recall import RECALLING, CacheMiss
from tasks.engine.retry import tries_again

log = logging.getLogger("foodcls.stages")
Result = TypeVar("Result")

# what a record that is none leads to; the last, where it is nested without end
TORN = (ValueError, LookupError, TypeError, RecursionError)
# the fields of results that hold digests of blobs, and what these blobs are
BLOBS = {
    "weights": "the weights of a checkpoint",
    "predictions": "the answers on the test pictures",
    "blob": "an exported model",
}


@dataclasses.dataclass(eq=False)
class Stage(Generic[Result]):
    """A task that is called with a workspace and the steps before it; cached if it has modules."""

    function: Callable[..., Result]
    name: str
    modules: tuple[str, ...]
    reads: tuple[str, ...]
    after: Callable[[Workspace, Any], None] | None
    on_retry: Mapping[str, Any]

    def __post_init__(self) -> None:
        self.task = Task(
            fn=self.function,
            name=self.name,
            task_run_name=self.name,
            cache_policy=NO_CACHE,
            persist_result=bool(self.modules),
            result_serializer="json",
        )
        self.__doc__ = self.function.__doc__

    def __call__(
        self, workspace: Workspace, *inputs: Any, refresh: bool = False, **aside: Any
    ) -> StageResult[Result]:
        """Run the stage, or take its result from the cache if all its outputs are still whole.

        `refresh` runs it whatever the cache holds. `aside` are keyword arguments of the function
        that change nothing of its result, and are not part of the key. A cached result that lacks
        pictures for a passing reason is made again, `retry.TRIES` times at most.
        """
        values = [self._narrowed(item) for item in inputs]
        parts = [fingerprint(value) for value in values] if self.modules else []
        key = digest_json([self.name, code_digest(self.modules), parts])
        step = self._run(workspace, key, values, aside, refresh=refresh)
        if not tries_again(step, workspace.store, key):
            return step
        before = (workspace.results / key).read_bytes()
        again = self._run(workspace, key, values, {**aside, **self.on_retry}, refresh=True)
        if (again.result.passing, again.result.kept) != (step.result.passing, step.result.kept):
            return again
        # with the same pictures, later stages are to find the same result
        write_whole(workspace.results / key, before)
        return step

    def _run(
        self, workspace: Workspace, key: str, values: list[Any], aside: Any, *, refresh: bool
    ) -> StageResult[Any]:
        started = time.monotonic()
        ask = self._read_cache if RECALLING.get() else self._run_task
        with counting() as tally, heartbeat(self.name):
            result, cached = ask(workspace, key, values, aside, refresh=refresh)
        if cached and (damaged := self._damaged(result, workspace.store)):
            log.warning("%s: %d of its outputs are missing or changed; doing it again",
                        self.name, len(damaged))  # fmt: skip
            return self._run(workspace, key, values, aside, refresh=True)
        if self.after:
            self.after(workspace, result)
        if cached:
            # gc goes by when a record was last used
            with suppress(OSError):
                (workspace.results / key).touch()
        work = tuple(tally.values())
        step = StageResult(self.name, result, time.monotonic() - started, cached, work)
        if is_worth_telling(step):
            log.info("%s", describe(step))
        return step

    def _run_task(
        self, workspace: Workspace, key: str, values: list[Any], aside: Any, *, refresh: bool
    ) -> tuple[Result, bool]:
        """Let Prefect run the task; its result, and whether that was cached."""
        bound = self._cached(workspace, key, refresh) if self.modules else self.task
        state: Any = bound(workspace, *values, **aside, return_state=True)
        return state.result(), state.name == "Cached"

    def _read_cache(
        self, workspace: Workspace, key: str, values: list[Any], aside: Any, *, refresh: bool
    ) -> tuple[Result, bool]:
        """The result of a cached stage, read without Prefect; CacheMiss where it has to run."""
        if not self.modules:
            return self.task.fn(workspace, *values, **aside), False
        entry = workspace.results / key
        if refresh or not entry.exists() or find_fault(data := entry.read_bytes()):
            raise CacheMiss(self.name)
        return ResultRecord.deserialize(data).result, True

    def _narrowed(self, item: Any) -> Any:
        """The argument for an input: a step's result, of a manifest only the splits it reads."""
        value = item.result if isinstance(item, StageResult) else item
        narrows = self.reads and isinstance(value, ManifestRef)
        return SplitsRef(value, self.reads) if narrows else value

    def _damaged(self, result: Result, store: Store) -> list[str]:
        """Digests of the blobs behind a result that the store no longer has whole."""
        if isinstance(result, ManifestRef):
            return missing_blobs(result, remembering(store))
        told = (item.get(name) for item in _objects(to_jsonable_python(result)) for name in BLOBS)
        # the settings within a checkpoint have weights too, which are a word or a file
        named = {digest for value in told for digest in find_digests(str(value).encode())}
        return [digest for digest in named if not store.is_whole(digest)]

    def _cached(self, workspace: Workspace, key: str, refresh: bool) -> Task[..., Result]:
        """The task under this cache key, whose entry is deleted first if it is unsound."""
        drop_unsound(workspace.results / key, self.name)
        return self.task.with_options(
            cache_policy=CachePolicy.from_cache_key_fn(lambda context, parameters: key),
            result_storage=workspace.results,
            refresh_cache=refresh,
        )


def stage(
    *modules: str,
    name: str = "",
    reads: tuple[str, ...] = (),
    after: Callable[[Workspace, Any], None] | None = None,
    on_retry: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Result]], Stage[Result]]:
    """Make a stage of a function; `modules` are the library modules whose code decides its result.

    Without modules the stage runs each time. The function's first parameter is the workspace; the
    others are results of earlier stages, settings, or plain values. The stage is called like the
    function unless `name` is given. With `reads`, the splits that it reads, it is given manifests
    as a SplitsRef, and what stands in other splits is no part of its key. `after` is called when
    the result is cached, e.g. to delete saved epochs. `on_retry` are further keyword arguments of a
    run that retries pictures.
    """

    def decorate(function: Callable[..., Result]) -> Stage[Result]:
        return Stage(function, name or function.__name__, modules, reads, after, on_retry or {})

    return decorate


def fingerprint(value: Any) -> Any:
    """The part of an input that goes into the cache key: contents and values, never paths."""
    if isinstance(value, BaseModel):
        return settings_digest(value)
    if isinstance(value, tuple | list):
        return [fingerprint(item) for item in value]
    if dataclasses.is_dataclass(value):
        own = getattr(value, "digest", None)
        return own or {
            field.name: fingerprint(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"a stage cannot be cached by {type(value).__name__}: {value!r}")


def read_results(workspace: Workspace) -> list[CachedResult]:
    """What the stages' results name; of a torn one, the digests alone that can be read."""
    return [_read_result(path) for path in workspace.list_results()]


def drop_unsound(entry: Path, stage: str) -> None:
    """Remove the entry if it is there and is not one that a stage has written; say so."""
    if entry.exists() and (fault := find_fault(entry.read_bytes())):
        log.warning("%s: its cached result %s; doing it again", stage, fault)
        entry.unlink()


def find_fault(data: bytes) -> str:
    """What is wrong with an entry; empty when nothing is."""
    try:
        entry = json.loads(data)
        serializer = entry["metadata"]["serializer"]
        named = named_code(json.loads(entry["result"]))
    except TORN:
        return "is torn"
    if serializer != JSONSerializer().model_dump():
        return f"is to be read by {str(serializer)[:60]}, which no stage writes"
    strangers = {name for name in named if not name.startswith("foodcls.")}
    return f"names {', '.join(sorted(strangers))}, which is not of foodcls" if strangers else ""


def named_code(value: Any) -> set[str]:
    """The classes that reading a result would import and call."""
    keys = ("__class__", "__exc_type__")
    return {str(item[key]) for item in _objects(value) for key in keys if key in item}


def _read_result(path: Path) -> CachedResult:
    data = path.read_bytes()
    try:
        items = list(_objects(json.loads(json.loads(data)["result"])))
    except TORN:
        items = []
    owners = {str(item[name]): told for item in items for name, told in BLOBS.items()
              if name in item}  # fmt: skip
    tables = {str(item["blob"]): f"the table after {item['stage']}" for item in items
              if {"stage", "blob"} <= item.keys()}  # fmt: skip
    return CachedResult(path, find_digests(data), owners | tables, frozenset(tables))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """The JSON objects in a value, at any depth."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _objects(inner)
