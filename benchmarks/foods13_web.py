"""Runs the whole pipeline on a folder of real photographs, served on loopback as a messy web.

    python benchmarks/foods13_web.py PHOTOS --workspace /tmp/foods13          # run, then score
    python benchmarks/foods13_web.py PHOTOS --workspace /tmp/foods13 --chain  # gain of cleaning
    python benchmarks/foods13_web.py PHOTOS --serve                           # only serve

PHOTOS holds index.csv (path,label,kind,source) and the files it names. Only path and label are
shown to foodcls, as a urls: recipe; kind (original, near_duplicate:EDIT, exact_duplicate,
unrelated, broken) and source are the ground truth that its decisions are scored by. With --chain
models are trained on the raw, the deduplicated and the filtered photos, see accuracy_chain.py.
"""

import argparse
import functools
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd

from flows.cli.options import read_recipe
from foodcls.workspace.workspace import Workspace

HERE = Path(__file__).resolve().parent
RECIPE = HERE / "foods13_web.yaml"
PORT = 8913  # fixed, so that the URLs of two runs are the same


class Handler(SimpleHTTPRequestHandler):
    """Hands out the files, over connections that stay open, and says nothing."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@contextmanager
def serving(photos: Path, port: int) -> Iterator[str]:
    """Serve the folder on loopback; give its address."""
    handler = functools.partial(Handler, directory=str(photos))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def read_index(photos: Path) -> pd.DataFrame:
    """The table of the photographs, and what is true of each."""
    return pd.read_csv(photos / "index.csv", dtype=str, keep_default_na=False)


def write_recipe(index: pd.DataFrame, address: str, folder: Path) -> Path:
    """Write urls.csv, and the recipe beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    urls = pd.DataFrame({"label": index["label"], "url": f"{address}/" + index["path"]})
    urls.to_csv(folder / "urls.csv", index=False)
    return Path(shutil.copy(RECIPE, folder / "recipe.yaml"))


def run_recipe(recipe_file: Path, folder: Path, changes: list[str]) -> dict[str, object]:
    """Run foodcls as a user would; give its result and the wall time."""
    command = [sys.executable, "-m", "flows.cli.main", "run", str(recipe_file), "--workspace",
               str(folder), "--json", str(folder / "result.json")]  # fmt: skip
    started = time.monotonic()
    subprocess.run(command + [word for change in changes for word in ("--set", change)], check=True)
    result: dict[str, object] = json.loads((folder / "result.json").read_text())
    return result | {"wall_seconds": time.monotonic() - started}


def prepare_photos(recipe_file: Path, folder: Path) -> None:
    """Let foodcls prepare the photographs once, without changed copies, as a user would."""
    if not (folder / "manifest.csv").exists():
        # the command keeps Prefect from telling others of it
        command = [sys.executable, "-m", "flows.cli.main", "prepare", str(recipe_file),
                   "--workspace", str(folder), "--set", "augment.per_class=null"]  # fmt: skip
        subprocess.run(command, check=True)


def prepare_web(photos: Path, folder: Path, port: int = PORT) -> Path:
    """Serve the photographs, let foodcls collect and prepare them once; the recipe."""
    index = read_index(photos)
    with serving(photos, port) as address:
        recipe_file = write_recipe(index, address, folder / "recipe")
        prepare_photos(recipe_file, folder)
    return recipe_file


def score(index: pd.DataFrame, manifest: pd.DataFrame, address: str) -> Iterator[tuple[str, str]]:
    """Compare what became of each URL with what it is."""
    rows = manifest[manifest["parent"] == ""]
    rows = rows.assign(path=rows["origin"].str.removeprefix(f"{address}/"))
    rows = rows.drop_duplicates("path").merge(index, on="path", suffixes=("", "_true"))
    yield "URLs with an outcome", f"{(rows['outcome'] != '').sum()} of {len(index)}"
    broken = rows[rows["kind"] == "broken"]
    refused = (broken["state"] == "dropped") & (broken["reason"] != "")
    yield "broken files refused with a reason", f"{refused.sum()} of {len(broken)}"
    yield "why", broken["outcome"].value_counts().to_dict().__str__()
    exact = rows[rows["kind"] == "exact_duplicate"]
    gone = _one_left(exact, rows)
    yield "exact copies dropped", f"{gone.sum()} of {len(gone)}"
    near = rows[rows["kind"].str.startswith("near_duplicate")]
    found = _one_left(near, rows)
    yield "near-duplicates dropped", f"{found.sum()} of {len(found)}"
    for edit, share in (
        found.groupby(near["kind"].str.partition(":")[2]).agg(["sum", "size"]).iterrows()
    ):
        yield f"  {edit}", f"{share['sum']} of {share['size']}"


def _one_left(copies: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Whether at most one of (copy, its source) is still kept."""
    state = rows.set_index("path")["state"]
    # pictures lost before (broken, filtered) cannot be kept twice
    return (copies["state"] == "dropped") | (copies["source_true"].map(state) != "kept")


def main() -> None:
    """Serve, run and score."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/foods13_web"))
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--serve", action="store_true", help="only serve, until Ctrl-C")
    parser.add_argument("--chain", action="store_true", help="also the accuracy after each step")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each step of --chain")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    index = read_index(options.photos)
    with serving(options.photos, options.port) as address:
        recipe_file = write_recipe(index, address, options.workspace / "recipe")
        if options.serve:
            print(f"{address}; run: foodcls run {recipe_file}")
            threading.Event().wait()
        result = run_recipe(recipe_file, options.workspace, options.set)
    manifest = pd.read_csv(options.workspace / "manifest.csv", dtype=str, keep_default_na=False)
    for name, value in score(index, manifest, address):
        print(f"{name:<36} {value}")
    print(f"{'wall seconds':<36} {result['wall_seconds']:.0f}")
    print(f"{'seconds by stage':<36} {result['seconds']}")
    if options.chain:
        show_chain(recipe_file, options)


def show_chain(recipe_file: Path, options: argparse.Namespace) -> None:
    """Print the accuracy after each step of cleaning, and how long that took."""
    from accuracy_chain import measure_chain

    started = time.monotonic()
    recipe = read_recipe(recipe_file, options.set)
    workspace = Workspace.at(options.workspace)
    for name, value in measure_chain(recipe, workspace, options.photos, options.seeds):
        print(f"{name:<36} {value}", flush=True)
    print(f"{'wall seconds of the chain':<36} {time.monotonic() - started:.0f}")


if __name__ == "__main__":
    main()
