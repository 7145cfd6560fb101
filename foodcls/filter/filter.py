"""Drops the pictures that a person has decided to drop, and corrects the labels of others."""

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import pandas as pd

from foodcls.columnar import find_texts
from foodcls.filter.copies import (
    SETTLED,
    Settled,
    follow_copies,
    inherit_decisions,
    settle_conflicts,
)
from foodcls.filter.decisions import A_PERSON, BY_HAND, Decision, read_decisions
from foodcls.manifest import KEPT, TEST_SOURCE, drop_rows, kept_rows
from foodcls.recipe.data_settings import Filter
from foodcls.tables.match_rows import index_rows, likely_rows
from foodcls.tables.read_csv import Problem, list_problems, refuse_problems

logger = logging.getLogger(__name__)

KEPT_IN_VAIN = """%s: keep changes nothing for %d picture(s) that dedup dropped
%s
Label conflict: say in the column label which class is right, see docs/pictures.md.
Duplicate: another picture stands for it; if they do not show the same, lower dedup.distance."""
SHOWN = 10  # moves from class to class in a line of the log


def filter_pictures(
    manifest: pd.DataFrame, settings: Filter, labels: Collection[str]
) -> pd.DataFrame:
    """Drop and relabel the kept rows that the recipe's `filter.manifest` says to.

    `labels` are the recipe's classes. A decision is about the rows it names; exact copies of them
    (rows of the same id) that no decision names follow it, and so does the picture that dedup has
    kept in their place. A picture kept as another class gets that `label`, and `given_label` and
    `label_by` say which it had and who corrected it. A picture that dedup found under several
    labels comes back as the one that is decided for. Rows of the test set are never touched.
    TableError when a decision may mean several pictures, or two decisions about a row disagree;
    nothing is changed then.
    """
    if settings.manifest is None:
        return manifest.copy()
    path = settings.manifest
    decisions = read_decisions(path, labels)
    chosen = _by_row(decisions, manifest, path)
    follow_copies(chosen, manifest)
    rows = kept_rows(manifest, "id", "source")
    rows = rows[rows["source"] != TEST_SOURCE]
    passed = inherit_decisions(chosen, manifest, rows, path)
    settled = settle_conflicts(chosen, manifest, path)
    verdicts = chosen | passed
    found = {row: verdicts[row] for row in rows.index[rows.index.isin(list(verdicts))]}
    drops = {row: item.reason or BY_HAND for row, item in found.items() if not item.keep}
    marked = _bring_back(drop_rows(manifest, drops, "filter"), settled)
    kept = {row: item for row, item in (found | settled.verdicts).items() if item.keep}
    marked, moves = _relabel(marked, kept)
    logger.info(
        "%s: %d decisions drop %d pictures, %d of them for a copy that was decided on",
        *(path, len(decisions), len(drops), len(drops.keys() & passed.keys())),
    )
    if moves or settled.verdicts:
        said = ", ".join(f"{move} {count}" for move, count in moves.most_common(SHOWN)) or "none"
        logger.info(
            "%s: they settle %d label conflicts, and relabel %d pictures: %s",
            *(path, len(settled.verdicts), moves.total(), said),
        )
    _warn_in_vain(chosen, marked, path)
    return marked


def _by_row(decisions: list[Decision], manifest: pd.DataFrame, path: Path) -> dict[int, Decision]:
    """The decision about each row that one names; where it keeps it, with the label that it means.

    Without a label of its own it means the row's.
    """
    columns = manifest[["id", "origin", "label", "source"]]
    likely = likely_rows(columns, [(item.id, item.path) for item in decisions])
    finder = index_rows(likely)
    # a test picture, of which no decision is, may be called like another one
    learnt = cache(partial(index_rows, likely[likely["source"] != TEST_SOURCE]))
    given = dict(zip(likely.index, likely["label"].tolist(), strict=True))
    chosen: dict[int, Decision] = {}
    problems: list[Problem] = []
    unmatched = 0
    for item in decisions:
        match = finder.find(item.id, item.path)
        if match.problem and (nearer := learnt().find(item.id, item.path)).rows:
            match = nearer
        unmatched += not match.rows and not match.problem
        if match.problem:
            problems.append(Problem(item.number, item.name, match.problem))
        said = {row: replace(item, label=item.label or given[row]) for row in match.rows}
        rivals = [
            chosen[row] for row in said if row in chosen and chosen[row].says != said[row].says
        ]
        if rivals:
            problems.append(
                Problem(item.number, item.name, f"says the opposite of row {rivals[0].number}")
            )
        chosen.update(said)
    refuse_problems(path, problems, "correct these rows; nothing was changed")
    if unmatched:
        # pictures come and go on the web: a decision may outlive its picture
        logger.warning("%s: %d rows match no picture of this run", path, unmatched)
    return chosen


def _bring_back(manifest: pd.DataFrame, settled: Settled) -> pd.DataFrame:
    """Keep one row of each label conflict that is settled; the others say that it stands there."""
    rows, others = list(settled.verdicts), list(settled.surplus)
    manifest.loc[rows, "state"] = KEPT
    manifest.loc[rows, ["stage", "reason", "duplicate_of"]] = ""
    ids = manifest.loc[list(settled.surplus.values()), "id"].tolist()
    labels = [settled.verdicts[best].label for best in settled.surplus.values()]
    manifest.loc[others, "duplicate_of"] = ids
    manifest.loc[others, "reason"] = [f"{SETTLED}: {label}" for label in labels]
    return manifest


def _relabel(
    manifest: pd.DataFrame, kept: Mapping[int, Decision]
) -> tuple[pd.DataFrame, Counter[str]]:
    """Give kept rows the labels that were decided on; counts of `from → to`."""
    rows = manifest.loc[list(kept)]
    wanted = pd.Series({row: item.label for row, item in kept.items()}, dtype=str)
    moved = rows[rows["label"] != wanted]
    given = moved["label"]
    manifest.loc[moved.index, "given_label"] = given
    manifest.loc[moved.index, "label"] = wanted[moved.index]
    manifest.loc[moved.index, "label_by"] = [kept[row].annotator or A_PERSON for row in moved.index]
    pairs = zip(given, wanted[moved.index], strict=True)
    return manifest, Counter(f"{old} → {new}" for old, new in pairs)


def _warn_in_vain(chosen: Mapping[int, Decision], manifest: pd.DataFrame, path: Path) -> None:
    """Warn of pictures that a person decided to keep and that dedup has dropped nonetheless."""
    marks = manifest.loc[[row for row, item in chosen.items() if item.keep],
                         ["id", "label", "stage", "reason", "duplicate_of"]]  # fmt: skip
    marks = marks[marks["stage"] == "dedup"]
    ids = kept_rows(manifest, "id")["id"].unique()
    is_kept, stands = (find_texts(marks[name], ids) >= 0 for name in ("id", "duplicate_of"))
    vain: dict[int, Problem] = {}
    for row, label, reason in marks.loc[
        ~is_kept & ~(marks["reason"].str.startswith(SETTLED) & stands), ["label", "reason"]
    ].itertuples():
        item = chosen[row]
        vain[item.number] = Problem(item.number, item.name[:80], f"{label}, {reason}")
    if vain:
        problems = [vain[number] for number in sorted(vain)]
        logger.warning(KEPT_IN_VAIN, path, len(problems), list_problems(problems))
