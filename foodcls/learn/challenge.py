"""Judges a serving model and a new one on the same test pictures: which should serve?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from foodcls.judge.evaluation import Evaluation
from foodcls.judge.metrics import average_position, ranks
from foodcls.learn.examples import split_rows
from foodcls.learn.modelfile import Model
from foodcls.learn.pixels import as_images, read_picture
from foodcls.store import Store


@dataclass(frozen=True)
class Verdict:
    """Whether the new model should serve, and why."""

    is_promoted: bool
    reason: str


def challenge(
    champion: Model, challenger: Evaluation, manifest: pd.DataFrame, store: Store
) -> Verdict:
    """Compare on the kept test rows; the challenger must be better in one figure, worse in none.

    The figures are accuracy and average position (macro). A champion of other classes cannot
    answer, and gives way.
    """
    if champion.labels != challenger.labels:
        return Verdict(True, "the classes have changed; the champion cannot tell them apart")
    rows = split_rows(manifest, challenger.split)
    truth = np.array([champion.labels.index(label) for label in rows["label"]])
    probabilities = np.stack([_answer(champion, digest, store) for digest in rows["picture"]])
    accuracy = float((probabilities.argmax(axis=1) == truth).mean())
    position = average_position(ranks(probabilities, truth), truth)
    not_worse = challenger.accuracy >= accuracy and challenger.average_position <= position
    better = challenger.accuracy > accuracy or challenger.average_position < position
    figures = (
        f"accuracy {challenger.accuracy:.4f} against {accuracy:.4f}, average position "
        f"{challenger.average_position:.3f} against {position:.3f}, on {len(rows)} test pictures"
    )
    return Verdict(not_worse and better, figures)


@torch.inference_mode()
def _answer(model: Model, digest: str, store: Store) -> np.ndarray:
    # torch wants an array that it may write to
    pixels = np.array(read_picture(digest, store))
    answer: np.ndarray = model.module(as_images(pixels[None]))[0].numpy()
    return answer
