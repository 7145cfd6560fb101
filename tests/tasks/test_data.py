import os
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path

import pytest

from foodcls.blocklist import Blocklist
from foodcls.collect.collect import Collected, CollectRef, save_collected
from foodcls.collect.query_stats import QueryStats
from foodcls.errors import CollectError, StageError, StoreError
from foodcls.manifest import load_manifest, new_manifest
from foodcls.progress import Work, counting
from foodcls.recipe.data_settings import (
    Augment,
    Collect,
    Crop,
    Dedup,
    Filter,
    FoodClass,
    Inspect,
    Quality,
    Split,
)
from foodcls.recipe.recipe import Recipe
from foodcls.runs.stage_result import StageResult
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace
from tasks import data
from tasks.engine.recall import RECALLING

LABELS = ("a", "b")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "workspace")


@pytest.fixture
def collected(workspace: Workspace, noise, encode) -> CollectRef:
    """Six different pictures a class, one exact copy, one that is none."""
    files = [encode(noise(number)) for number in range(12)]
    files += [files[0], b"no picture"]
    rows = [{"id": workspace.store.put(file), "label": LABELS[number % 2], "state": "kept",
             "origin": f"{number}.png", "outcome": "ok"}
            for number, file in enumerate(files)]  # fmt: skip
    stats = QueryStats("bing", "a", "a", 1, 14, "")
    return save_collected(Collected(new_manifest(rows), (stats,)), workspace.store)


def test_each_task_hands_on_the_manifest_with_its_own_marks(
    workspace: Workspace, collected: CollectRef
) -> None:
    sound = data.inspect.task.fn(workspace, collected, Inspect(), "phash")
    distinct = data.dedup.task.fn(workspace, sound, Dedup(), Blocklist())
    chosen = data.filter_pictures.task.fn(workspace, distinct, Filter(), LABELS)
    cropped = data.crop.task.fn(workspace, chosen, Crop(), LABELS)
    parted = data.split.task.fn(workspace, cropped, Split(val=0.2, test=0.2), LABELS)
    grown = data.augment.task.fn(workspace, parted, Augment(per_class=8), LABELS)
    assert [ref.stage for ref in (sound, distinct, chosen, cropped, parted, grown)] == [
        "inspect", "dedup", "filter", "crop", "split", "augment"]  # fmt: skip
    assert [ref.kept for ref in (sound, distinct, chosen, cropped, parted)] == [13, 12, 12, 12, 12]
    final = load_manifest(grown, workspace.store)
    assert dict(final[final["state"] == "dropped"]["stage"].value_counts()) == {
        "inspect": 1, "dedup": 1}  # fmt: skip
    in_train = final[(final["state"] == "kept") & (final["split"] == "train")]
    assert in_train.groupby("label").size().to_dict() == {"a": 8, "b": 8}


def test_a_stage_that_fails_leaves_what_became_of_each_picture_before_it(
    workspace: Workspace, collected: CollectRef
) -> None:
    sound = data.inspect.task.fn(workspace, collected, Inspect(), "phash")
    assert not workspace.manifest.exists()
    with pytest.raises(StageError):
        data.split.task.fn(workspace, sound, Split(val=0.4, test=0.4), ("a", "b", "none of it"))
    found = read_manifest(workspace.manifest)
    assert len(found) == 14 and found["reason"].str.contains("not_an_image").sum() == 1


@pytest.mark.parametrize("name", ["save_manifest", "remember_assignments"])
def test_a_stage_whose_outcome_cannot_be_kept_leaves_the_table_too(
    workspace: Workspace, collected: CollectRef, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("the server is away")

    monkeypatch.setattr(data, name, refuse)
    with pytest.raises(StoreError, match="away"):
        data.split.task.fn(workspace, collected, Split(val=0.2, test=0.2), LABELS)
    assert len(read_manifest(workspace.manifest)) == 14


def test_a_collection_that_fails_leaves_what_arrived(workspace: Workspace, noise) -> None:
    for label, count in (("a", 3), ("b", 1)):
        (folder := workspace.root / "photos" / label).mkdir(parents=True)
        for number in range(count):
            noise(number).save(folder / f"{number}.png")
    settings = Collect(folder=workspace.root / "photos", min_per_class=2)
    classes = tuple(FoodClass(name=label) for label in LABELS)
    with pytest.raises(CollectError):
        data.collect.task.fn(workspace, classes, settings, None, None, Blocklist())
    assert list(read_manifest(workspace.manifest)["label"]) == ["a", "a", "a", "b"]


def test_pictures_lost_to_their_decoder_are_counted_and_only_those_are_tried_again(
    workspace: Workspace, encode, noise, hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [encode(noise(seed), "JPEG") + (b"segfault" if seed == 2 else b"") for seed in range(5)]
    rows = [{"id": workspace.store.put(file), "label": "a", "state": "kept", "outcome": "ok"}
            for file in (*files, b"no picture")]  # fmt: skip
    found = save_collected(Collected(new_manifest(rows), ()), workspace.store)
    with monkeypatch.context() as hurt:
        hurt.setattr("foodcls.inspect.inspect.EXAMINE", f"{hostile}:examine")
        lost = data.inspect.task.fn(workspace, found, Inspect(), "phash")
    assert (lost.passing, lost.kept) == (1, 4)
    with counting() as tally:
        sound = data.inspect.task.fn(workspace, found, Inspect(), "phash")
    assert (sound.passing, sound.kept) == (0, 5)
    assert tally["inspect"] == Work("inspect", anew=1, recalled=5)


def test_dedup_tells_how_far_apart_pairs_are(workspace: Workspace, collected: CollectRef) -> None:
    sound = data.inspect.task.fn(workspace, collected, Inspect(), "phash")
    distinct = data.dedup.task.fn(workspace, sound, Dedup(), Blocklist())
    data.draw_distances(workspace, StageResult("dedup", distinct, 0.0, cached=True))
    assert distinct.distances.distance == 6
    assert workspace.histogram.read_bytes().startswith(b"\x89PNG")


def test_a_recalled_run_draws_distances_where_another_recipe_drew_since(
    workspace: Workspace, collected: CollectRef
) -> None:
    sound = data.inspect.task.fn(workspace, collected, Inspect(), "phash")
    found = [data.dedup.task.fn(workspace, sound, Dedup(distance=bits), Blocklist())
             for bits in (6, 8)]  # fmt: skip
    mine, other = (StageResult("dedup", ref, 0.0, cached=True) for ref in found)
    data.draw_distances(workspace, mine)
    drawn = workspace.histogram.read_bytes()
    workspace.report.write_text("of mine")

    def recall_mine() -> bytes:
        RECALLING.set("recall")
        data.draw_distances(workspace, mine)
        return workspace.histogram.read_bytes()

    workspace.histogram.write_bytes(b"drawn")
    os.utime(workspace.histogram, (1, 1))
    assert copy_context().run(recall_mine) == b"drawn", "nothing is drawn in vain"
    data.draw_distances(workspace, other)
    os.utime(workspace.report, (1, 1))
    assert workspace.histogram.read_bytes() != drawn
    assert copy_context().run(recall_mine) == drawn


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names under which something was put into Prefect's UI."""
    names: list[str] = []
    for show in ("show_pictures", "show_stages"):
        monkeypatch.setattr(data, show, lambda name, value: names.append(name))
    return names


def test_publish_writes_the_manifest_for_people(
    workspace: Workspace, collected: CollectRef, make_run: Callable, shown: list[str]
) -> None:
    prepared = make_run(found=collected, grown=collected).trained.prepared
    data.publish(workspace, Recipe.model_construct(name="foods", quality=Quality()), prepared)
    assert len(read_manifest(workspace.manifest)) == 14
    assert workspace.query_stats.read_text().splitlines()[1] == "bing,a,a,1,14,"
    assert shown == ["foods", "prepare foods"]


@pytest.mark.usefixtures("shown")
def test_flags_are_for_people_and_train_nothing_again(
    workspace: Workspace, collected: CollectRef, make_run: Callable
) -> None:
    sound = data.inspect.task.fn(workspace, collected, Inspect(), "phash")
    prepared = make_run(found=collected, grown=sound).trained.prepared
    for limits, flag in ((Quality(tiny=65), "tiny"), (Quality(tiny=64), "")):
        data.publish(workspace, Recipe.model_construct(name="foods", quality=limits), prepared)
        flags = read_manifest(workspace.manifest)["flags"]
        assert flags.str.contains("tiny").sum() == (13 if flag else 0)
    # what later stages and the training are keyed by
    assert set(load_manifest(sound, workspace.store)["flags"]) == {""}
