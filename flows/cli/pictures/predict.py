"""Answers for pictures by an exported file, on a terminal and in files for programs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.text import Text

from flows.cli.output import print_whole
from foodcls.errors import InputError, command_line
from foodcls.export.exported_files import FORMATS, PREDICTION_COLUMNS
from foodcls.export.load import load_model
from foodcls.export.predict import Prediction, predict, prediction_cells
from foodcls.image.files import find_pictures
from foodcls.image.listing import path_text
from tasks.engine.progress import bars


def answer_all(
    model: Path, images: Sequence[Path], digest: str = ""
) -> tuple[tuple[str, ...], list[Prediction]]:
    """Print what is in each picture; give the classes in output order, and the answers."""
    _check_single(model, images)
    loaded = load_model(model, digest)
    pictures = find_pictures(images)
    named = zip(pictures, predict(loaded, pictures, bars), strict=True)
    answers = [replace(answer, path=path_text(path)) for path, answer in named]
    print_whole(list(_lines(answers)))
    return loaded.labels, answers


def _check_single(model: Path, images: Sequence[Path]) -> None:
    """InputError where a shell's pattern has named several models: the first is seldom the last."""
    endings = tuple(one.ending for one in FORMATS.values())
    models = [path for path in (model, *images) if path.name.endswith(endings) and path.is_file()]
    if len(models) > 1:
        latest = max(models, key=lambda path: path.stat().st_mtime)
        raise InputError(
            f"{len(models)} models are named: {', '.join(map(str, models))}; name one of them, "
            f"the latest is {command_line('foodcls', 'predict', latest, 'PICTURE...')}"
        )


def describe_answer(answer: Prediction, labels: Sequence[str]) -> dict[str, Any]:
    """A prediction for programs, with a probability for each class."""
    scores = dict(zip(labels, answer.probabilities, strict=False))
    return {
        "path": answer.path,
        "label": answer.label or None,
        "guess": answer.guess or None,
        "probability": answer.probability,
        "known": answer.known,
        "unsure": answer.is_unsure,
        "none": answer.is_none,
        "probabilities": scores,
        "error": answer.error or None,
    }


def write_csv(answers: Iterable[Prediction], labels: Sequence[str], path: Path) -> None:
    """Write a row for each picture: its path, the answer, and p_CLASS for each class."""
    # pandas is slow to import
    from foodcls.tables.spreadsheet import write_rows

    names = ["path", *PREDICTION_COLUMNS, *(f"p_{name}" for name in labels)]
    rows = (
        [answer.path, *prediction_cells(answer), *(answer.probabilities or [""] * len(labels))]
        for answer in answers
    )
    write_rows(names, rows, path)


def _lines(answers: Iterable[Prediction]) -> Iterator[tuple[Text, Text, Text]]:
    for answer in answers:
        path = Text(answer.path)
        if answer.error:
            yield path, Text(answer.error, style="red"), Text()
        elif answer.is_none:
            guess = f"{1 - (answer.known or 0):.3f}  {answer.guess}?"
            yield path, Text("none of these", style="yellow"), Text(guess)
        elif answer.is_unsure:
            guess = f"{answer.probability:.3f}  {answer.guess}?"
            yield path, Text("unsure", style="yellow"), Text(guess)
        else:
            yield path, Text(answer.label), Text(f"{answer.probability:.3f}")
