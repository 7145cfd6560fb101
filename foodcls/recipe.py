"""Turns a recipe file into frozen, validated settings, or says what is wrong with it and where."""

import difflib
import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from foodcls.errors import RecipeError
from foodcls.recipe_yaml import Lines, read_yaml
from foodcls.store import digest_file, digest_json

ENGINES = ("bing", "google", "baidu", "flickr", "sample")


def _existing(path: Path, info: ValidationInfo) -> Path:
    """Resolve against the recipe's folder; the thing must be there."""
    folder = (info.context or {}).get("folder", Path())
    found = (folder / path.expanduser()).resolve()
    if not found.exists():
        raise ValueError(f"{found} is not there; paths are relative to the recipe")
    return found


def _file(path: Path, info: ValidationInfo) -> Path:
    found = _existing(path, info)
    if not found.is_file():
        raise ValueError(f"{found} is not a file")
    return found


def _folder(path: Path, info: ValidationInfo) -> Path:
    found = _existing(path, info)
    if not found.is_dir():
        raise ValueError(f"{found} is not a folder")
    return found


def _file_or_folder(path: Path, info: ValidationInfo) -> Path:
    found = _existing(path, info)
    # what digest and readers wait for without end: a pipe, a device
    if not found.is_file() and not found.is_dir():
        raise ValueError(f"{found} is neither a file nor a folder")
    return found


def _class_name(name: str) -> str:
    plain = unicodedata.normalize("NFC", name)
    if not plain or plain != plain.strip() or len(plain) > 100:
        raise ValueError("a class name has 1 to 100 characters and no blank at its ends")
    if not plain[0].isalnum() or not all(char.isalnum() or char in "_-. ()&'" for char in plain):
        raise ValueError(
            "a class name begins with a letter or digit and holds letters, digits, blanks "
            "and _ - . ( ) & ' only"
        )
    return plain


ExistingFile = Annotated[Path, AfterValidator(_file)]
ExistingFolder = Annotated[Path, AfterValidator(_folder)]
ExistingPath = Annotated[Path, AfterValidator(_file_or_folder)]
ClassName = Annotated[str, AfterValidator(_class_name)]
Query = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Settings(BaseModel):
    """Frozen settings; unknown keys and wrong types are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FoodClass(Settings):
    """A class to tell apart, and what to type into a search engine for it."""

    name: ClassName
    queries: tuple[Query, ...] = ()


class Collect(Settings):
    """Where pictures come from; exactly one of `engines`, `urls` and `folder`."""

    engines: tuple[Literal["bing", "google", "baidu", "flickr", "sample"], ...] = ()
    urls: ExistingFile | None = None  # CSV with the columns label,url
    folder: ExistingFolder | None = None  # a folder a class
    per_query: Count = 350
    min_per_class: Annotated[int, Field(ge=0)] = 50
    licence: str | None = None  # an engine's own filter, e.g. "commercial"
    allow_private_hosts: bool = False  # true only for servers on this machine or network
    timeout: Annotated[float, Field(gt=0, le=600)] = 20.0  # seconds for a URL, all in all
    max_bytes: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 20_000_000
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    connections: Annotated[int, Field(ge=1, le=512)] = 32
    per_host: Annotated[int, Field(ge=1, le=512)] = 8

    @model_validator(mode="after")
    def _one_source(self) -> "Collect":
        given = [name for name in ("engines", "urls", "folder") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                "name exactly one of engines, urls and folder; "
                + (f"found {' and '.join(given)}" if given else "found none")
            )
        return self


class Inspect(Settings):
    """Which pictures are sound."""

    min_side: Count = 32  # pixels
    max_pixels: Annotated[int, Field(ge=1_000, le=178_000_000)] = 50_000_000


class Dedup(Settings):
    """What counts as the same picture."""

    hash: Literal["phash", "phash_simple", "dhash", "average_hash", "whash", "colorhash"] = "phash"
    distance: Annotated[int, Field(ge=0, le=32)] = 6  # bits of 64


class Filter(Settings):
    """A person's decisions: CSV with `id` or `path`, `keep` and, if wished, `reason`."""

    manifest: ExistingFile | None = None


class Crop(Settings):
    """Boxes as a drawing tool wrote them; foodcls.curate.dialects says which and how."""

    boxes: ExistingPath | None = None  # a file, or a folder with a file a picture
    # auto: by the contents; where those leave it open, the message says what to put here
    dialect: Literal[
        "auto",
        "tfod_csv",
        "via_csv",
        "open_images_csv",
        "label_studio_csv",
        "xywh_csv",
        "coco_json",
        "label_studio_json",
        "labelme_json",
        "voc_xml",
        "yolo_txt",
    ] = "auto"
    units: Literal["auto", "pixels", "percent", "share"] = "auto"
    padding: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] = 0.05  # of a box's side


class Split(Settings):
    """Shares of the clusters of each class; `test` is 0 where an outside test set is given."""

    val: Share = 0.2
    test: Share = 0.2
    seed: Seed = 0

    @model_validator(mode="after")
    def _leaves_training(self) -> "Split":
        if self.val + self.test >= 1:
            raise ValueError(
                f"val {self.val} + test {self.test} leaves nothing to train on; "
                "their sum must be less than 1"
            )
        if self.val == 0:
            raise ValueError("val 0 leaves nothing to choose the best epoch by; use e.g. 0.2")
        return self


class Test(Settings):
    """A frozen outside test set: a folder a class."""

    folder: ExistingFolder


class Augment(Settings):
    """Random affine copies of training pictures, to exactly `per_class` a class."""

    per_class: Count | None = 301  # null: no copies
    horizontal_flip: Probability = 0.5
    vertical_flip: Probability = 0.5
    rotation: Annotated[float, Field(ge=0, le=180)] = 30.0  # degrees, to either side
    translation: Annotated[float, Field(ge=0, le=1)] = 0.1  # of the side, to either side
    scale: tuple[Positive, Positive] = (0.8, 1.2)
    shear: Annotated[float, Field(ge=0, lt=90)] = 7.0  # degrees, to either side
    max_side: Annotated[int, Field(ge=32, le=4096)] = 320  # pixels of a written copy
    seed: Seed = 0

    @model_validator(mode="after")
    def _scale_in_order(self) -> "Augment":
        if self.scale[0] > self.scale[1]:
            raise ValueError(f"scale {list(self.scale)} must go from small to large")
        return self


class Train(Settings):
    """The network and how it learns; the defaults are the original's."""

    backbone: str = "resnet34"  # a torchvision or timm name
    weights: str = "imagenet"  # imagenet, none, or a file of weights
    trainable: tuple[str, ...] = ("layer4",)  # modules by name; ["all"]; [] for the head alone
    head: Annotated[int, Field(ge=0, le=100_000)] = 200  # hidden units; 0: one linear layer
    dropout: Share = 0.3
    lr: Positive = 3.0e-5
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 8
    batch_size: Annotated[int, Field(ge=2, le=65_536)] = 20
    input_size: Annotated[int, Field(ge=32, le=2048)] = 224  # pixels, squashed to a square
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seed: Seed = 0

    @field_validator("weights")
    @classmethod
    def _weights_are_there(cls, weights: str, info: ValidationInfo) -> str:
        return weights if weights in ("imagenet", "none") else str(_file(Path(weights), info))


class Recipe(Settings):
    """All that a run depends on."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$")]
    classes: Annotated[tuple[FoodClass, ...], Field(min_length=2)]
    collect: Collect
    inspect: Inspect = Inspect()
    dedup: Dedup = Dedup()
    filter: Filter = Filter()
    crop: Crop = Crop()
    split: Split = Split()
    test: Test | None = None
    augment: Augment = Augment()
    train: Train = Train()

    @field_validator("classes")
    @classmethod
    def _names_differ(cls, classes: tuple[FoodClass, ...]) -> tuple[FoodClass, ...]:
        seen: dict[str, str] = {}
        for name in (item.name for item in classes):
            # file systems and people take names that differ in case for the same
            twin = seen.setdefault(unicodedata.normalize("NFKC", name).casefold(), name)
            if list(item.name for item in classes).count(name) > 1 or twin != name:
                raise ValueError(
                    f"class {name!r} appears twice (as {twin!r}); "
                    "each class needs a name of its own"
                )
        return classes

    @model_validator(mode="after")
    def _engines_have_queries(self) -> "Recipe":
        mute = [item.name for item in self.classes if not item.queries]
        if self.collect.engines and mute:
            raise ValueError(
                f"classes {mute} have no queries; search engines need at least one for each class"
            )
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names in output order."""
        return tuple(item.name for item in self.classes)

    @property
    def digest(self) -> str:
        """SHA-256 of all settings, with the contents of the files they name."""
        return settings_digest(self)


def load_recipe(path: Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read and check a recipe; `overrides` replaces values by dotted key (`train.epochs`).

    RecipeError names file, line, key, value and what is allowed, for all problems at once.
    """
    data, lines = read_yaml(path)
    for key, value in (overrides or {}).items():
        _override(data, key, value, path)
    try:
        # strict JSON mode: lists may become tuples and text paths, and nothing else may change
        return Recipe.model_validate_json(
            json.dumps(data, default=str), context={"folder": path.resolve().parent}
        )
    except ValidationError as error:
        problems = [_problem(item, lines, overrides or {}) for item in error.errors()]
        raise RecipeError(f"{path}: {len(problems)} problem(s)\n" + "\n".join(problems)) from error


def settings_digest(settings: BaseModel) -> str:
    """SHA-256 of settings; a path counts by what lies there, not by its name."""
    return digest_json(_plain(settings))


def flatten(settings: BaseModel) -> dict[str, str]:
    """Settings as dotted keys and short texts, e.g. {"train.lr": "3e-05"}."""
    flat: dict[str, str] = {}

    def visit(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                visit(f"{prefix}.{key}" if prefix else key, inner)
        else:
            flat[prefix] = value if isinstance(value, str) else json.dumps(value)

    visit("", settings.model_dump(mode="json"))
    return flat


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


def _override(data: dict[str, Any], key: str, value: Any, path: Path) -> None:
    *parents, last = key.split(".")
    for name in parents:
        inner = data.setdefault(name, {})
        if not isinstance(inner, dict):
            raise RecipeError(f"{path}: override {key}: {name} is not a section of the recipe")
        data = inner
    data[last] = value


def _problem(item: Any, lines: Lines, overrides: Mapping[str, Any]) -> str:
    place = tuple(item["loc"])
    key = ".".join(str(part) for part in place) or "the recipe"
    where = "override" if key in overrides else f"line {_line(place, lines)}"
    if item["type"] == "extra_forbidden":
        return f"  {where}: {key}: unknown key{_suggest(place)}"
    if item["type"] == "missing":
        return f"  {where}: {key}: missing; this key must be given"
    message = item["msg"].removeprefix("Value error, ")
    value = "" if isinstance(item["input"], dict | list) else f" = {item['input']!r}"
    return f"  {where}: {key}{value}: {message}"


def _line(place: tuple[int | str, ...], lines: Lines) -> int:
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _suggest(place: tuple[int | str, ...]) -> str:
    model: Any = Recipe
    for part in place[:-1]:
        if isinstance(part, str):
            model = {"classes": FoodClass, "test": Test}.get(
                part, model.model_fields[part].annotation
            )
    allowed = list(model.model_fields)
    close = difflib.get_close_matches(str(place[-1]), allowed, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{hint}; allowed here: {', '.join(allowed)}"
