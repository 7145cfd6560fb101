"""Turns a recipe file into frozen, validated settings, or says what is wrong with it and where."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from foodcls.errors import RecipeError
from foodcls.recipe.data_settings import (
    Augment,
    Collect,
    Crop,
    Dedup,
    Filter,
    FoodClass,
    Inspect,
    Own,
    Quality,
    Report,
    Split,
    Test,
)
from foodcls.recipe.fixed_file import fix_files
from foodcls.recipe.presets import fill_preset
from foodcls.recipe.problems import list_problems
from foodcls.recipe.spelling import spell_out
from foodcls.recipe.train_settings import Export, Inference, Promote, Train
from foodcls.recipe.types import JOINERS, Settings
from foodcls.recipe.yaml_lines import parse_yaml, read_file
from foodcls.store.store import digest_file, digest_json

# bytes as JSON: a recipe is a parameter of flows, of which a server takes 524,288 with the others
MAX_SIZE = 500_000


@dataclass(frozen=True)
class RecipeSource:
    """The file that a recipe was read from, as it was then, and what was replaced in it."""

    path: Path = Path("recipe.yaml")
    data: bytes = b""
    overrides: Mapping[str, Any] = field(default_factory=dict)  # by dotted key


class Recipe(Settings):
    """All that a run depends on: read once, whatever becomes of its file while the run goes on."""

    # no setting: digests and parameters are made of the settings alone
    _source: RecipeSource = PrivateAttr(default_factory=RecipeSource)

    # of the registered model, of the experiment and of files
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$")]
    classes: Annotated[tuple[FoodClass, ...], Field(min_length=2)]
    collect: Collect
    inspect: Inspect = Inspect()
    quality: Quality = Quality()
    dedup: Dedup = Dedup()
    filter: Filter = Filter()
    crop: Crop = Crop()
    split: Split = Split()
    test: Test | None = None
    own: Own | None = None
    augment: Augment = Augment()
    train: Train = Train()
    inference: Inference = Inference()
    export: Export = Export()
    promote: Promote = Promote()
    report: Report = Report()

    @field_validator("classes")
    @classmethod
    def _names_differ(cls, classes: tuple[FoodClass, ...]) -> tuple[FoodClass, ...]:
        seen: dict[str, str] = {}
        for name in (item.name for item in classes):
            # file systems and people take names that differ in case, or unseen, for the same
            plain = re.sub(f"[{JOINERS}]", "", unicodedata.normalize("NFKC", name)).casefold()
            twin = seen.setdefault(plain, name)
            if list(item.name for item in classes).count(name) > 1 or twin != name:
                raise ValueError(
                    f"class {name!r} appears twice (as {twin!r}); each needs a name of its own"
                )
        return classes

    @model_validator(mode="after")
    def _sections_agree(self) -> "Recipe":
        mute = [item.name for item in self.classes if not item.queries]
        if self.collect.engines and mute:
            raise ValueError(f"classes {mute} have no queries; engines need one for each class")
        if self.own and self.train.method not in ("auto", "probe"):
            raise ValueError(f"own photos need train.method: probe, found {self.train.method}")
        return self

    @property
    def source(self) -> RecipeSource:
        """Where it was read."""
        return self._source

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names in output order."""
        return tuple(item.name for item in self.classes)

    @property
    def test_pictures(self) -> Test | None:
        """The outside test set without its groups: these matter to the judging alone."""
        return Test(folder=self.test.folder) if self.test else None

    @property
    def own_pictures(self) -> Own | None:
        """The own photos without their groups, likewise."""
        return Own(folder=self.own.folder) if self.own else None

    def fixed(self) -> "Recipe":
        """A copy that reads its files as they are now: edits from now on count in later runs."""
        fixed: Recipe = fix_files(self)
        # whoever tells of the run by this recipe tells of the same
        if "digest" not in vars(self):
            vars(self)["digest"] = fixed.current_digest()
        vars(fixed)["digest"] = self.digest
        return fixed

    # once: a folder of photographs may be among the files
    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that decides a model, with the contents of the files that are named."""
        return self.current_digest()

    def current_digest(self) -> str:
        """The digest of what lies there now."""
        # in which files it is kept, whether it may serve and what is told changes no model
        decided_after = ("export", "promote", "report")
        return digest_json({k: v for k, v in _plain(self).items() if k not in decided_after})


def load_recipe(path: Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read and check a recipe; `overrides` replaces values by dotted key (`train.epochs`).

    RecipeError names file, line, key, value and what is allowed, for all problems at once.
    """
    return parse_recipe(RecipeSource(path, read_file(path), dict(overrides or {})))


def parse_recipe(source: RecipeSource) -> Recipe:
    """Check a recipe as it was read, or as it is about to be written; see `load_recipe`."""
    path = source.path
    values, lines = parse_yaml(source.data, path)
    for key, value in source.overrides.items():
        _override(values, key, value, path)
    try:
        spelled = spell_out(values, Recipe)
        if isinstance(train := spelled.get("train"), dict):
            # here: a validator before Train's own would let no list be a tuple
            spelled["train"] = fill_preset(train)
        # strict JSON mode: lists may become tuples and text paths, and nothing else may change
        recipe = Recipe.model_validate_json(
            json.dumps(spelled, default=str),
            context={"folder": path.resolve().parent},
        )
    except ValidationError as error:
        problems = list_problems(error, lines, source.overrides, Recipe)
        raise RecipeError(f"{path}: {len(problems)} problem(s)\n" + "\n".join(problems)) from error
    _check_size(recipe, path)
    recipe._source = source
    return recipe


def settings_digest(settings: BaseModel) -> str:
    """SHA-256 of settings; a path counts by what lies there, not by its name."""
    return digest_json(_plain(settings))


def flatten(settings: BaseModel) -> dict[str, str]:
    """Settings as dotted keys and short texts, e.g. {"train.lr": "3e-05"}.

    A file is its name and the beginning of its digest: where it lies on which machine is nothing
    to compare by.
    """
    flat: dict[str, str] = {}

    def visit(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                visit(f"{prefix}.{key}" if prefix else key, inner)
        else:
            flat[prefix] = _words(value)

    visit("", settings.model_dump())
    return flat


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Path):
        return f"{value.name} {digest_file(value)[:8]}" if value.is_file() else value.name
    if isinstance(value, tuple) and value and all(isinstance(item, Path) for item in value):
        return ", ".join(map(_words, value))
    if isinstance(value, tuple) and all(isinstance(item, dict) for item in value) and value:
        # classes: their queries stand in the recipe, which is logged beside
        return ", ".join(item["name"] for item in value)
    return json.dumps(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Train) and value.weights not in ("imagenet", "none"):
        return _plain(value.model_dump() | {"weights": Path(value.weights)})
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return digest_file(value)
    return value


def _check_size(recipe: Recipe, path: Path) -> None:
    size = len(json.dumps(recipe.model_dump(mode="json"), separators=(",", ":")))
    if size > MAX_SIZE:
        raise RecipeError(
            f"{path}: {size:,} bytes when all settings are written out; a recipe has at most "
            f"{MAX_SIZE:,}: leave queries out, or make two recipes of its classes"
        )


def _override(data: dict[str, Any], key: str, value: Any, path: Path) -> None:
    *parents, last = key.split(".")
    for name in parents:
        inner = data.setdefault(name, {})
        if not isinstance(inner, dict):
            raise RecipeError(f"{path}: override {key}: {name} is not a section of the recipe")
        data = inner
    data[last] = value
