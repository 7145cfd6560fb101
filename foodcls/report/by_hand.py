"""Says in sentences what people saw on pictures, and which they relabeled."""

from collections import Counter

import pandas as pd

from foodcls.evaluate.looks import LEAST, TrueAccuracy
from foodcls.manifest import KEPT, is_relabeled
from foodcls.report.sentences import percent

SHOWN = 5  # moves from class to class in a sentence
TOO_LOW = "; doubtful pictures stand first among those looked at, so that this is too low for all."


def explain_looks(known: TrueAccuracy) -> list[str]:
    """How many test pictures a person has seen, and what follows for the accuracy."""
    if not known.seen:
        return [
            f"Nobody has looked at these {known.n} test pictures yet, on whose labels every figure "
            "stands: foodcls review RECIPE --test."
        ]
    value, low, high = known.of_seen
    wrong = [f"{known.relabeled} show another class than their label" if known.relabeled else "",
             f"{known.strangers} show none of the classes" if known.strangers else ""]  # fmt: skip
    told = " and ".join(filter(None, wrong)) or "all show the class that their label says"
    sentences = [
        f"A person has seen {known.seen} of the {known.n} test pictures: {told}. Of the "
        f"{known.seen - known.strangers} that show a class, {known.right} are named right by what "
        f"the person said: {percent(value)} ({percent(low)} to {percent(high)})"
        + (TOO_LOW if known.seen < known.n else ".")
    ]
    if not known.is_estimated:
        return [*sentences, f"After {LEAST} looks in the order of foodcls review --test, this page "
                "estimates the accuracy on the true labels of all."]  # fmt: skip
    sentences.append(
        f"Estimate for all {known.n}, had a person seen each: {percent(known.value)} named right "
        f"of those that show a class (95 % interval {percent(known.low)} to "
        f"{percent(known.high)}; prediction-powered, from {known.counted} looks as drawn)."
    )
    if known.more:
        sentences.append(f"About {known.more} more looks give ±2 points.")
    return sentences


def explain_relabeled(manifest: pd.DataFrame) -> str:
    """From which class to which a person has moved kept pictures; empty where none was moved."""
    is_told = is_relabeled(manifest) & (manifest["state"] == KEPT)
    rows = manifest[is_told].drop_duplicates("id")
    if rows.empty:
        return ""
    moves = Counter(zip(rows["given_label"], rows["label"], strict=True)).most_common()
    told = [f"{count} from {given} to {label}" for (given, label), count in moves]
    more = f", and {len(told) - SHOWN} moves more" if len(told) > SHOWN else ""
    return f"{len(rows)} pictures were relabeled by a person: {', '.join(told[:SHOWN])}{more}."
