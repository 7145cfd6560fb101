"""What a reader of the docs may type, as it stands in their blocks of commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELLS = ("sh", "bash", "console")
# the README's blocks have no language: in them, these begin a command
PROGRAMS = (
    "foodcls ",
    "prefect ",
    "make ",
    "mlflow/serve",
    ". ",
    "cmake ",
    "cpp/build/",
    "python ",
)


@dataclass(frozen=True)
class Command:
    """A line to type; `place` is the page that it stands on."""

    place: str
    words: tuple[str, ...]

    @property
    def line(self) -> str:
        return " ".join(self.words)


def read_commands(page: Path) -> Iterator[Command]:
    for language, block in FENCE.findall(page.read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            if language in SHELLS or (not language and line.startswith(PROGRAMS)):
                words = tuple(shlex.split(line.removeprefix("$ "), comments=True))
                if words:
                    yield Command(page.name, words)


@pytest.fixture(scope="session")
def commands() -> list[Command]:
    """All of them, page by page."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = [command for page in pages for command in read_commands(page)]
    assert {command.place for command in found} >= {"README.md", "tutorial.md", "service.md"}
    return found
