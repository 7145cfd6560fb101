from pathlib import Path

import pytest
from pydantic import ValidationError

from foodcls.errors import RecipeError
from foodcls.recipe.recipe import RecipeSource, flatten, load_recipe, settings_digest

ROOT = Path(__file__).resolve().parents[3]
GOOD = """\
name: two
classes:
  - {name: soup, queries: [soup]}
  - {name: pie, queries: [pie]}
collect: {engines: [bing]}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text)
    return path


def test_labels_are_the_classes_in_order(tmp_path: Path) -> None:
    assert load_recipe(write(tmp_path, GOOD)).labels == ("soup", "pie")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("clases: 3", "line 6: clases: unknown key; did you mean 'classes'"),
        ("split: {vall: 0.2}", "line 6: split.vall: unknown key; did you mean 'val'"),
        ("split: {val: 1.5}", "line 6: split.val = 1.5: must be less than 1"),
        ("split: {val: .nan}", "split.val"),
        ("split: {val: 0.5, test: 0.5}", "leaves nothing to train on"),
        ("split: {val: 0}", "nothing to choose the best epoch by"),
        ("augment: {per_class: 0}", "augment.per_class = 0: must be greater"),
        ("augment: {scale: [1.2, 0.8]}", "from small to large"),
        ("train: {epochs: '8'}", "train.epochs = '8': must be 'auto' or a whole number, such as 8"),
        ("train: {trainable: layer4}", "'layer4': must be 'auto' or a list, such as [a, b]"),
        ("split: 3", "split = 3: must be a section"),
        ("split:", "split = None: is empty; write a value, or leave the key out"),
        ("train: {input_size: x}", "line 6: train.input_size = 'x': must be 0 or a whole number"),
        ("train: {epochs: 8.5}", "train.epochs"),
        ("train: {epochs: true}", "train.epochs"),
        ("train: {lr: -1}", "train.lr = -1"),
        ("train: {weights: gone.pt}", "gone.pt is not there; paths are relative to the recipe"),
        ("filter: {manifest: gone.csv}", "gone.csv is not there"),
        ("crop: {boxes: gone.csv}", "gone.csv is not there"),
        ("crop: {boxes: /dev/null}", "/dev/null is neither a file nor a folder"),
        ("crop: {format: voc}", "crop.format = 'voc': must be 'auto', 'tfod_csv'"),
        ("crop: {units: feet}", "crop.units = 'feet'"),
        ("test: {folder: recipe.yaml}", "is not a folder"),
        ("test: {}", "test.folder: missing"),
        ("test: {folder: ., groups: gone.csv}", "gone.csv is not there"),
        ("test: {folder: ., groups: recipe.yaml, grouped_by_folder: true}", "give one of them"),
        (
            "own: {folder: .}\ntrain: {preset: seed}",
            "own photos need train.method: probe, found finetune",
        ),
        (
            "own: {folder: ., grouped_by: true}",
            "own.grouped_by: unknown key; did you mean 'grouped_by_folder'",
        ),
        ("dedup: {hash: md5}", "dedup.hash = 'md5'"),
        ("quality: {blured: 0.1}", "quality.blured: unknown key; did you mean 'blurred'"),
        ("quality: {dark: 1.5}", "quality.dark = 1.5: must be less than or equal to 1"),
        ("quality: {odd_shape: 0.5}", "quality.odd_shape = 0.5"),
        ("train: {epochs: 99999999999}", "train.epochs"),
    ],
    ids=lambda text: text[:32],
)
def test_what_is_wrong_is_named_with_line_key_and_value(
    tmp_path: Path, line: str, said: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(tmp_path, GOOD + line + "\n"))
    assert said in str(caught.value)
    assert str(tmp_path / "recipe.yaml") in str(caught.value)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, powerless) -> None:
    path = write(tmp_path, GOOD + "filter: {manifest: filter.csv}\n")
    (tmp_path / "filter.csv").touch(mode=0)
    with powerless(), pytest.raises(RecipeError, match=r"filter\.csv may not be read"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ("[{name: a, queries: [x]}, {name: a, queries: [x]}]", "class 'a' appears twice"),
        ("[{name: Pie, queries: [x]}, {name: pie, queries: [x]}]", "appears twice"),
        ("[{name: pie, queries: [x]}, {name: pi\u200de, queries: [x]}]", "appears twice"),
        ("[{name: a, queries: [x]}]", "at least 2"),
        ("[{name: ../up, queries: [x]}, {name: b, queries: [x]}]", "begins with a letter"),
        ("[{name: '=1+1', queries: [x]}, {name: b, queries: [x]}]", "begins with a letter"),
        ("[{name: a/b, queries: [x]}, {name: b, queries: [x]}]", "letters, digits"),
        ("[{name: '', queries: [x]}, {name: b, queries: [x]}]", "1 to 100"),
        ("[{name: a}, {name: b, queries: [x]}]", "['a'] have no queries"),
        ("[{name: 3, queries: [x]}, {name: b, queries: [x]}]", "must be a text"),
    ],
    ids=["twice", "case", "unseen", "one", "path", "formula", "slash", "empty", "mute", "number"],
)
def test_classes_that_cannot_be_told_apart_or_written_are_refused(
    tmp_path: Path, classes: str, said: str
) -> None:
    text = f"name: x\nclasses: {classes}\ncollect: {{engines: [bing]}}\n"
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(tmp_path, text))
    assert said in str(caught.value)


def test_classes_called_no_and_na_keep_their_names(tmp_path: Path) -> None:
    text = "name: x\nclasses: [{name: no}, {name: NA}]\ncollect: {folder: .}\n"
    assert load_recipe(write(tmp_path, text)).labels == ("no", "NA")


def test_a_source_is_asked_for_and_several_are_welcome(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="name a source: engines, urls or folder"):
        load_recipe(write(tmp_path, GOOD.replace("{engines: [bing]}", "{}")))
    text = GOOD.replace("{engines: [bing]}", "{engines: [commons, bing], folder: .}")
    assert load_recipe(write(tmp_path, text)).collect.folder == (tmp_path,)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="3 problem"):
        load_recipe(write(tmp_path, GOOD + "a: 1\nsplit: {val: 2}\ntrain: {epochs: 0}\n"))


def test_overrides_replace_and_are_checked_like_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert load_recipe(path, {"train.epochs": 3}).train.epochs == 3
    with pytest.raises(RecipeError, match="override: train.epochs = 0"):
        load_recipe(path, {"train.epochs": 0})
    with pytest.raises(RecipeError, match="name is not a section"):
        load_recipe(path, {"name.x": 1})


def test_a_recipe_keeps_the_file_as_it_was_read(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    recipe = load_recipe(path, {"train.epochs": 3})
    path.write_text("edited")
    assert recipe.source == RecipeSource(path, GOOD.encode(), {"train.epochs": 3})
    assert "source" not in str(flatten(recipe))


def test_recipes_are_frozen(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, GOOD))
    with pytest.raises(ValidationError):
        recipe.train.epochs = 3


def test_digest_follows_contents_of_named_files_and_not_their_place(tmp_path: Path) -> None:
    digests = []
    for folder, rows in (("a", "id,keep\n"), ("b", "id,keep\n"), ("c", "id,keep,reason\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "filter.csv").write_text(rows)
        path = write(tmp_path / folder, GOOD + "filter: {manifest: filter.csv}\n")
        digests.append(load_recipe(path).digest)
    assert digests[0] == digests[1] != digests[2]


def test_groups_are_no_matter_of_the_pictures(tmp_path: Path) -> None:
    """Another grouping judges anew, and collects nothing again."""
    (tmp_path / "photos").mkdir()
    whole, pictures = set(), set()
    for rows in ("path,group\na.jpg,1\n", "path,group\na.jpg,2\n"):
        (tmp_path / "groups.csv").write_text(rows)
        text = GOOD + "test: {folder: photos, groups: groups.csv}\n"
        recipe = load_recipe(write(tmp_path, text))
        assert recipe.test is not None and recipe.test_pictures is not None
        whole.add(settings_digest(recipe.test))
        pictures.add(settings_digest(recipe.test_pictures))
    assert (len(whole), len(pictures)) == (2, 1)
    assert load_recipe(write(tmp_path, GOOD)).test_pictures is None


def test_digest_follows_contents_of_weights(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "train: {weights: w.pt}\n")
    (tmp_path / "w.pt").write_bytes(b"1")
    first = settings_digest(load_recipe(path).train)
    (tmp_path / "w.pt").write_bytes(b"2")
    assert settings_digest(load_recipe(path).train) != first


def test_flat_settings_have_dotted_keys(tmp_path: Path) -> None:
    flat = flatten(load_recipe(write(tmp_path, GOOD + "train: {lr: 0.00003}\n")))
    assert (flat["train.lr"], flat["train.trainable"]) == ("3e-05", "auto")
    assert flat["collect.engines"] == '["bing"]'
    assert flat["classes"] == "soup, pie"


def test_flat_settings_tell_files_by_contents_and_not_by_place(tmp_path: Path) -> None:
    flats = []
    for folder, text in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "filter.csv").write_text(text)
        path = write(tmp_path / folder, GOOD + "filter: {manifest: filter.csv}\n")
        flats.append(flatten(load_recipe(path)))
    assert flats[0] == flats[1] != flats[2]
    assert flats[0]["filter.manifest"].startswith("filter.csv ")


def test_a_recipe_is_no_larger_than_a_server_of_flows_takes(tmp_path: Path) -> None:
    """An alias is short in the file, and long in what is sent."""
    queries = ", ".join(f"{'soup ' * 30}{number}" for number in range(100))
    classes = "".join(f"  - {{name: soup {number}, queries: *all}}\n" for number in range(40))
    text = GOOD.replace("queries: [soup]", f"queries: &all [{queries}]")
    assert len(load_recipe(write(tmp_path, text)).labels) == 2
    path = write(tmp_path, text.replace("collect:", f"{classes}collect:"))
    with pytest.raises(RecipeError, match="at most 500,000.*two recipes") as told:
        load_recipe(path)
    assert path.stat().st_size < 20_000 and str(path) in str(told.value)


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda p: p.name)
def test_shipped_recipes_are_valid(path: Path) -> None:
    assert load_recipe(path).name == path.stem


def test_the_best_recipe_differs_from_the_usual_one_in_learning_alone() -> None:
    usual, best = (
        load_recipe(ROOT / "recipes" / f"{name}.yaml") for name in ("foods13", "foods13-best")
    )
    # the copies are a part of learning: views take their place
    changes = {"name": usual.name, "train": usual.train, "augment": usual.augment}
    assert best.model_copy(update=changes).digest == usual.digest != best.digest


def test_a_path_alone_is_a_list_of_one_and_a_fault_is_named_where_it_was_written(
    tmp_path: Path,
) -> None:
    text = "name: two\nclasses: [{name: soup}, {name: pie}]\ncollect: {folder: FOLDER}\n"
    for written, place in (("gone", "collect.folder"), ("[., gone]", "collect.folder.1")):
        with pytest.raises(RecipeError, match=rf"line 3: {place} = 'gone': .*gone is not there"):
            load_recipe(write(tmp_path, text.replace("FOLDER", written)))
    one, several = (
        load_recipe(write(tmp_path, text.replace("FOLDER", written))) for written in (".", "[.]")
    )
    assert one.collect == several.collect
