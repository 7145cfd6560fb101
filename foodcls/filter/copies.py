"""Carries decisions to copies of the pictures they name, and settles label conflicts by them."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from foodcls.columnar import find_texts
from foodcls.filter.decisions import BY_HAND, Decision
from foodcls.manifest import OWN_SOURCE
from foodcls.tables.read_csv import Problem, list_problems

logger = logging.getLogger(__name__)

# how dedup's reason begins where it found a picture under several labels
CONFLICT = "label conflict:"
SETTLED = "label conflict settled"
CONTRADICTORY = """%s: of %d picture(s) copies were decided on differently
%s
Decide on the pictures themselves, by id, or take out the rows that are wrong; until then %s."""
AS_BEFORE = "no decision about a copy counts, but what was decided of the picture itself"
UNSETTLED = "they stay out"


@dataclass(frozen=True)
class Settled:
    """Label conflicts that decisions settle: the rows to bring back, and those they stand for."""

    verdicts: dict[int, Decision]  # of the rows that come back
    surplus: dict[int, int]  # the rows that stay out, and the row that stands for each


def follow_copies(chosen: dict[int, Decision], manifest: pd.DataFrame) -> None:
    """Let rows that no decision names follow their exact copies, where those agree."""
    told: dict[str, list[Decision]] = defaultdict(list)
    for item, digest in zip(chosen.values(), manifest.loc[list(chosen), "id"], strict=True):
        told[digest].append(item)
    for row, digest in _among(manifest["id"], told).items():
        items = told[digest]
        if row not in chosen and len({item.says for item in items}) == 1:
            chosen[row] = items[0]


def inherit_decisions(
    chosen: Mapping[int, Decision], manifest: pd.DataFrame, rows: pd.DataFrame, path: Path
) -> dict[int, Decision]:
    """For rows without a decision, what was decided of their duplicates, where those agree.

    A larger copy may arrive after the decision: it is the same picture. Contradictions are logged.
    """
    told: dict[str, list[Decision]] = defaultdict(list)
    copies = manifest.loc[list(chosen), ["id", "duplicate_of"]]
    for row, digest, keeper in copies.itertuples():
        reason = f"{chosen[row].reason or BY_HAND} (decided of its copy {digest[:8]})"
        told[keeper].append(replace(chosen[row], reason=reason))
    passed: dict[int, Decision] = {}
    problems: list[Problem] = []
    for row, digest in _among(rows["id"], told).items():
        items = told[digest]
        # a copy may be dropped for what it shows less well, but it shows no other class
        said = [one for one in (*items, chosen[row]) if one.keep] if row in chosen else items
        if len({item.says for item in said}) > 1:
            problems.append(_contradiction(digest, said))
        # the label of an own photo is known
        elif row not in chosen and not (items[0].keep and rows["source"][row] == OWN_SOURCE):
            passed[row] = items[0]
    if problems:
        logger.warning(CONTRADICTORY, path, len(problems), list_problems(problems), AS_BEFORE)
    return passed


def settle_conflicts(chosen: Mapping[int, Decision], manifest: pd.DataFrame, path: Path) -> Settled:
    """Settle the label conflicts of dedup whose pictures are kept as one class by a decision.

    The largest copy that nobody dropped comes back as that class. Where nothing but drops is said,
    none comes back. Contradictions are logged.
    """
    settled, problems = Settled({}, {}), []
    found = conflicts(manifest)
    named = _among(found["keeper"], found["keeper"][found.index.isin(list(chosen))].unique())
    for digest, rows in found.loc[list(named)].groupby("keeper"):
        said = [chosen[row] for row in rows.index if row in chosen and chosen[row].keep]
        if len({item.says for item in said}) > 1:
            # one row that names them all without a label says nothing; that is told elsewhere
            if len({item.number for item in said}) > 1:
                problems.append(_contradiction(str(digest), said))
        elif said:
            best = _largest(rows.loc[[row for row in rows.index
                                      if row not in chosen or chosen[row].keep]])  # fmt: skip
            settled.verdicts[best] = said[0]
            settled.surplus.update(dict.fromkeys(rows.index.drop([best]), best))
    if problems:
        logger.warning(CONTRADICTORY, path, len(problems), list_problems(problems), UNSETTLED)
    return settled


def conflicts(manifest: pd.DataFrame) -> pd.DataFrame:
    """The rows that dedup dropped for their label conflicts; `keeper` is the id that they share."""
    rows = manifest[(manifest["stage"] == "dedup") & manifest["reason"].str.startswith(CONFLICT)]
    return rows.assign(keeper=rows["duplicate_of"].where(rows["duplicate_of"] != "", rows["id"]))


def _among(names: pd.Series, wanted: Iterable[str]) -> dict[int, str]:
    """By row those names that are wanted."""
    found = names[find_texts(names, wanted) >= 0]
    return dict(zip(found.index.tolist(), found.tolist(), strict=True))


def _largest(rows: pd.DataFrame) -> int:
    """The row that dedup would keep of these, whatever their order."""
    is_copy = (rows["id"] != rows["keeper"]) | (rows["duplicate_of"] != "")
    ranks = rows.assign(is_copy=is_copy, pixels=-(rows["width"] * rows["height"]))
    ranks["size"] = -rows["bytes"].fillna(0)
    return int(ranks.sort_values(["is_copy", "pixels", "size", "id", "origin"]).index[0])


def _contradiction(digest: str, said: list[Decision]) -> Problem:
    lines: dict[str, int] = {}
    for item in said:
        lines.setdefault(item.says, item.number)
    reason = ", ".join(f"{says!r} in row {number}" for says, number in lines.items())
    return Problem(min(lines.values()), digest[:16], reason)
