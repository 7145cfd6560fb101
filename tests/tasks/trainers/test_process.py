import pytest
import torch

from foodcls.errors import TrainingError
from foodcls.recipe.train_settings import Train
from tasks.trainers.process import check_cards


def test_more_processes_than_cards_are_refused_where_cards_compute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(TrainingError, match="2 processes for 1 graphics cards of"):
        check_cards(Train(weights="none"))
    check_cards(Train(weights="none", device="cpu"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_cards(Train(weights="none"))
