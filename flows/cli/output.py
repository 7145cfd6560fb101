"""How a command answers: lines on the terminal, errors with exit codes, JSON files."""

import json
import logging
import os
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import format_exception
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.text import Text

from foodcls.errors import FoodclsError, InputError, command_line
from foodcls.redact import redact, redact_logs

# imported inside the functions, as all of the library: `--help` must not wait for it
if TYPE_CHECKING:
    from foodcls.metrics.scores import Estimate
    from foodcls.workspace.workspace import Workspace

# where a command works that is not told otherwise
USUAL = Path("workspace")
# a path or a fingerprint with ":ab:" in it is no emoji
out, err = Console(emoji=False), Console(stderr=True, emoji=False)


def speak_plainly() -> None:
    """Show foodcls's own log on the terminal, and silence Prefect, MLflow and other libraries.

    To be called before Prefect is imported, which reads its settings then.
    """
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    # the temporary server's first start takes longer than Prefect's 20 s on a busy machine
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    # a server that restarts is waited for, one that is gone is noticed within a minute
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "4")
    # its background services tell of the same with pages of traceback
    os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL")
    # both then tell their makers nothing, and show no notice of it
    os.environ.setdefault("DO_NOT_TRACK", "true")
    # threads that spin while they wait take the time of those that work, where others work too
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # Arrow's own allocator asks for huge pages, which take a virtual machine's kernel up to thrice
    # as long as the small ones of the C library
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    redact_logs()
    # what nobody foresaw is shown whole, but for the secrets of the addresses in it
    sys.excepthook = lambda *error: print(
        redact("".join(format_exception(*error))), end="", file=sys.stderr
    )
    # of libraries: Pillow's of EXIF, torch's of buffers. They help nobody at a terminal
    if not sys.warnoptions:
        logging.captureWarnings(True)
        logging.getLogger("py.warnings").propagate = False
    handler = logging.StreamHandler()
    handler.setFormatter(_TerminalLines("  %(message)s"))
    logger = logging.getLogger("foodcls")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    # Prefect gives the root logger a handler of its own, which would say it all again
    logger.propagate = False


class _TerminalLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _fitting(super().format(record), err)


@contextmanager
def told() -> Iterator[None]:
    """Log the stages as they end; turn an error in the block into one message and an exit code."""
    speak_plainly()
    try:
        yield
    except FoodclsError as error:
        # a message may hold brackets, which rich would take for markup
        message = Text(_fitting(f"error: {error}", err))
        message.stylize("bold red", 0, len("error:"))
        err.print(message, highlight=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from error


def say(text: str, style: str = "", to: Console = out) -> None:
    """Print text as it is: nothing in it is markup or colored by kind, and no line is wrapped."""
    to.print(text, style=style or None, markup=False, highlight=False, soft_wrap=True)


def say_sentences(*sentences: str) -> None:
    """Print each on lines of its own; a terminal gets them broken at blanks outside of `code`."""
    for text in sentences:
        say(_fitting(text, out))


def _fitting(text: str, to: Console) -> str:
    """Text as it is, or for a terminal its lines broken at blanks outside of `code`."""
    if not to.is_terminal:
        return text
    whole = re.sub("`[^`\n]*`", lambda code: code[0].replace(" ", "\xa0"), text)
    lines = (textwrap.fill(line, to.width, subsequent_indent=line[: -len(line.lstrip())],
                           break_long_words=False, break_on_hyphens=False)
             for line in whole.split("\n"))  # fmt: skip
    return "\n".join(lines).replace("\xa0", " ")


def write_json(value: Any, path: Path | None) -> None:
    """Write a value as JSON, whole or not at all."""
    if path:
        from foodcls.store.store import write_whole

        write_whole(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_whole(rows: Sequence[Sequence[Text]]) -> None:
    """Print columns in lines as long as they are, so that paths can be copied."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        line = Text()
        for cell, width in zip(row, widths, strict=True):
            line.append(cell).append(" " * (width - cell.cell_len + 2))
        line.rstrip()
        out.print(line, highlight=False, soft_wrap=True)


def find_workspace(folder: Path) -> "Workspace":
    """The workspace of an earlier run; InputError when there is none."""
    from foodcls.workspace.workspace import Workspace

    if not folder.is_dir():
        raise InputError(f"{folder} is not there; name a workspace with --workspace")
    return Workspace.at(folder)


def find_manifest(workspace: Path, recipe_file: Path = Path("RECIPE")) -> Path:
    """The table of a workspace's pictures; InputError when there is none yet."""
    from foodcls.workspace.workspace import Workspace

    table = Workspace(workspace).manifest
    if not table.exists():
        raise InputError(
            f"{table} is not there; name the workspace of an earlier run by --workspace, or run "
            f"`{command_in(workspace, 'prepare', recipe_file)}`, which collects the pictures"
        )
    return table


def command_in(workspace: Path | str, *words: object) -> str:
    """What to type for a foodcls command in this workspace, for messages."""
    named = () if Path(workspace) == USUAL else ("--workspace", workspace)
    return command_line("foodcls", *words, *named)


def open_prepared(recipe_file: Path, folder: Path) -> "tuple[Workspace, Any]":
    """A workspace and its table of decoded pictures; InputError when there is none yet."""
    from foodcls.tables.manifest_csv import read_decoded
    from foodcls.workspace.workspace import Workspace

    manifest = find_manifest(folder, recipe_file)
    return Workspace.at(folder), read_decoded(manifest, command_in(folder, "prepare", recipe_file))


def spell_estimate(figure: "Estimate", form: str, frame: str = "{} ({} to {})") -> str:
    """A figure with its interval, each number in this form."""
    return frame.format(*map(form.format, (figure.value, figure.low, figure.high)))
