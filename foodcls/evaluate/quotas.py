"""What more pictures of each class are worth, as a table, and the quotas that follow from it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from foodcls.manifest import split_rows
from foodcls.recipe.data_settings import Collect, FoodClass
from foodcls.tables.spreadsheet import write_csv

log = logging.getLogger(__name__)

# of recall: what is expected to gain less is not worth a crawl
WORTHWHILE = 0.01


@dataclass(frozen=True)
class Worth:
    """What learning from `more` pictures of a class would add to its recall."""

    label: str  # empty: of each class, and the mean of their recalls
    learnt: int  # pictures learnt from now; of each class, in the mean, where label is empty
    recall: float  # now, in cross-validation on training and validation pictures
    more: int
    gain: float  # as likely too small as too large
    low: float  # in 90 of 100 cases the gain lies between these
    high: float

    @property
    def is_worthwhile(self) -> bool:
        """Whether more pictures are expected to gain a point."""
        return self.gain >= WORTHWHILE


def raise_quotas(
    classes: Iterable[FoodClass], worths: Iterable[Worth], per_query: int
) -> tuple[FoodClass, ...]:
    """The classes with higher quotas where a forecast says that more pictures are worth it.

    No quota falls: pictures that came before would be learnt from no more.
    """
    growth = {one.label: 1 + one.more / one.learnt for one in worths if one.is_worthwhile}
    quotas = {item.name: (item.per_query or per_query) * growth.get(item.name, 1.0)
              for item in classes}  # fmt: skip
    return _set_quotas(classes, {label: round(quota) for label, quota in quotas.items()})


def next_quotas(
    classes: tuple[FoodClass, ...], settings: Collect, path: Path
) -> tuple[FoodClass, ...]:
    """The classes as the next crawl asks for them: by the table at `path` where quotas are auto."""
    if settings.quotas == "even":
        return classes
    quotas = _read_quotas(path)
    log.info("quotas as in %s" if quotas else "even quotas: there is no %s yet", path.name)
    return _set_quotas(classes, quotas)


def write_worth(worths: Sequence[Worth], classes: Iterable[FoodClass], path: Path) -> None:
    """Write the forecasts as CSV, with the quota of each class as `per_query`."""
    quotas = {item.name: item.per_query for item in classes}
    rows = [asdict(one) | {"per_query": quotas.get(one.label)} for one in worths]
    write_csv(pd.DataFrame(rows).astype({"per_query": "Int64"}), path)


def read_worth(path: Path) -> list[Worth]:
    """The forecasts in a file; none where there is no file."""
    rows = _read_table(path).drop(columns="per_query", errors="ignore").itertuples(index=False)
    return [Worth(*row) for row in rows]


def current_worth(worths: Sequence[Worth], manifest: pd.DataFrame) -> Sequence[Worth]:
    """The forecasts, if they were made for as many pictures as are learnt from now; else none."""
    rows = split_rows(manifest, "train")
    counts = rows[rows["parent"] == ""]["label"].value_counts()
    is_current = all(counts.get(one.label, 0) == one.learnt for one in worths if one.label)
    return worths if is_current else []


def _read_quotas(path: Path) -> dict[str, int]:
    rows = _read_table(path).to_dict("records")
    return {row["label"]: int(row["per_query"]) for row in rows if row["label"]}


def _set_quotas(classes: Iterable[FoodClass], quotas: Mapping[str, int]) -> tuple[FoodClass, ...]:
    return tuple(
        item.model_copy(update={"per_query": quotas.get(item.name, item.per_query)})
        for item in classes
    )


def _read_table(path: Path) -> pd.DataFrame:
    if not path.exists():
        return pd.DataFrame()
    return pd.read_csv(path, keep_default_na=False, dtype={"label": str})
