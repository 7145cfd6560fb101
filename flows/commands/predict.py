"""Answers for pictures by an exported file, on a terminal and in files for programs."""

import csv
import glob
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from foodcls.errors import InputError
from foodcls.learn.modelfile import load_model
from foodcls.learn.predict import ANSWER, Prediction, answer_cells, find_pictures, predict
from foodcls.store import replacing
from tasks.progress import bars


def answer_all(
    console: Console, model: Path, images: Sequence[Path]
) -> tuple[tuple[str, ...], list[Prediction]]:
    """Print what is in each picture; give the classes in output order, and the answers."""
    loaded = load_model(model)
    paths = find_pictures(list(_expand(images)))
    if not paths:
        raise InputError(f"no pictures in {', '.join(map(str, images))}; name files or folders")
    answers = list(predict(loaded, paths, bars))
    console.print(_answer_table(answers), markup=False)
    return loaded.labels, answers


def describe_answer(answer: Prediction, labels: Sequence[str]) -> dict[str, Any]:
    """A prediction for programs, with a probability for each class."""
    scores = dict(zip(labels, answer.probabilities, strict=False))
    return {
        "path": answer.path,
        "label": answer.label or None,
        "guess": answer.guess or None,
        "probability": answer.probability,
        "unsure": answer.is_unsure,
        "probabilities": scores,
        "error": answer.error or None,
    }


def write_csv(answers: Iterable[Prediction], labels: Sequence[str], path: Path) -> None:
    """Write a row for each picture: its path, the answer, and p_CLASS for each class."""
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["path", *ANSWER, *(f"p_{name}" for name in labels)])
        for answer in answers:
            shares = answer.probabilities or [""] * len(labels)
            table.writerow([_as_cell(answer.path), *answer_cells(answer), *shares])


def _expand(images: Sequence[Path]) -> Iterator[Path]:
    """Patterns that the shell has left alone become the files that they match."""
    for image in images:
        if image.exists() or not glob.has_magic(str(image)):
            yield image
        else:
            yield from map(Path, sorted(glob.glob(str(image), recursive=True)))


def _as_cell(path: str) -> str:
    # a spreadsheet would take =… for a formula; the path stays the same
    return f"./{path}" if path.startswith(("=", "+", "-", "@")) else path


def _answer_table(answers: Iterable[Prediction]) -> Table:
    table = Table.grid(padding=(0, 2))
    for answer in answers:
        if answer.error:
            table.add_row(answer.path, Text(answer.error, style="red"), "")
        elif answer.is_unsure:
            guess = f"{answer.probability:.3f}  {answer.guess}?"
            table.add_row(answer.path, Text("unsure", style="yellow"), guess)
        else:
            table.add_row(answer.path, answer.label, f"{answer.probability:.3f}")
    return table
