"""What own photos showed: how far the crawl is from them, and what learning from them was worth."""

from dataclasses import dataclass

from foodcls.metrics.paired_test import PairedTest


@dataclass(frozen=True)
class ClassDistance:
    """How well the own photos of a class are told from its crawled ones."""

    label: str
    n: int  # own photos
    auc: float


@dataclass(frozen=True)
class OwnWorth:
    """How far the crawl is from n own photos, and the gain of learning from them.

    An AUC is the share of pairs in which a classifier of the two sets, which has seen neither
    photo, picks the own one: 0.5 if they look alike, 1 if nothing of the crawl looks like them.
    """

    n: int
    groups: int
    auc: float  # as the network is given them
    auc_as_crawled: float
    by_class: tuple[ClassDistance, ...]  # those with enough own photos
    nearest: tuple[str, ...]  # blobs of crawled pictures, the nearest first
    farthest: tuple[str, ...]  # the farthest first
    # A without own photos, B with those of other groups, each judged by the group left out; None
    # where all are of one group
    gain: PairedTest | None

    @property
    def headline(self) -> dict[str, float]:
        """The figures by the names they have everywhere."""
        figures = {"n": self.n, "groups": self.groups, "auc": self.auc,
                   "auc_as_crawled": self.auc_as_crawled}  # fmt: skip
        for name in ("accuracy", "average_position") if self.gain else ():
            change = getattr(self.gain, name)
            figures[f"{name}_without"] = getattr(self.gain.a, name).value  # type: ignore[union-attr]
            figures[f"{name}_with"] = getattr(self.gain.b, name).value  # type: ignore[union-attr]
            figures |= {f"{name}_gain": change.value, f"{name}_gain_low": change.low,
                        f"{name}_gain_high": change.high}  # fmt: skip
        return {f"own_{name}": float(value) for name, value in figures.items()}
