"""The sections of a recipe that decide the pictures, from collecting to augmenting them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foodcls.recipe.types import (
    ClassName,
    Count,
    ExistingFile,
    ExistingFiles,
    ExistingFolder,
    ExistingFolders,
    ExistingPath,
    Positive,
    Probability,
    Query,
    Seed,
    Settings,
    Share,
)

# width x height of a picture, where nothing else is said, and whatever is said
MAX_PIXELS, MOST_PIXELS = 50_000_000, 178_000_000


EngineName = Literal[
    "commons", "openverse", "inaturalist", "flickr", "brave", "pexels", "pixabay", "unsplash",
    "ddgs", "bing", "google", "baidu", "sample",
]  # fmt: skip
# Creative Commons' short names, pdm for the public domain, and sources with a licence of their own
LicenceName = Literal[
    "cc0", "pdm", "by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd",
    "pexels", "pixabay", "unsplash",
]  # fmt: skip


class FoodClass(Settings):
    """A class of the model, and the queries that find pictures of it."""

    name: ClassName  # as the model answers
    queries: tuple[Query, ...] = ()  # needed where engines are named
    per_query: Count | None = None  # pictures asked of each engine; null: as collect.per_query


class HostLimits(Settings):
    """What a host is asked at most; of one that foodcls knows, the stricter limit holds."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$")]  # as addresses have it
    connections: Annotated[int, Field(ge=1, le=512)] = 512  # at once
    pause: Annotated[float, Field(ge=0, le=3600)] = 0.0  # seconds from one request to the next
    megabits: Positive | None = None  # a second; null: as fast as it gives them
    gigabytes: Positive | None = None  # in any 24 hours; null: as many as it gives


class Collect(Settings):
    """Where pictures come from: `engines`, `urls`, `folder`, or several of them."""

    engines: tuple[EngineName, ...] = ()  # docs/sources.md says what each needs
    urls: ExistingFiles = ()  # CSV with the columns label,url; or a list of such
    folder: ExistingFolders = ()  # a folder a class; or a list of such
    # CSV with the columns path,label: the classes of pictures below `folder`, by their paths there
    labels: ExistingFile | None = None
    per_query: Count = 350  # pictures asked of each engine
    # auto: of classes that more pictures are worth it, more; as `foodcls worth` wrote last
    quotas: Literal["even", "auto"] = "even"
    # with fewer to learn from, the run stops; auto: 50 from engines, else what a split needs
    min_per_class: Literal["auto"] | Annotated[int, Field(ge=0)] = "auto"
    licence: str | None = None  # engines' own filter, e.g. "commercial"; no proof of a licence
    # of pictures of the web, those proven to be one of these alone, e.g. [cc0, by, by-sa]
    licences: tuple[LicenceName, ...] = ()
    # engines whose terms forbid training, and that permit it to you
    permitted: tuple[Literal["brave", "pexels", "unsplash"], ...] = ()
    research_grade: bool = False  # true: of iNaturalist, what two people agree on
    contact: str | None = None  # told to servers: your mail address; else FOODCLS_CONTACT
    allow_private_hosts: bool = False  # true only for servers on this machine or network
    timeout: Annotated[float, Field(gt=0, le=600)] = 20.0  # seconds for a URL, all in all
    max_bytes: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 20_000_000  # of one file
    retries: Annotated[int, Field(ge=0, le=10)] = 2  # after trouble that may pass
    connections: Annotated[int, Field(ge=1, le=512)] = 32  # at once, to all hosts, by each process
    per_host: Annotated[int, Field(ge=1, le=512)] = 8  # at once, to one host
    hosts: tuple[HostLimits, ...] = ()  # that want more care than others

    @model_validator(mode="after")
    def _some_source(self) -> "Collect":
        if not (self.engines or self.urls or self.folder):
            raise ValueError("name a source: engines, urls or folder, or several of them")
        if self.labels and len(self.folder) != 1:
            raise ValueError("labels tells of the pictures below one folder; name that as folder")
        if self.quotas == "auto" and not self.engines:
            raise ValueError("quotas: auto asks engines for more, and none are named; leave it out")
        return self


class Inspect(Settings):
    """Which pictures are sound."""

    min_side: Count = 32  # pixels of the shorter side
    max_pixels: Annotated[int, Field(ge=1_000, le=MOST_PIXELS)] = MAX_PIXELS  # width x height


class Quality(Settings):
    """When a picture is flagged; foodcls.inspect.measures says what is measured.

    Flags are advice to the reviewer: they drop nothing and decide nothing of a run. Of 2,139 web
    photos the defaults flag 18 as washed out, 17 as tiny, 10 as of low information, 2 for shape.
    """

    # flags 9 of 10 photos that are blurred by 2 pixels at 224, and all that are by 3
    blurred: Probability = 0.12  # sharpness below this
    dark: Probability = 0.4  # brightness below this
    washed_out: Probability = 0.3  # contrast below this
    low_information: Annotated[float, Field(ge=0, le=8)] = 3.0  # bits, fewer than this
    odd_shape: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 3.0  # elongation above this
    tiny: Annotated[int, Field(ge=0, le=1_000_000)] = 100  # pixels of the shorter side, below this


class Dedup(Settings):
    """What counts as the same picture."""

    # of the package imagehash; pictures whose hashes are near are looked at again
    hash: Literal["phash", "phash_simple", "dhash", "average_hash", "whash", "colorhash"] = "phash"
    distance: Annotated[int, Field(ge=0, le=32)] = 6  # bits of 64


class Filter(Settings):
    """A person's decisions: CSV with `id` or `path`, `keep` and, if wished, `reason`."""

    manifest: ExistingFile | None = None  # `foodcls review` writes it


class Crop(Settings):
    """Boxes as a drawing tool wrote them; docs/pictures.md says which and how."""

    boxes: ExistingPath | None = None  # a file, or a folder with a file a picture
    # auto: by the contents; where those leave it open, the message says what to put here
    format: Literal[
        "auto",
        "tfod_csv",
        "via_csv",
        "open_images_csv",
        "label_studio_csv",
        "xywh_csv",
        "coco_json",
        "label_studio_json",
        "via_json",
        "vott_json",
        "createml_json",
        "vertex_jsonl",
        "datumaro_json",
        "supervisely_json",
        "labelme_json",
        "voc_xml",
        "cvat_xml",
        "yolo_txt",
    ] = "auto"
    units: Literal["auto", "pixels", "percent", "share"] = "auto"  # of the boxes' numbers
    # of photos that EXIF turns: as the tool showed them; auto: by the tool and where boxes fit
    orientation: Literal["auto", "upright", "stored"] = "auto"
    # what names the picture: what an annotation file says inside, its own name, or both as one
    names: Literal["both", "inside", "file"] = "both"
    padding: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] = 0.05  # of a box's side
    proposed: bool = False  # true: boxes that nobody has accepted yet count too


class Split(Settings):
    """Shares of each class's pictures; `test` is 0 where an outside test set is given.

    A picture stays where it first stood in its workspace; another share or seed draws anew.
    """

    val: Share = 0.2  # chooses the best epoch
    test: Share = 0.2  # reports, and chooses nothing
    seed: Seed = 0  # of the draw

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
    """A frozen outside test set: a folder a class.

    Pictures that belong together, such as photos of one tray, are judged as groups; named by a CSV
    with `id` or `path` and `group`, or by the sub-folder of the class's folder that they lie in.
    """

    folder: ExistingFolder  # a sub-folder a class
    groups: ExistingFile | None = None  # CSV as said above
    # true: each sub-folder of a class's folder is a group; shared: those of one name are one group
    grouped_by_folder: bool | Literal["shared"] = False

    @model_validator(mode="after")
    def _one_grouping(self) -> "Test":
        if self.groups and self.grouped_by_folder:
            raise ValueError("groups and grouped_by_folder both name the groups; give one of them")
        return self


class Report(Settings):
    """What the report tells beside the figures; it changes no picture and no model."""

    # which test pictures a person has seen, and what they show: `foodcls review --test` writes it
    looks: ExistingFile | None = None


class Own(Settings):
    """Own photos, from where the model will be used: a folder a class, 5 to 20 photos in it.

    A class may have none. They are learnt from after all others, by `train.method: probe`, and
    each group of them is judged by a model that has not seen it.
    """

    folder: ExistingFolder  # a sub-folder a class
    # which photos belong together, such as those of one tray: false: look-alikes alone; true: those
    # in one sub-folder of a class's folder; shared: sub-folders of one name are one group
    grouped_by_folder: bool | Literal["shared"] = "shared"


class AffineRanges(Settings):
    """The ranges that random affine changes of a picture are drawn from."""

    horizontal_flip: Probability = 0.5  # how often
    vertical_flip: Probability = 0.5  # how often
    rotation: Annotated[float, Field(ge=0, le=180)] = 30.0  # degrees, to either side
    translation: Annotated[float, Field(ge=0, le=1)] = 0.1  # of the side, to either side
    scale: tuple[Positive, Positive] = (0.8, 1.2)  # from, to; 1 leaves it as large as it is
    shear: Annotated[float, Field(ge=0, lt=90)] = 7.0  # degrees, to either side

    @model_validator(mode="after")
    def _scale_in_order(self) -> "AffineRanges":
        if self.scale[0] > self.scale[1]:
            raise ValueError(f"scale {list(self.scale)} must go from small to large")
        return self


class Augment(AffineRanges):
    """Random affine copies of training pictures, to exactly `per_class` a class."""

    per_class: Count | None = 301  # null: no copies
    max_side: Annotated[int, Field(ge=32, le=4096)] = 320  # pixels of a written copy
    seed: Seed = 0  # of the changes
