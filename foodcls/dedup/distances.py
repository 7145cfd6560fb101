"""Counts pairs by how far their hashes are apart, for choosing the distance."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Distances:
    """Pairs at each distance from 0 bits on: shown to be the same by thumbnails, or vetoed.

    A pair counts once, at the lower of its straight and its mirrored distance.
    """

    confirmed: tuple[int, ...]
    vetoed: tuple[int, ...]
    distance: int  # the recipe's
    reach: int  # up to here crops are looked for

    @property
    def vetoed_within(self) -> int:
        """Pairs within the recipe's distance that the thumbnails tell apart."""
        return sum(self.vetoed[: self.distance + 1])

    def rows(self) -> list[dict[str, int]]:
        """A row for each distance that any pair has."""
        counts = enumerate(zip(self.confirmed, self.vetoed, strict=True))
        return [
            {"distance": bits, "confirmed": same, "vetoed": other}
            for bits, (same, other) in counts
            if same or other
        ]
