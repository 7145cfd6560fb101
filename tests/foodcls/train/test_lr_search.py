import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch

from foodcls.errors import TrainingError
from foodcls.recipe.train_settings import Extras, Train
from foodcls.store.store import Store
from foodcls.train.budget import Budget, start_budget
from foodcls.train.dataset import TrainVal
from foodcls.train.learner import Learner
from foodcls.train.loop import fit
from foodcls.train.lr_search import RATES, choose_lr
from foodcls.train.resume import checkpoint_files
from foodcls.train.train import train


@pytest.mark.parametrize("method", ["finetune", "probe_then_finetune"])
def test_the_rate_that_is_chosen_learns_most_in_its_first_steps_and_leaves_no_trace(
    build: Callable[..., Learner], train_val: TrainVal, settings: Train, method: str,
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("foodcls.train.lr_search.RATES", rates := (1e-4, 1e-2, 1.0))
    monkeypatch.setattr("foodcls.train.probe.STRENGTHS", (0.03,))
    # an average of the weights would hide what a few steps did
    averaged = settings.model_copy(update={"method": method, "extras": Extras(ema=0.999)})
    learner = build(settings=averaged)
    before = {key: value.clone() for key, value in learner.network.state_dict().items()}
    with caplog.at_level(logging.INFO, logger="foodcls"):
        chosen = choose_lr(learner, train_val, averaged, start_budget(None))
    after = learner.network.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    first = 1 if method == "finetune" else 2
    losses = {}
    for rate in rates:
        own = settings.model_copy(update={"lr": rate, "method": method, "epochs": first})
        losses[rate] = [report.val_loss for report in fit(build(settings=own), train_val, own)][-1]
    assert chosen == min(losses, key=lambda rate: losses[rate])
    assert f"lr: {chosen:g}, by the validation loss" in caplog.text


def test_a_long_warmup_does_not_let_a_rate_that_is_too_high_pass(
    build: Callable[..., Learner], train_val: TrainVal, settings: Train,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("foodcls.train.lr_search.RATES", (1e-2, 1e3))
    slow = settings.model_copy(update={"extras": Extras(warmup=9_999)})
    budget = start_budget(None)
    assert choose_lr(build(), train_val, slow, budget) == 1e-2
    assert choose_lr(build(), train_val, settings, budget) == 1e-2


def test_trials_leave_half_of_the_time_to_the_training(
    build: Callable[..., Learner], train_val: TrainVal, settings: Train,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    times = [0.0]

    def step(*_: object) -> None:
        times.append(times[-1] + 10)

    monkeypatch.setattr(Learner, "step", step)
    many = settings.model_copy(update={"batch_size": 2})
    assert len(train_val.train) > 2 * 5
    choose_lr(build(), train_val, many, Budget(200.0, lambda: times[-1]))
    assert times[-1] == 100
    # where the probe has taken all of it, too
    monkeypatch.setattr("foodcls.train.probe.STRENGTHS", (0.03,))
    late = many.model_copy(update={"method": "probe_then_finetune"})
    assert choose_lr(build(settings=late), train_val, late, Budget(0.0, lambda: 1.0)) in RATES


@pytest.mark.parametrize("method", ["finetune", "probe_then_finetune"])
def test_a_trial_takes_as_many_steps_whatever_the_method(
    build: Callable[..., Learner], train_val: TrainVal, settings: Train, method: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("foodcls.train.lr_search.RATES", (1e-3,))
    monkeypatch.setattr("foodcls.train.lr_search.STEPS", 4)
    monkeypatch.setattr("foodcls.train.probe.STRENGTHS", (0.03,))
    steps: list[int] = []
    monkeypatch.setattr(Learner, "step", lambda learner, loss, factor, number: steps.append(number))
    many = settings.model_copy(update={"batch_size": 2, "method": method})
    choose_lr(build(settings=many), train_val, many, start_budget(None))
    assert len(steps) == 4


def test_where_each_rate_fails_the_way_out_is_named(
    build: Callable[..., Learner], train_val: TrainVal, settings: Train,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("foodcls.train.lr_search.RATES", (1e30, 1e31))
    with pytest.raises(TrainingError, match="set train.lr"):
        choose_lr(build(), train_val, settings, start_budget(None))


def test_what_was_chosen_is_in_the_checkpoint_and_the_report_of_each_epoch(
    gallery: Callable[[Store], pd.DataFrame], store: Store, labels: tuple[str, ...],
    quick: Train, tmp_path: Path,
) -> None:  # fmt: skip
    left_open = quick.model_copy(update={"lr": "auto", "trainable": "auto", "epochs": 1})
    checkpoint = train(gallery(store), store, labels, left_open, tmp_path / "cache")
    assert checkpoint.settings.trainable == ("blocks.4", "conv_head", "bn2")
    assert checkpoint.settings.lr in RATES
    assert [report.lr for report in checkpoint.reports] == [checkpoint.settings.lr]
    assert checkpoint.facts["lr"] == checkpoint.settings.lr


def test_a_rate_that_was_chosen_before_a_kill_is_believed_and_its_time_is_spent(
    gallery: Callable[[Store], pd.DataFrame], store: Store, labels: tuple[str, ...],
    quick: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A second choice might be another, and find none of the first one's epochs."""
    asked: list[float] = []

    def choose(learner: object, train_val: object, settings: Train, budget: Budget) -> float:
        asked.append(budget.left)
        return (1e-3, 1e-4)[len(asked) - 1]

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("foodcls.train.lr_search.choose_lr", choose)
    left_open = quick.model_copy(update={"lr": "auto", "max_minutes": 60.0})
    run = partial(train, gallery(store), store, labels, left_open, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(on_epoch=killed)
    seen: list[int] = []
    checkpoint = run(on_epoch=lambda report: seen.append(report.epoch))
    assert len(asked) == 1 and checkpoint.settings.lr == 1e-3
    assert seen == [1, 2, 3]
    # of a trial that took the whole hour none is left for epochs behind the first
    (kept,) = tmp_path.glob("lr-*.json")
    for epoch in tmp_path.glob("training-*"):
        epoch.unlink()
    kept.write_text("[0.001, 3600]")
    assert len(run().reports) == 1
    kept.write_text("torn")
    assert run().settings.lr == 1e-4 and len(asked) == 2


def test_a_rate_that_was_chosen_goes_with_the_epochs_that_it_led_to(
    gallery: Callable[[Store], pd.DataFrame], store: Store, labels: tuple[str, ...],
    quick: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("foodcls.train.lr_search.choose_lr", lambda *_: 1e-3)
    left_open = quick.model_copy(update={"lr": "auto", "epochs": 1})
    ended = train(gallery(store), store, labels, left_open, tmp_path)
    named = ended.settings.model_copy(update={"lr": 1e-4})
    checkpoint_files(tmp_path, replace(ended, settings=named)).delete()
    assert len(list(tmp_path.glob("lr-*"))) == 1  # a training whose recipe names a rate chose none
    checkpoint_files(tmp_path, ended).delete()
    assert not [path for kind in ("lr-*", "training-*") for path in tmp_path.glob(kind)]


def test_a_training_that_is_over_after_its_probe_needs_no_rate(
    gallery: Callable[[Store], pd.DataFrame], store: Store, labels: tuple[str, ...],
    quick: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("foodcls.train.probe.STRENGTHS", (0.03,))
    changed = {"lr": "auto", "method": "probe_then_finetune", "epochs": 1}
    checkpoint = train(gallery(store), store, labels, quick.model_copy(update=changed), tmp_path)
    assert [(report.epoch, report.lr) for report in checkpoint.reports] == [(1, 0.0)]
