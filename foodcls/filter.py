"""Drops the pictures that a person has decided to drop, and their copies."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from foodcls.manifest import TEST_SOURCE, drop_rows, kept_rows
from foodcls.recipe.data_settings import Filter
from foodcls.tables.match_rows import index_rows
from foodcls.tables.read_csv import CsvRow, Problem, list_problems, read_sheet, refuse_problems

logger = logging.getLogger(__name__)

COLUMNS = ("id", "path", "keep", "reason")
KEEP_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "keep"), True),
    **dict.fromkeys(("false", "0", "no", "drop"), False),
}
BY_HAND = "dropped by hand"
KEPT_IN_VAIN = """%s: keep changes nothing for %d picture(s) that dedup dropped
%s
Label conflict: take the picture out of the class that is wrong, see docs/pictures.md.
Duplicate: another picture stands for it; if they do not show the same, lower dedup.distance."""
CONFLICTING = """%s: %d picture(s) stay although a copy was to be dropped, as another was to be kept
%s
Decide on these pictures themselves, by id."""


@dataclass(frozen=True)
class Decision:
    """What a person decided about one picture, named by `id` or, without one, by `path`."""

    number: int  # line of the file
    id: str
    path: str
    keep: bool
    reason: str

    @property
    def name(self) -> str:
        """What the picture is called in the file."""
        return self.id or self.path


def read_decisions(path: Path) -> list[Decision]:
    """Read a CSV with `id` or `path`, `keep` and perhaps `reason`.

    TableError names all rows that say neither of which picture they speak nor what to do.
    """
    rows, problems = read_sheet(path, COLUMNS, needs_all=False)
    decisions = [_decision(row) for row in rows]
    problems += [item for item in decisions if isinstance(item, Problem)]
    advice = f"a row needs an id or a path, and keep as one of {', '.join(KEEP_WORDS)}"
    refuse_problems(path, problems, advice)
    return [item for item in decisions if isinstance(item, Decision)]


def filter_pictures(manifest: pd.DataFrame, settings: Filter) -> pd.DataFrame:
    """Drop the kept rows that the recipe's `filter.manifest` says to drop.

    A decision is about the rows it names; exact copies of them (rows of the same id) that no
    decision names follow it, and so does the picture that dedup has kept in their place. Rows of
    the test set are never touched. TableError when a decision may mean several pictures, or two
    decisions about a row disagree; nothing is changed then.
    """
    if settings.manifest is None:
        return manifest.copy()
    decisions = read_decisions(settings.manifest)
    chosen = _by_row(decisions, manifest, settings.manifest)
    _follow_copies(chosen, manifest)
    rows = kept_rows(manifest)
    rows = rows[rows["source"] != TEST_SOURCE]
    passed = _inherit_decisions(chosen, manifest, rows, settings.manifest)
    _warn_in_vain(chosen, manifest, settings.manifest)
    verdicts = chosen | passed
    found = {row: verdicts[row] for row in rows.index if row in verdicts}
    drops = {row: item.reason or BY_HAND for row, item in found.items() if not item.keep}
    logger.info(
        "%s: %d decisions drop %d pictures, %d of them for a copy that was decided on",
        *(settings.manifest, len(decisions), len(drops), len(drops.keys() & passed.keys())),
    )
    return drop_rows(manifest, drops, "filter")


def _decision(row: CsvRow) -> Decision | Problem:
    cells = {name: row.cells.get(name, "").strip() for name in COLUMNS}
    name = cells["id"] or cells["path"]
    keep = KEEP_WORDS.get(cells["keep"].casefold())
    if not name:
        return Problem(row.number, "", "names no picture: id and path are empty")
    if keep is None:
        return Problem(row.number, name, f"keep is {cells['keep']!r}")
    return Decision(row.number, cells["id"], cells["path"], keep, cells["reason"])


def _by_row(decisions: list[Decision], manifest: pd.DataFrame, path: Path) -> dict[int, Decision]:
    finder = index_rows(manifest)
    # a test picture, of which no decision is, may be called like another one
    learnt = index_rows(manifest[manifest["source"] != TEST_SOURCE])
    chosen: dict[int, Decision] = {}
    problems: list[Problem] = []
    unmatched = 0
    for item in decisions:
        match, nearer = (one.find(item.id, item.path) for one in (finder, learnt))
        match = nearer if match.problem and nearer.rows else match
        unmatched += not match.rows and not match.problem
        if match.problem:
            problems.append(Problem(item.number, item.name, match.problem))
        rivals = [chosen[row] for row in match.rows if row in chosen]
        rival = next((other for other in rivals if other.keep != item.keep), None)
        if rival:
            problems.append(
                Problem(item.number, item.name, f"says the opposite of row {rival.number}")
            )
        chosen.update(dict.fromkeys(match.rows, item))
    refuse_problems(path, problems, "correct these rows; nothing was changed")
    if unmatched:
        # pictures come and go on the web: a decision may outlive its picture
        logger.warning("%s: %d rows match no picture of this run", path, unmatched)
    return chosen


def _follow_copies(chosen: dict[int, Decision], manifest: pd.DataFrame) -> None:
    """Let rows that no decision names follow their exact copies, where those agree."""
    ids = dict(zip(manifest.index, manifest["id"], strict=True))
    told: dict[str, list[Decision]] = defaultdict(list)
    for row, item in chosen.items():
        told[ids[row]].append(item)
    for row, digest in ids.items():
        items = told.get(digest, [])
        if row not in chosen and len({item.keep for item in items}) == 1:
            chosen[row] = items[0]


def _inherit_decisions(
    chosen: Mapping[int, Decision], manifest: pd.DataFrame, rows: pd.DataFrame, path: Path
) -> dict[int, Decision]:
    """For rows without a decision, what was decided of their duplicates, where those agree.

    A larger copy may arrive after the decision: it is the same picture.
    """
    told: dict[str, list[Decision]] = defaultdict(list)
    copies = manifest.loc[list(chosen), ["id", "duplicate_of"]]
    for row, digest, keeper in copies.itertuples():
        reason = f"{chosen[row].reason or BY_HAND} (decided of its copy {digest[:8]})"
        told[keeper].append(replace(chosen[row], reason=reason))
    ids = dict(zip(rows.index, rows["id"], strict=True))
    passed: dict[int, Decision] = {}
    conflicts: list[Problem] = []
    for row, digest in ids.items():
        items = told.get(digest, []) if row not in chosen else []
        if len({item.keep for item in items}) == 1:
            passed[row] = items[0]
        elif items:
            conflicts.append(Problem(items[0].number, digest[:16], "one copy 0, another 1"))
    if conflicts:
        logger.warning(CONFLICTING, path, len(conflicts), list_problems(conflicts))
    return passed


def _warn_in_vain(chosen: Mapping[int, Decision], manifest: pd.DataFrame, path: Path) -> None:
    """Warn of pictures that a person decided to keep and that dedup has dropped nonetheless."""
    kept = set(kept_rows(manifest)["id"])
    marks = manifest.loc[list(chosen), ["id", "label", "stage", "reason"]]
    vain: dict[int, Problem] = {}
    for row, digest, label, stage, reason in marks.itertuples():
        item = chosen[row]
        if item.keep and stage == "dedup" and digest not in kept:
            vain[item.number] = Problem(item.number, item.name[:80], f"{label}, {reason}")
    if vain:
        problems = [vain[number] for number in sorted(vain)]
        logger.warning(KEPT_IN_VAIN, path, len(problems), list_problems(problems))
