"""Estimates a model's accuracy on true labels from test pictures that a person has looked at.

A person says of a part of them which class they show, or that they show none. Pictures are looked
at in an order drawn by chance within strata: those where the model disagrees with the label, where
mistakes of either hide, are drawn more often. The estimate is prediction-powered (Angelopoulos et
al. 2023, Science 382:669; with a weight, Angelopoulos, Duchi and Zrnic 2023, arXiv:2311.01453;
stratified, Fisch et al. 2024, arXiv:2406.04291). The authors' library ppi-python 0.2.3 knows no
strata and no ratio, and would install numba and statsmodels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from foodcls.filter.decisions import read_decisions
from foodcls.metrics.metrics import wilson
from foodcls.metrics.predictions import Predictions
from foodcls.metrics.ranks import Floats
from foodcls.store.store import digest_of
from foodcls.tables.match_rows import index_rows

# standard deviations expected in the strata: of the disputed pictures, of those on which the model
# agrees with the label but is among the less sure half, and of the rest
SPREADS = (0.5, 0.25, 0.12)
LEAST = 20  # pictures looked at as drawn: with fewer no interval is given
WISHED = 0.02  # half an interval that is fine enough


@dataclass(frozen=True)
class TrueAccuracy:
    """What is known of the true labels of N test pictures, by those that a person has seen.

    Accuracy is the share of the pictures that show a class of which the model names it.
    """

    n: int
    seen: int
    strangers: int  # of those seen: they show no class
    relabeled: int  # of those seen: they show another class than their label
    right: int  # of those seen that show a class: the model names it
    counted: int  # of those seen: as they were drawn, with no gap before
    value: float = 0.0  # the estimate for all N, and its 95 % interval, where enough were counted
    low: float = 0.0
    high: float = 1.0
    more: int = 0  # looks that are still needed for an interval of two points either side

    @property
    def is_estimated(self) -> bool:
        """Whether enough were looked at for an interval."""
        return self.counted >= min(LEAST, self.n)

    @property
    def of_seen(self) -> tuple[float, float, float]:
        """Accuracy on the pictures seen that show a class, with Wilson's interval."""
        known = max(1, self.seen - self.strangers)
        return (self.right / known, *wilson(self.right, known))


def read_looks(path: Path, manifest: pd.DataFrame, labels: tuple[str, ...]) -> dict[str, str]:
    """What each test picture shows by a person: a class, or nothing for none; by its id.

    TableError when the file cannot be read, or names an unknown class.
    """
    if not path.exists() or not path.stat().st_size:
        return {}
    rows = manifest[(manifest["split"] == "test") & (manifest["parent"] == "")]
    # as everywhere, a row without a label means the class under which the picture was found
    found_as = rows["given_label"].where(rows["given_label"] != "", rows["label"])
    finder, given = index_rows(rows), dict(zip(rows["id"], found_as, strict=True))
    looks = {}
    for item in read_decisions(path, labels):
        for row in finder.find(item.id, item.path).rows:
            digest = finder.owners[row]
            looks[digest] = (item.label or given[digest]) if item.keep else ""
    return looks


def chance_of(digest: str) -> str:
    """A key that puts pictures in a random order, which no answer or decision can change."""
    return digest_of(f"look {digest}".encode())


def draw_order(answers: Predictions) -> list[str]:
    """The ids of the pictures in the order in which they are looked at."""
    units = _units(answers)
    places = np.empty(len(units), dtype=float)
    for stratum, spread in enumerate(SPREADS):
        own = np.flatnonzero(units["stratum"] == stratum)
        # so many of each stratum come early as its size and spread ask for (Neyman 1934)
        places[own] = (np.arange(len(own)) + 0.5) / (max(1, len(own)) * spread)
    return [str(name) for name in units["id"].to_numpy()[np.argsort(places, kind="stable")]]


def estimate_accuracy(answers: Predictions, looks: Mapping[str, str]) -> TrueAccuracy:
    """Estimate the accuracy on the true labels of all pictures from the `looks`, by id.

    A picture that was cut into several crops counts once, by its most confident one. What is said
    of pictures that others were drawn before, and not looked at, counts among those seen alone.
    """
    units = _units(answers)
    # nothing where nobody has looked
    units["shown"] = units["id"].map(looks)
    units["right"] = units["shown"] == units["predicted"]
    seen = units[units["shown"].notna()]
    is_stranger = seen["shown"] == ""
    figures = {
        "n": len(units),
        "seen": len(seen),
        "strangers": int(is_stranger.sum()),
        "relabeled": int(((seen["shown"] != seen["label"]) & ~is_stranger).sum()),
        "right": int(seen["right"].sum()),
    }
    strata = [_Stratum.of(units[units["stratum"] == place]) for place in range(len(SPREADS))]
    strata = [one for one in strata if one.size]
    counted = sum(one.count for one in strata)
    known = TrueAccuracy(**figures, counted=counted)
    if not known.is_estimated or any(not one.count for one in strata):
        return known
    return _estimate(figures, strata)


@dataclass(frozen=True)
class _Stratum:
    size: int
    right: Floats  # of the pictures that count, 0 or 1
    valid: Floats  # of them, 1 where they show a class
    proxy: Floats  # the model's confidence on them
    mean: float  # of the confidence on all

    @property
    def count(self) -> int:
        return len(self.right)

    @classmethod
    def of(cls, units: pd.DataFrame) -> "_Stratum":
        is_seen = units["shown"].notna().to_numpy()
        count = len(units) if is_seen.all() else int(np.argmin(is_seen))
        drawn = units.head(count)
        return cls(
            len(units),
            drawn["right"].to_numpy(dtype=float),
            (drawn["shown"] != "").to_numpy().astype(np.float64),
            drawn["confidence"].to_numpy(dtype=float),
            float(units["confidence"].mean()) if len(units) else 0.0,
        )


def _estimate(figures: dict[str, int], strata: list[_Stratum]) -> TrueAccuracy:
    sizes = np.array([one.size for one in strata], dtype=float)
    counts = np.array([one.count for one in strata], dtype=float)
    plain = _ratio(strata, 0.0)
    weight = _weigh(strata, plain)
    # beyond 0 and 1, the variance of a share would be negative
    value = min(1.0, max(0.0, _ratio(strata, weight)))
    valid = float(sum(one.size * one.valid.mean() for one in strata))
    spreads = np.array([_spread(one, value, weight) for one in strata])

    def half(looked: Floats) -> float:
        left = np.maximum(0, 1 - looked / sizes)
        parts = sizes**2 * left * spreads / looked
        total = float(parts.sum())
        if not total:
            return 0.0
        # Satterthwaite 1946: few looks in the stratum that decides know its spread badly
        degrees = total**2 / float((parts**2 / np.maximum(looked - 1, 1)).sum())
        return float(stdtrit(degrees, 0.975)) * float(np.sqrt(total)) / valid

    looked, deviations = counts.copy(), np.sqrt(np.maximum(spreads, 1e-12))
    while half(looked) > WISHED and (looked < sizes).any():
        # the next ones of the drawn order, a fiftieth at a time
        places = np.where(looked < sizes, (looked + 0.5) / (sizes * deviations), np.inf)
        place = int(places.argmin())
        looked[place] = min(sizes[place], looked[place] + max(1, looked.sum() // 50))
    length = half(counts)
    return TrueAccuracy(
        **figures,
        counted=int(counts.sum()),
        value=value,
        low=max(0.0, value - length),
        high=min(1.0, value + length),
        more=int((looked - counts).sum()),
    )


def _ratio(strata: list[_Stratum], weight: float) -> float:
    """The accuracy over all strata, of the pictures that show a class, corrected by the proxy."""
    right = sum(
        one.size * (one.right.mean() + weight * (one.mean - one.proxy.mean())) for one in strata
    )
    return float(right / max(1e-9, sum(one.size * one.valid.mean() for one in strata)))


def _weigh(strata: list[_Stratum], value: float) -> float:
    """The weight of the proxy, 0 to 1: the slope of the residuals on it within strata."""
    above = below = 0.0
    for one in strata:
        proxy, share = one.proxy - one.proxy.mean(), one.size**2 / one.count**2
        above += share * float(proxy @ (one.right - value * one.valid))
        below += share * float(proxy @ proxy)
    return min(1.0, max(0.0, above / below)) if below else 0.0


def _spread(one: _Stratum, value: float, weight: float) -> float:
    """The variance of the residuals, as if one right and one wrong picture more had been seen.

    Where all that were seen agree, the rest need not (Agresti and Coull 1998).
    """
    residuals = one.right - value * one.valid - weight * (one.proxy - one.proxy.mean())
    around = residuals - residuals.mean()
    added = value * (1 - value)
    return float((around @ around + 2 * added) / (one.count + 1))


def _units(answers: Predictions) -> pd.DataFrame:
    """A row for each picture, in the order of chance: id, label, predicted, confidence, stratum."""
    names = np.array(answers.labels, dtype=object)
    table = pd.DataFrame({
        "id": answers.ids,
        "label": names[answers.truth],
        "predicted": names[answers.predicted],
        "confidence": answers.confidence,
    })  # fmt: skip
    table = table.sort_values(["id", "confidence"], ascending=[True, False], kind="stable")
    table = table.drop_duplicates("id")
    agrees = table["label"] == table["predicted"]
    median = table.loc[agrees, "confidence"].median()
    is_sure = table["confidence"] >= median
    table["stratum"] = np.where(~agrees, 0, np.where(is_sure, 2, 1))
    table["chance"] = table["id"].map(chance_of)
    return table.sort_values("chance").reset_index(drop=True)
