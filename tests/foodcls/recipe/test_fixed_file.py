import pickle
from pathlib import Path

from foodcls.filter.decisions import read_decisions
from foodcls.recipe.fixed_file import FixedFile
from foodcls.recipe.recipe import flatten, load_recipe, settings_digest
from foodcls.store.store import digest_file

RECIPE = """\
name: two
classes: [{name: soup, queries: [soup]}, {name: pie, queries: [pie]}]
collect: {engines: [bing]}
filter: {manifest: filter.csv}
crop: {boxes: boxes}
"""


def test_a_fixed_file_is_read_as_it_was_by_each_way_of_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("caf\u00e9\n", encoding="utf-8")
    fixed = FixedFile.of(path)
    path.write_text("another")
    assert (
        fixed.read_bytes() == "caf\u00e9\n".encode() and fixed.read_text("utf-8") == "caf\u00e9\n"
    )
    with fixed.open(encoding="utf-8", newline="") as file:
        assert list(file) == ["caf\u00e9\n"]
    assert digest_file(fixed) != digest_file(path)
    assert digest_file(FixedFile.of(fixed)) == digest_file(fixed)


def test_it_is_a_path_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text")
    fixed = FixedFile.of(path)
    assert fixed == path and str(fixed) == str(path)
    assert (fixed.parent / "a.csv").read_text() == "text"
    assert pickle.loads(pickle.dumps(fixed)) == path


def test_what_a_run_depends_on_is_fixed_when_it_starts(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "1.xml").write_text("<annotation/>")
    (tmp_path / "filter.csv").write_text("path,keep\na.jpg,0\n")
    read = load_recipe(tmp_path / "recipe.yaml")
    run = read.fixed()
    told = run.digest, flatten(run), settings_digest(run.filter)
    # on the review page, while the run goes on
    (tmp_path / "filter.csv").write_text("path,keep\na.jpg,1\nb.jpg,1\n")
    assert (run.digest, flatten(run), settings_digest(run.filter)) == told
    assert [item.keep for item in read_decisions(run.filter.manifest, ())] == [False]
    # what has the recipe as it was read tells of the same run; the next one sees the edit
    assert read.digest == run.digest and run.fixed().digest == run.digest
    assert load_recipe(tmp_path / "recipe.yaml").digest != run.digest
    assert len(read_decisions(read.filter.manifest, ())) == 2
    # a folder is not held: that it was changed is seen
    assert run.current_digest() == run.digest
    (tmp_path / "boxes" / "1.xml").write_text("<other/>")
    assert run.current_digest() != run.digest
