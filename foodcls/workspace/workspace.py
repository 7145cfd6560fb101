"""Names the places inside a workspace: one folder that holds all a run writes."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from foodcls.errors import InputError, StoreError
from foodcls.redact import has_password
from foodcls.store.store import Store, write_whole

# bytes; the weights of resnet34 are 87 MB, rows of activations kept in one file 26 MB
LARGEST_FILE = 256 << 20


class Place:
    """A path inside a workspace, as an attribute of it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, workspace: "Workspace", owner: type) -> Path:
        return workspace.root / self.name


@dataclass(frozen=True)
class Workspace:
    """A folder that only its owner can write; made on first use."""

    root: Path

    own_store = Place("store")  # blobs and facts, where no other place is named
    pointer = Place("store.txt")  # names the store, where it is not in the workspace
    cache = Place("cache")
    results = Place("cache/results")  # Prefect's small records of finished tasks
    pixels = Place("cache/pixels")  # decoded pictures and activations; may be deleted at any time
    verifying = Place("cache/verify.json")  # how far a check of blobs came that was stopped
    thumbs = Place("cache/thumbs")  # small pictures of the review page; may be deleted as well
    models = Place("models")  # exported, for use
    records = Place("records")  # what has not been told to the tracking server yet
    database = Place("mlflow.db")  # MLflow's runs, where no server keeps them
    artifacts = Place("mlartifacts")  # the files of these runs

    manifest = Place("manifest.csv")  # the story of every picture, for people and programs
    query_stats = Place("query_stats.csv")  # what each engine gave for each query
    histogram = Place("distances.png")  # how far apart the hashes of pairs of pictures are
    suspects = Place("suspects.csv")  # pictures that are perhaps mislabeled
    likeness = Place("cache/likeness.npz")  # which pictures look alike
    layout = Place("cache/map.npz")  # where they lie on the review page's map
    worth = Place("worth.csv")  # what more pictures of each class would be worth
    proposals = Place("proposals.csv")  # boxes of a program
    refused = Place("refused.csv")  # those of them that a person took away

    report = Place("report.html")  # how good the last run's model is
    predictions = Place("predictions.csv")  # what it answers on each test picture
    confusion = Place("confusion.csv")
    confusion_plot = Place("confusion.png")
    ablation = Place("ablation.csv")
    ablation_json = Place("ablation.json")

    @classmethod
    def at(cls, path: Path | str, store: str = "") -> "Workspace":
        """Open the workspace at `path`, making it where it is absent.

        `store` is a folder or URL that is to hold its blobs and facts from now on; without one,
        the place that was last named, or else a folder in the workspace.

        InputError when it is a file, or lies below one; StoreError when it cannot be written, or
        files in it may not become large enough, or when others could plant files in it: cached
        results are trusted, so whoever can write them could run code as its owner.
        """
        workspace = cls(Path(path).expanduser().resolve())
        try:
            workspace.results.mkdir(parents=True, exist_ok=True, mode=0o700)
            if workspace.results.stat().st_uid != os.geteuid():
                raise StoreError(
                    f"{workspace.results} belongs to another user; name a folder of your "
                    "own with --workspace"
                )
            workspace.results.chmod(0o700)
            workspace.pixels.mkdir(parents=True, exist_ok=True)
            _check_size_limit()
            # a folder that was made earlier may lie on a disk that is read-only by now
            with TemporaryFile(dir=workspace.root):
                pass
            if store:
                workspace._name_store(store)
        except OSError as error:
            # below a file there is no folder: what was typed is wrong, and not the disk
            is_typed = isinstance(error, NotADirectoryError | FileExistsError)
            raise (InputError if is_typed else StoreError)(
                f"workspace {workspace.root}: {error.strerror}; name a folder that you own and can "
                "write with --workspace"
            ) from error
        return workspace

    @property
    def store(self) -> Store:
        """Finished pictures, tables and models, by content.

        StoreError when it is a folder elsewhere that is gone: an empty one would take its place.
        """
        if "://" in self.place:
            return Store(self.place)
        if self.pointer.exists() and not Path(self.place).is_dir():
            raise StoreError(
                f"the store {self.place}, which {self.pointer} names, is not there; mount it, or "
                "name with --store where it is now"
            )
        return Store(Path(self.place))

    @property
    def place(self) -> str:
        """The folder or URL of the store."""
        try:
            return self.pointer.read_text().strip()
        except FileNotFoundError:
            return str(self.own_store)

    def _name_store(self, store: str) -> None:
        """Keep where the store is, so that it is found from whichever folder."""
        if has_password(store):
            raise InputError(
                f"--store {store}: its password is not kept in a file; leave it out, and set what "
                "the store's client reads from the environment, such as AWS_SECRET_ACCESS_KEY"
            )
        place = store if "://" in store else str(Path(store).expanduser().resolve())
        if "://" not in place:
            Path(place).mkdir(parents=True, exist_ok=True, mode=0o700)
        if place == str(self.own_store):
            self.pointer.unlink(missing_ok=True)
        elif place != self.place:
            write_whole(self.pointer, f"{place}\n")

    def list_results(self) -> list[Path]:
        """The files that hold stages' results; none before the first run."""
        return [path for path in self.results.glob("*") if path.is_file()]

    def list_models(self) -> list[Path]:
        """The exported models, as `model` names them."""
        return sorted(self.models.glob("*.pt"))

    def model(self, name: str, digest: str) -> Path:
        """Where the exported model of a recipe lies."""
        return self.models / f"{name}-{digest[:12]}.pt"


def _check_size_limit() -> None:
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if allowed != resource.RLIM_INFINITY and allowed < LARGEST_FILE:
        raise StoreError(
            f"files of at most {allowed:,} bytes may be written here, a run writes some of up to "
            f"{LARGEST_FILE:,}; allow them with `ulimit -f unlimited`, then run the same command "
            "again"
        )
