"""Counts the gestures until a crawl is clean, by a simulated person who knows the truth.

    python benchmarks/foods13_web.py PHOTOS --workspace W     # first: prepares the workspace
    python benchmarks/review.py PHOTOS --workspace W

The pictures are planted.py's: 260 strangers, and 5 % of the others moved to another class. The
person works through the review page's own session object and its order of doubts; each decision is
a row of a filter.csv. A gesture is a key or a click. Looking at pictures one by one, each costs one
(keep, drop or take the guess), and four where no guess names the right class (click, L, a letter,
Enter). In groups of as many as are seen at once, one key decides about all that are not decided
yet, and each exception costs as much as one alone. `marking` is kind to fixed lists: the person
clicks on what is wrong only, and one key a screenful keeps the rest. On the map the person draws
round each cloud of signs in which most are strangers, the fullest first: a gesture, and then as in
a group; what is left is done in groups of the live order. Clouds are what lies closer together
than four times as far as a picture is mostly from its nearest.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from peers import describe_machine
from planted import STRANGER, Planted, order_by_ours, order_by_peer, plant_foods
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from foodcls.evaluate.label_issues import LIMIT
from foodcls.evaluate.layout import lay_out
from foodcls.evaluate.likeness import Likeness, compress_features, pick_shares, save_likeness
from foodcls.review.decision_files import ReviewFiles
from foodcls.review.decisions import Verdict
from foodcls.review.doubts import Doubts
from foodcls.review.live_order import GROUP
from foodcls.review.session import Session

SEEN = 28  # pictures of a group on a screen of 1280 x 860 at the usual size
LINK = 4  # a cloud of the map goes on where the next is nearer than so many usual distances
BY_NAME = 4  # gestures for a class that is not guessed
DONE = (0.95, 0.99)
KINDS = ("strangers", "moved labels")


@dataclass
class Person:
    """Decides as the truth is, and counts gestures."""

    planted: Planted
    session: Session
    gestures: int = 0
    reached: dict[tuple[str, float], int] = field(default_factory=dict)
    looked: dict[tuple[str, float], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find each picture by its id."""
        self.places = {name: place for place, name in enumerate(self.planted.manifest["id"])}

    def verdict(self, name: str) -> Verdict:
        """What the truth is."""
        true, given = (
            int(one[self.places[name]]) for one in (self.planted.truth, self.planted.given)
        )
        if true == STRANGER:
            return Verdict(False, "unrelated")
        return Verdict(True, "", "" if true == given else self.planted.labels[true])

    def kind(self, name: str, guess: str) -> str:
        """The one gesture by which it is decided, or "name" where that takes several."""
        verdict = self.verdict(name)
        if not verdict.keep:
            return "drop"
        return "keep" if not verdict.label else "relabel" if verdict.label == guess else "name"

    def look(self, names: list[str], guesses: dict[str, str], together: str | None) -> None:
        """Decide about these, with one key for all that `together` is right for."""
        kinds = [self.kind(name, guesses.get(name, "")) for name in names]
        alone = [kind for kind in kinds if kind != together]
        self.gestures += sum(BY_NAME if kind == "name" else 1 for kind in alone)
        self.gestures += together is not None
        self.session.decide_each({name: self.verdict(name) for name in names})
        self._note()

    def _note(self) -> None:
        planted, decided = self.planted, self.session.verdicts()
        known = np.array([name in decided for name in self.places])
        for kind, which in zip(KINDS, (planted.truth == STRANGER,
                                       planted.is_wrong & (planted.truth != STRANGER)),
                               strict=True):  # fmt: skip
            share = known[which].mean()
            for done in DONE:
                if share >= done and (kind, done) not in self.reached:
                    self.reached[kind, done] = self.gestures
                    self.looked[kind, done] = int(known.sum())

    @property
    def is_done(self) -> bool:
        """Whether both kinds are dealt with."""
        return len(self.reached) == len(KINDS) * len(DONE)

    def lost(self) -> int:
        """Good pictures that are dropped by now, or moved."""
        verdicts = self.session.verdicts()
        good = [name for name, place in self.places.items() if not self.planted.is_wrong[place]]
        told = [verdicts[name] for name in good if name in verdicts]
        return sum(not verdict.keep or bool(verdict.label) for verdict in told)


def describe(planted: Planted) -> Likeness:
    """What `foodcls suspects` would keep of these pictures."""
    shares = pick_shares(planted.scored.mean, planted.given)
    rows = compress_features(planted.features)
    return Likeness(tuple(planted.manifest["id"]), rows, *shares, planted.labels)


def visit(planted: Planted, likeness: Likeness, folder: Path) -> Person:
    """A person in front of a page of these pictures, nothing decided yet."""
    files = ReviewFiles(folder / "filter.csv", folder / "boxes.csv")
    files = replace(files, likeness=folder / "likeness.npz")
    save_likeness(likeness, folder / "likeness.npz")
    return Person(planted, Session(planted.manifest, planted.labels, files))


def walk(person: Person, order: np.ndarray, guesses: dict[str, str], *, marks: bool) -> None:
    """Go through a fixed order: each picture by itself, or marking what is wrong on a screen."""
    names = [person.planted.manifest["id"].iloc[place] for place in order]
    size = SEEN if marks else 8
    for start in range(0, len(names), size):
        if person.is_done:
            return
        person.look(names[start : start + size], guesses, "keep" if marks else None)


def follow(person: Person, size: int, *, groups: bool, seconds: list[float]) -> None:
    """Go through the live order; with `groups` by one key for what holds for most."""
    doubts = Doubts(person.session)
    while not person.is_done:
        started = time.perf_counter()
        batch = doubts.next_batch(size)
        seconds.append(time.perf_counter() - started)
        together = {"look": "keep"}.get(batch.kind, batch.kind) if groups else None
        person.look([item.id for item in batch.items], batch.guesses, together)


def lasso(person: Person, likeness: Likeness) -> None:
    """Draw round clouds of strangers on the map, drop them, and go on in groups."""
    spots = lay_out(likeness.rows, lambda share, so_far: True)
    assert spots is not None
    tree = KDTree(spots)
    apart = float(np.median(tree.query(spots, 2)[0][:, 1]))
    pairs = tree.query_pairs(LINK * apart, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), pairs.T), (len(spots), len(spots)))
    cloud = connected_components(links)[1]
    is_stranger = person.planted.truth == STRANGER
    strangers = np.bincount(cloud, is_stranger)
    for number in np.argsort(-strangers, kind="stable"):
        members = np.flatnonzero(cloud == number)
        if len(members) >= GROUP and strangers[number] * 2 > len(members):
            person.gestures += 1
            person.look([likeness.ids[place] for place in members], {}, "drop")
    follow(person, SEEN, groups=True, seconds=[])


def page_order(planted: Planted, order: np.ndarray, doubtful: int) -> np.ndarray:
    """Today's page: the suspects class by class, then what is left class by class."""
    first, rest = order[:doubtful], np.sort(order[doubtful:])
    parts = [part[np.argsort(planted.given[part], kind="stable")] for part in (first, rest)]
    return np.concatenate(parts)


def measure(planted: Planted) -> Iterator[tuple[str, Person, list[float]]]:
    """A person for each way of working."""
    likeness = describe(planted)
    ours, seconds = order_by_ours(planted), []
    scores = 1 - likeness.own.astype(float)
    guesses = {name: planted.labels[guess]
               for name, guess in zip(likeness.ids, likeness.guess, strict=True)}  # fmt: skip
    _, peer = order_by_peer(planted)
    page = page_order(planted, ours, int((scores > LIMIT).sum()))
    files = np.arange(len(ours))
    fixed = {"file order": files, "suspects class by class, then the rest": page,
             "fixed list: suspects.csv": ours,
             "cleanlab's find_label_issues": peer["find_label_issues"],
             "cleanlab's weighted entropy": peer["confidence_weighted_entropy"]}  # fmt: skip
    ways: dict[str, Callable[[Person], None]] = {}
    for name, order in fixed.items():
        ways[name] = lambda person, order=order: walk(person, order, guesses, marks=False)
        ways[f"{name}, marking"] = lambda person, order=order: walk(
            person, order, guesses, marks=True
        )
    ways["live order"] = lambda person: follow(person, 8, groups=False, seconds=seconds)
    ways["live order, groups"] = lambda person: follow(person, SEEN, groups=True, seconds=seconds)
    ways["map, lasso, then the same"] = lambda person: lasso(person, likeness)
    for name, way in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            seconds.clear()
            person = visit(planted, likeness, Path(folder))
            way(person)
            yield name, person, list(seconds)


def main() -> None:
    """Print a line for each way of working."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/foods13_web"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(describe_machine())
    planted = plant_foods(options.photos, options.workspace, options.seed)
    moved = (planted.is_wrong & (planted.truth != STRANGER)).sum()
    strangers = (planted.truth == STRANGER).sum()
    print(f"{len(planted.given)} pictures, {strangers} strangers, {moved} moved")
    print(
        f"{'gestures until':<55} "
        + ", ".join(f"{kind} {done:.0%}" for kind in KINDS for done in DONE)
    )
    for name, person, seconds in measure(planted):
        told = [f"{person.reached[kind, done]} ({person.looked[kind, done]} seen)"
                for kind in KINDS for done in DONE]  # fmt: skip
        took = (
            f"; ordered anew in {np.median(seconds):.2f} s, at most {max(seconds):.2f}"
            if seconds
            else ""
        )
        print(f"{name:<55} {', '.join(told)}; {person.lost()} good ones lost{took}", flush=True)


if __name__ == "__main__":
    main()
