"""Lays pictures out on a map: those that a network sees alike lie near each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np

from foodcls.evaluate.likeness import DAMAGE, Likeness, load_arrays, save_arrays
from foodcls.metrics.ranks import Floats

# these take 20 s of a core and 300 MB; more would be a blur on the page, too
MOST = 20_000
# fewer have no neighborhoods
FEWEST = 12
SEED = 0
PERPLEXITY = 30
# trustworthiness on foods13_web 0.976; 250 and 750 take 2.6 times as long for 0.978
EARLY, LATE = 125, 250
STEP = 25  # iterations between two tellings

Tell = Callable[[float, Floats], bool]


@dataclass(frozen=True)
class Layout:
    """Where N pictures lie."""

    ids: tuple[str, ...]
    spots: Floats  # float32 (N, 2), 0 to 1: from the left, from the top


def choose_rows(likeness: Likeness) -> tuple[tuple[str, ...], Floats]:
    """The pictures of a map and their rows (N, D): at most 20,000, where there are more by chance.

    Ids are hashes: the smallest ones are a chance sample, and always the same.
    """
    if len(likeness.ids) <= MOST:
        return likeness.ids, likeness.rows
    places = sorted(np.argsort(np.array(likeness.ids), kind="stable")[:MOST].tolist())
    return tuple(likeness.ids[place] for place in places), likeness.rows[places]


def first_spots(rows: Floats) -> Floats:
    """Where N pictures lie by their two main components alone, (N, 2): known at once."""
    return _fit(rows[:, :2].astype(np.float32))


def lay_out(rows: Floats, tell: Tell) -> Floats | None:
    """Where N pictures with these rows (N, D) lie, (N, 2), by t-SNE.

    van der Maaten and Hinton, Journal of Machine Learning Research 2008. It begins with the two
    main components, which come first in the rows, and uses one core, so that the same rows always
    give the same map. Every now and then `tell` is given the share that is done and the spots so
    far; where it answers that it wants no more, there is no layout.
    """
    # of what is all alike none is nearer
    if len(rows) < FEWEST or not np.ptp(rows[:, 0]):
        return first_spots(rows)
    # slow to import
    from openTSNE import TSNE
    from openTSNE.initialization import rescale

    done, stopped = 0, False

    def after(_: int, __: float, embedding: Floats) -> bool:
        nonlocal done, stopped
        done += STEP
        stopped = not tell(done / (EARLY + LATE), _fit(np.asarray(embedding)))
        return stopped

    tsne = TSNE(
        perplexity=min(PERPLEXITY, (len(rows) - 1) / 3),
        initialization=rescale(rows[:, :2].astype(np.float64)),
        early_exaggeration_iter=EARLY, n_iter=LATE, random_state=SEED, n_jobs=1,
        callbacks=after, callbacks_every_iters=STEP,
    )  # fmt: skip
    embedding = tsne.fit(rows.astype(np.float32))
    return None if stopped else _fit(np.asarray(embedding))


def layout_key(ids: Sequence[str], rows: Floats) -> str:
    """What a layout depends on, as a digest: the pictures, what is seen in them, and the method."""
    method = [version("openTSNE"), PERPLEXITY, EARLY, LATE, SEED]
    digest = sha256(repr([method, rows.shape, str(rows.dtype)]).encode())
    digest.update("\n".join(ids).encode())
    digest.update(np.ascontiguousarray(rows).tobytes())
    return digest.hexdigest()


def save_layout(layout: Layout, key: str, path: Path) -> None:
    """Write the file, whole or not at all."""
    save_arrays(path, layout.ids, key=np.array(key), spots=layout.spots)


def load_layout(path: Path, key: str) -> Layout | None:
    """Read the file; None where it is absent, damaged, or of another key."""
    try:
        parts = load_arrays(path, ("key", "ids", "spots"))
    except DAMAGE:
        return None
    ids, spots = parts["ids"], parts["spots"]
    return Layout(ids, spots) if str(parts["key"]) == key and spots.shape == (len(ids), 2) else None


def _fit(spots: Floats) -> Floats:
    """The spots (N, 2) in the middle of a square of side 1, as float32."""
    low, high = spots.min(axis=0), spots.max(axis=0)
    extent = max(float((high - low).max()), 1e-12)
    return ((spots - (low + high) / 2) / extent + 0.5).astype(np.float32)
