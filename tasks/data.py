"""The data half as cached tasks: from the web to an augmented training set."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import partial

import pandas as pd

from foodcls.augment import augment as augment_pictures
from foodcls.blocklist import Blocklist, home_file, read_blocklist
from foodcls.collect.collect import CollectRef, CollectRequest, save_collected
from foodcls.collect.collect import collect as collect_pictures
from foodcls.collect.engines.registry import read_access
from foodcls.collect.hosts.shared import host_places
from foodcls.collect.query_stats import write_query_stats
from foodcls.collect.ssrf_guard import Address
from foodcls.crop.boxes import Box, check_usable, read_boxes
from foodcls.crop.crop import crop as crop_pictures
from foodcls.crop.formats.detect import FORMATS
from foodcls.dedup.blocked import drop_blocked
from foodcls.dedup.dedup import DedupRef, save_deduped
from foodcls.dedup.dedup import dedup as drop_duplicates
from foodcls.errors import InputError, StoreError
from foodcls.filter.decisions import read_decisions
from foodcls.filter.filter import filter_pictures as apply_decisions
from foodcls.inspect.flags import flag_pictures
from foodcls.inspect.inspect import PASSING
from foodcls.inspect.inspect import inspect as inspect_pictures
from foodcls.manifest import ManifestRef, load_manifest, save_manifest
from foodcls.recipe.data_settings import (
    Augment,
    Collect,
    Crop,
    Dedup,
    Filter,
    FoodClass,
    Inspect,
    Own,
    Report,
    Split,
)
from foodcls.recipe.data_settings import Test as OutsideTest
from foodcls.recipe.recipe import Recipe
from foodcls.report.plots import histogram_png
from foodcls.runs.run_result import Prepared
from foodcls.runs.stage_result import StageResult
from foodcls.split.assignments import recall_assignments, remember_assignments
from foodcls.split.split import split as split_clusters
from foodcls.split.test_groups import read_groups
from foodcls.store.store import write_whole
from foodcls.tables.manifest_csv import write_manifest
from foodcls.workspace.workspace import Workspace
from tasks.engine.cluster import fleet, spread
from tasks.engine.progress import bars
from tasks.engine.recall import RECALLING
from tasks.engine.stage import stage
from tasks.engine.ui import show_pictures, show_stages


@contextmanager
def loaded(workspace: Workspace, pictures: ManifestRef) -> Iterator[pd.DataFrame]:
    """The manifest that a stage begins with; written as manifest.csv if the stage fails."""
    manifest = load_manifest(pictures, workspace.store)
    try:
        yield manifest
    except BaseException:
        with suppress(StoreError):  # on a full disk the stage's own error is the one to show
            write_manifest(manifest, workspace.manifest)
        raise


def read_barred(workspace: Workspace) -> Blocklist:
    """The blocklist that `foodcls forget` has written, of this store and of this user."""
    return read_blocklist(workspace.store, home_file(os.environ))


@stage("foodcls.collect.collect", on_retry={"retrying": True})
def collect(
    workspace: Workspace,
    classes: tuple[FoodClass, ...],
    settings: Collect,
    test: OutsideTest | None,
    own: Own | None,
    blocklist: Blocklist,
    search_again: bool = False,
    retrying: bool = False,
) -> CollectRef:
    """Fetch the pictures of all classes, except those on the blocklist."""
    access = replace(read_access(os.environ, settings), retrying=retrying)
    tested, owned = (given.folder if given else None for given in (test, own))
    request = CollectRequest(
        classes,
        settings,
        tested,
        owned,
        access,
        blocklist,
        host_places(),
        search_again,
        _sample_web,
    )
    # before anything is fetched: wanted most where a class ends with too few pictures
    tell = partial(write_query_stats, path=workspace.query_stats)
    show = partial(write_manifest, path=workspace.manifest)
    collected = collect_pictures(request, workspace.store, bars, tell, show, fleet())
    return save_collected(collected, workspace.store)


@stage("foodcls.inspect.inspect")
def inspect(
    workspace: Workspace, pictures: ManifestRef, settings: Inspect, hash_kind: str
) -> ManifestRef:
    """Decode each picture once; refuse what is not sound."""
    with loaded(workspace, pictures) as manifest:
        sound = inspect_pictures(manifest, workspace.store, settings, hash_kind, bars, spread)
        return save_manifest(sound, workspace.store, "inspect", PASSING)


@stage(
    "foodcls.filter.decisions",
    "foodcls.crop.boxes",
    "foodcls.split.test_groups",
    name="check tables",
)
def check_tables(
    workspace: Workspace,
    decisions: Filter,
    boxes: Crop,
    labels: tuple[str, ...],
    test: OutsideTest | None,
    told: Report,
) -> list[int]:
    """Read the tables that people wrote: an error in them shows before anything is fetched."""
    paths = filter(None, (decisions.manifest, told.looks))
    read = [item for path in paths for item in read_decisions(path, labels)]
    drawn: list[Box] = []
    if boxes.boxes:
        drawn, problems = read_boxes(boxes.boxes, labels, FORMATS.get(boxes.format))
        check_usable(boxes.boxes, drawn, problems)
    grouped = read_groups(test.groups) if test and test.groups else []
    return [len(read), len(drawn), len(grouped)]


@stage("foodcls.dedup.dedup", "foodcls.dedup.blocked")
def dedup(
    workspace: Workspace, pictures: ManifestRef, settings: Dedup, blocklist: Blocklist
) -> DedupRef:
    """Drop duplicates, and pictures that look like one on the blocklist."""
    with loaded(workspace, pictures) as manifest:
        allowed = drop_blocked(manifest, workspace.store, blocklist.fingerprints, spread)
        distinct = drop_duplicates(allowed, workspace.store, settings, spread)
        return save_deduped(distinct, workspace.store)


@stage("foodcls.filter.filter", name="filter")
def filter_pictures(
    workspace: Workspace, pictures: ManifestRef, settings: Filter, labels: tuple[str, ...]
) -> ManifestRef:
    """Drop what a person has dropped, and correct the labels that a person has corrected."""
    with loaded(workspace, pictures) as manifest:
        chosen = apply_decisions(manifest, settings, labels)
        return save_manifest(chosen, workspace.store, "filter")


@stage("foodcls.crop.crop")
def crop(
    workspace: Workspace, pictures: ManifestRef, settings: Crop, labels: tuple[str, ...]
) -> ManifestRef:
    """Cut each picture to its boxes."""
    with loaded(workspace, pictures) as manifest:
        cropped = crop_pictures(manifest, workspace.store, settings, labels, bars, spread)
        return save_manifest(cropped.manifest, workspace.store, "crop")


@stage("foodcls.split.split", "foodcls.split.assignments")
def split(
    workspace: Workspace, pictures: ManifestRef, settings: Split, labels: tuple[str, ...]
) -> ManifestRef:
    """Split the clusters into train, val and test; earlier pictures stay in their split."""
    with loaded(workspace, pictures) as manifest:
        before = recall_assignments(manifest, workspace.store, settings)
        parted = split_clusters(manifest, settings, labels, before)
        remember_assignments(parted, workspace.store, settings)
        return save_manifest(parted, workspace.store, "split")


@stage("foodcls.augment")
def augment(
    workspace: Workspace, pictures: ManifestRef, settings: Augment, labels: tuple[str, ...]
) -> ManifestRef:
    """Bring each class to as many training pictures as the recipe asks for."""
    with loaded(workspace, pictures) as manifest:
        grown = augment_pictures(manifest, workspace.store, settings, labels, bars, spread)
        return save_manifest(grown, workspace.store, "augment")


def draw_distances(workspace: Workspace, distinct: StageResult[DedupRef]) -> None:
    """Draw the histogram of hash distances into the workspace."""
    path, report = workspace.histogram, workspace.report
    # of a run that is recalled it is there; one newer than the report may be of another recipe
    if RECALLING.get() and path.exists() and path.stat().st_mtime <= report.stat().st_mtime:
        return
    write_whole(path, histogram_png(distinct.result.distances))


def publish(workspace: Workspace, recipe: Recipe, prepared: Prepared) -> None:
    """Write the manifest, with flags, and the engines' statistics; show what was counted.

    Flags are put in here, not by a stage: another threshold would train the model again.
    """
    manifest = load_manifest(prepared.grown.result, workspace.store)
    write_manifest(flag_pictures(manifest, workspace.store, recipe.quality), workspace.manifest)
    # a cached collection asks no engine, and another recipe may have been here since
    write_query_stats(prepared.found.result.stats, workspace.query_stats)
    show_pictures(recipe.name, manifest)
    show_stages(f"prepare {recipe.name}", prepared.steps)


def check_unchanged(recipe: Recipe) -> None:
    """InputError when a folder was changed since the recipe was fixed; files are read as then."""
    if recipe.current_digest() != recipe.digest:
        raise InputError(
            "a folder that the recipe names (collect.folder, test.folder, own.folder, "
            "crop.boxes) was changed while the run read it; run the same command again: what is "
            "done is kept"
        )


def _sample_web() -> AbstractContextManager[Mapping[str, Address]]:
    # only here, so that collecting from elsewhere needs no drawing
    from foodcls.sample.http_server import serve_hosts

    return serve_hosts()
