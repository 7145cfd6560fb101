"""Makes an environment for a peer by itself; says on what machine figures arose; sets tables."""

import os
import platform
import subprocess
import sys
import venv
from collections.abc import Iterable, Sequence
from pathlib import Path

import foodcls

CACHE = Path.home() / ".cache" / "foodcls-benchmarks"


def peer_bin(
    name: str, requirements: tuple[str, ...], cache: Path, *, sees_ours: bool = False
) -> Path:
    """The programs of an environment that holds the peer; made on first use, kept after.

    With `sees_ours` what is installed here counts there too: a peer that trains then does so with
    the very same torch.
    """
    folder = cache / name
    programs, done = folder / "bin", folder / "installed.txt"
    is_made = done.exists() and done.read_text() == "\n".join(requirements)
    if not is_made:
        print(f"making an environment for {name} in {folder}", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
    if sees_ours:
        # pip is to find torch there, which may lie elsewhere than when the environment was made
        _show_ours(folder)
    if not is_made:
        subprocess.run([programs / "pip", "install", "-qq", *requirements], check=True)
        done.write_text("\n".join(requirements))
    return programs


def _show_ours(folder: Path) -> None:
    (packages,) = folder.glob("lib/*/site-packages")
    # all of them: a folder that is named there names no further ones itself, nor the project
    ours = [path for path in sys.path if Path(path).name == "site-packages"]
    ours.append(str(Path(__file__).parents[1]))
    packages.joinpath("ours.pth").write_text("\n".join(ours) + "\n")


def peer_version(programs: Path, name: str) -> str:
    """The version of a package in an environment."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.check_output([programs / "python", "-c", code], text=True).strip()


def describe_machine() -> str:
    """Cores, processor, system, versions and the load of the last minute."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return (
        f"{os.cpu_count()} cores ({models[0] if models else platform.processor()}), "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"foodcls {foodcls.__version__}; {busy()}"
    )


def busy() -> str:
    """How busy the machine is with this and with anything else."""
    return f"load {os.getloadavg()[0]:.2f} over the last minute"


def process_memory(name: str) -> int:
    """KiB of this process by the kernel's name: VmRSS now, VmHWM at most, RssAnon no mapped files.

    Not getrusage's ru_maxrss, which begins with what the process had that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def as_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"
