"""Scores features by pytorch-ood's detectors, in its own environment: detectors.py GIVEN TOLD."""

import sys
import time
from collections.abc import Callable

import numpy as np

# before pytorch-ood, which imports torchvision as it is
from foodcls.network import model_zoo

model_zoo.import_torchvision()
import torch  # noqa: E402
from pytorch_ood.detector import (  # noqa: E402
    KNN,
    RMD,
    EnergyBased,
    Entropy,
    Mahalanobis,
    MaxLogit,
    MaxSoftmax,
    ViM,
)
from torch import Tensor  # noqa: E402

given, told = sys.argv[1:]
values = {name: torch.from_numpy(array) for name, array in np.load(given).items()}
features, truth = values["train_features"].float(), values["truth"]
# the head again, from its logits on the training features
bare = torch.cat([features.double(), torch.ones(len(features), 1).double()], 1)
solved = torch.linalg.lstsq(bare, values["train_logits"]).solution
weight, bias = solved[:-1].T.float(), solved[-1].float()


def by_features(detector: object) -> Callable[[str], Tensor]:
    """A detector that is fitted to the known training photographs."""
    detector.fit_features(features, truth)
    return lambda side: detector.predict_features(values[f"{side}_features"].float())


def by_logits(score: Callable[[Tensor], Tensor]) -> Callable[[str], Tensor]:
    """A detector that needs no fitting."""
    return lambda side: score(values[f"{side}_logits"])


makers = {
    "MaxSoftmax": lambda: by_logits(lambda one: MaxSoftmax.score(one)),
    "MaxLogit": lambda: by_logits(lambda one: MaxLogit.score(one)),
    "EnergyBased": lambda: by_logits(lambda one: EnergyBased.score(one)),
    "Entropy": lambda: by_logits(lambda one: Entropy.score(one)),
    "KNN, k = 50": lambda: by_features(KNN(None)),
    "KNN, k = 5": lambda: by_features(KNN(None, k=5)),
    "Mahalanobis": lambda: by_features(Mahalanobis(None)),
    "RMD": lambda: by_features(RMD(None)),
    "ViM, d = 64": lambda: by_features(ViM(None, 64, weight, bias)),
}
scores: dict[str, np.ndarray] = {}
for name, make in makers.items():
    begun = time.perf_counter()
    try:
        score = make()
        for side in ("known", "strangers"):
            scores[f"{name} {side}"] = score(side).double().numpy()
    except Exception as error:  # noqa: BLE001 - a peer that does not run is told, not mended
        print(f"{name} does not run: {error!r}"[:200])
        continue
    scores[f"{name} seconds"] = np.array(time.perf_counter() - begun)
np.savez(told, **{key: one for key, one in scores.items() if not key.endswith(" seconds")})
