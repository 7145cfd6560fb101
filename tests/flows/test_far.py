"""Runs the data half on two Dask workers with an object store between them, and kills one."""

import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from flows.prepare import prepare
from foodcls.recipe.recipe import load_recipe

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def changes(recipe: Path) -> dict[str, Any]:
    """Overrides: pictures are cut, and many copies made; some come twice, one is broken."""
    photos = recipe.parent / "photos"
    names = sorted(path.relative_to(photos).as_posix() for path in photos.glob("*/*.png"))
    boxes = [f"{name},90,70,{name.split('/')[0]},5,5,80,60\n" for name in names]
    head = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    (recipe.parent / "boxes.csv").write_text(head + "".join(boxes))
    (photos / "reds" / "again.png").write_bytes((photos / names[0]).read_bytes())
    (photos / "reds" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return {"crop.boxes": "boxes.csv", "augment.per_class": 120}


@pytest.mark.runs("dask scheduler", "dask worker")
def test_two_workers_and_an_object_store_give_the_same_manifests(
    recipe: Path,
    changes: dict[str, Any],
    cluster: Any,
    bucket: str,
    object_store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And one of them is killed as soon as it has finished a batch of copies."""
    monkeypatch.delenv("FOODCLS_STORE", raising=False)
    monkeypatch.delenv("FOODCLS_RUNNER", raising=False)
    read = load_recipe(recipe, changes)
    here = [step.result.digest for step in prepare(read, tmp_path / "here").steps]

    monkeypatch.setenv("FOODCLS_STORE", bucket)
    monkeypatch.setenv("FOODCLS_RUNNER", f"dask:{cluster.address}")
    workers = cluster.have_workers(2)
    written = f"{bucket.rpartition('/')[2]}/facts/augment/"
    killer = threading.Thread(
        target=lambda: (wait_for(written, object_store), workers[0].kill()), daemon=True
    )
    killer.start()
    steps = prepare(read, tmp_path / "far").steps
    killer.join(10)
    assert workers[0].wait(5) == -signal.SIGKILL and workers[1].poll() is None
    assert [step.result.digest for step in steps] == here
    assert not (tmp_path / "far" / "store").exists()
    # the same again finds all as it was left
    assert all(step.cached for step in prepare(read, tmp_path / "far").steps)


def wait_for(words: str, log: Path) -> None:
    while words not in log.read_text():
        time.sleep(0.02)
