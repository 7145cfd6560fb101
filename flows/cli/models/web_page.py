"""Writes the folder of a page that runs a model in the browser."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.cli.output import say
from foodcls.errors import InputError, command_line
from foodcls.export.web.runtime import PACKAGE, VERSION, how_to_get, read_runtime
from foodcls.export.web.write import write_page
from foodcls.store.disk import file_sizes

NPM_SECONDS = 600  # for 33 MB


def write_web(onnx: Path, runtime: Path | None) -> None:
    """Write the page of an .onnx file, into a folder beside it."""
    place = onnx.with_name(f"{onnx.stem}-web")
    with TemporaryDirectory() as fetched:
        page = write_page(onnx, read_runtime(runtime or fetch_runtime(Path(fetched))), place)
    lines = (
        f"{page}  {sum(file_sizes(place)) / 1e6:.0f} MB in all",
        "Any static server shows it, e.g. "
        + command_line("python", "-m", "http.server", "--bind", "127.0.0.1", "--directory", place),
    )
    for line in lines:
        say(line)


def fetch_runtime(folder: Path) -> Path:
    """The runtime's package, by npm, from the registry that it is set to; InputError if not."""
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(f"npm is not installed here; {how_to_get()}")
    try:
        # the package's own scripts are not run: `pack` only fetches
        done = subprocess.run(
            [npm, "pack", "--loglevel=error", f"{PACKAGE}@{VERSION}"],
            cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS, check=False,
        )  # fmt: skip
        said = done.stderr.strip().splitlines()
    except (OSError, subprocess.TimeoutExpired) as error:
        said = [str(error)]
    found = next(folder.glob("*.tgz"), None)
    if found is None:
        raise InputError(f"npm did not give {PACKAGE} {VERSION} ({' '.join(said)[:200]}); "
                         f"{how_to_get()}")  # fmt: skip
    return found
