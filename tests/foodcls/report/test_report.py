"""Reads the report as a program, and looks at it in a real browser as a stranger's labels would."""

import dataclasses
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from foodcls.evaluate.evaluate import evaluate
from foodcls.features.row_cache import FeatureCache
from foodcls.metrics.evaluation import Evaluation, Source, evaluate_predictions
from foodcls.metrics.own_worth import ClassDistance, OwnWorth
from foodcls.metrics.paired_test import compare_predictions
from foodcls.metrics.predictions import Predictions
from foodcls.metrics.ranks import number_groups
from foodcls.report.comparison import build_comparison, comparison_html
from foodcls.report.report import ReportData, gather_report, report_html
from foodcls.report.thumbnails import PictureIndex, make_cards, worst_places
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint, EpochReport

LABELS = ("beans", "bread", "rabbit", "salad", "soup", "fish")
EPOCHS = tuple(
    EpochReport(epoch, 2 / epoch, 0.5, 2.2 / epoch, 0.6, 2.0, 1.0, 1e-3) for epoch in (1, 2, 3)
)
Trained = tuple[Checkpoint, pd.DataFrame]


@pytest.fixture
def pictures(store: Store, noise, encode) -> Callable[[Predictions], PictureIndex]:
    """A picture for each row, and the page `page` that showed it."""

    def fill(answers: Predictions, page: str = "https://example.org/page") -> PictureIndex:
        blobs = [store.put(encode(noise(place))) for place in range(len(answers.ids))]
        return PictureIndex(
            dict(zip(answers.keys, ((blob, page) for blob in blobs), strict=True)), store
        )

    return fill


@pytest.fixture
def answers(answered: Callable[..., Predictions]) -> Callable[..., Predictions]:
    """Thirty answers of a model that is often right."""

    def make(labels: tuple[str, ...] = LABELS, groups: tuple[str, ...] = ()) -> Predictions:
        rng = np.random.default_rng(1)
        truth = np.arange(30) % len(labels)
        scores = rng.random((30, len(labels)))
        scores[np.arange(30), truth] += 0.6
        return answered(truth, scores / scores.sum(axis=1, keepdims=True), labels, groups)

    return make


@pytest.fixture
def data(pictures: Callable[..., PictureIndex]) -> Callable[..., ReportData]:
    def make(
        answers: Predictions, name: str = "lunch", page: str = "https://example.org/p"
    ) -> ReportData:
        source = Source("c", "test", answers.labels, 1.3, 0.3, "p")
        evaluation = evaluate_predictions(
            answers.probabilities, answers.truth, number_groups(answers.groups), source
        )
        counts = {
            label: {"train": 33, "copies": 268, "val": 8, "test": 5, "own": 0}
            for label in answers.labels
        }
        cards = make_cards(worst_places(answers, 60), [answers], pictures(answers, page))
        digests, settings = {"exported file": "a" * 64}, {"train.lr": "3e-05"}
        return ReportData(name, evaluation, answers, EPOCHS, 2, cards, counts, digests, settings)

    return make


@pytest.fixture
def trap() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and what it has been asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_the_report_tells_all(answers: Callable, data: Callable) -> None:
    told = data(answers())
    page = report_html(told)
    scores = told.evaluation.scores
    for estimate in (scores.accuracy, scores.macro_recall, scores.top3, scores.top5):
        assert f"{estimate.value:.3f}" in page and f"{estimate.low:.3f} to" in page
    for estimate in (scores.average_position, scores.average_position_micro):
        assert f"{estimate.value:.2f}" in page and f"{estimate.low:.2f} to" in page
    for label in LABELS:
        assert f"<td>{label}</td>" in page
    for score in told.evaluation.per_class:
        assert f"{score.f1:.2f}" in page and f"{score.f1_bounds[0]:.2f} to" in page
    wrong = int((told.answers.right == 0).sum())
    assert page.count("data:image/jpeg;base64,") == wrong > 5
    assert "A temperature of 1.30" in page and "answers from 0.30 on" in page
    assert "Epoch 2 was kept" in page and "<td>198</td><td>1608</td>" in page
    assert "a" * 64 in page and "train.lr" in page


@pytest.mark.parametrize("groups", [3, 1])
def test_own_photos_have_a_section_of_their_own(
    answers: Callable, data: Callable, groups: int
) -> None:
    told = answers()
    before = np.roll(told.probabilities, 1, axis=1)
    gain = compare_predictions(before, told.probabilities, told.truth, np.arange(30) % groups)
    own = OwnWorth(30, groups, 0.976, 0.995, (ClassDistance("fish", 7, 0.54),), (), (),
                   gain if groups > 1 else None)  # fmt: skip
    shown = {"nearest of the crawl": ("data:image/jpeg;base64,AAAA",)}
    page = report_html(dataclasses.replace(data(told), own=own, own_looks=shown))
    assert "in 0.976 of pairs" in page and "<td>fish</td><td>7</td><td>0.54</td>" in page
    assert "Nearest of the crawl" in page and page.count("base64,AAAA") == 1
    worth = f"{gain.a.accuracy.value:.3f}: {100 * gain.accuracy.value:+.1f} points (95 %"
    assert (worth in page) == (groups > 1) == ("all 30 own photos" not in page.lower())
    assert "Own photos" not in report_html(data(told))


def test_the_same_data_gives_the_same_page(answers: Callable, data: Callable) -> None:
    assert report_html(data(answers())) == report_html(data(answers()))


def test_a_perfect_model_has_a_page_too(answered: Callable, data: Callable) -> None:
    page = report_html(data(answered([0, 1], [[0.9, 0.1], [0.2, 0.8]])))
    assert "every picture was named right" in page and "nan" not in page.lower()


def test_a_page_of_a_hundred_classes_stays_small(answered: Callable, data: Callable) -> None:
    rng = np.random.default_rng(0)
    truth = np.arange(1000) % 100
    scores = rng.random((1000, 100)) + 20 * np.eye(100)[truth]
    page = report_html(data(answered(truth, scores / scores.sum(axis=1, keepdims=True))))
    assert page.count('class="number counts') == 100 and len(page) < 600_000


SLY = '"><script src="TRAP/script.js"></script><img src=TRAP/x onerror=fetch("TRAP/y")>{{7*7}}'


@pytest.fixture
def hostile(answers: Callable, trap: tuple[str, list[str]]) -> Predictions:
    """Labels, origins and groups that a stranger would like to see as markup."""
    address = trap[0]
    sly = SLY.replace("TRAP", address)
    links = [f"javascript:fetch('{address}/z')", f'{address}/a" onmouseover="alert(1)', sly]
    plain = answers(tuple(f"{label}{sly}" for label in LABELS), tuple(sly[:9] for _ in range(30)))
    return dataclasses.replace(plain, origins=tuple(links[row % 3] for row in range(30)),
                               groups=tuple(f"{sly}{row // 5}" for row in range(30)))  # fmt: skip


def pages(hostile: Predictions, data: Callable, pictures: Callable) -> dict[str, str]:
    sly = hostile.labels[0]
    other = dataclasses.replace(hostile, probabilities=hostile.probabilities[:, ::-1])
    told = data(hostile, name=sly, page="javascript:alert(1)")
    told = dataclasses.replace(told, settings={sly: sly}, digests={sly: sly})
    comparison = build_comparison(hostile, other, (sly, sly), (sly,))
    return {
        "report": report_html(told),
        "compare": comparison_html(comparison, pictures(hostile, sly)),
    }


@pytest.mark.parametrize("kind", ["report", "compare"])
def test_nothing_hostile_runs_or_loads(
    kind: str,
    hostile: Predictions,
    data: Callable,
    pictures: Callable,
    trap: tuple[str, list[str]],
    browser: Any,
    tmp_path: Path,
) -> None:
    address, asked = trap
    path = tmp_path / "page.html"
    path.write_text(pages(hostile, data, pictures)[kind], encoding="utf-8")
    browser.open(path.as_uri(), "document.readyState === 'complete'")
    count = "document.querySelectorAll({!r}).length"
    assert browser.value(count.format("script, iframe, object, embed, link, base, form")) == 0
    assert browser.value(count.format("[onerror], [onmouseover], [onload], [onclick]")) == 0
    assert browser.value(count.format("img")) > 5
    links = browser.value("[...document.querySelectorAll('a')].map(a => a.href)")
    assert links and all(re.match(r"http://127|file:.*#", link) for link in links)
    # what a person sees is the text itself
    assert "{{7*7}}" in browser.value("document.body.innerText")
    # the policy would hold back even what came through
    browser.expected = "Content Security Policy"
    browser.value(
        f"document.body.insertAdjacentHTML('beforeend', '<img src={address}/leak>');"
        f"fetch('{address}/leak').catch(() => true)"
    )
    browser.value("new Promise(done => setTimeout(done, 200))")
    assert asked == []


def test_the_matrix_shows_counts_or_shares(
    answers: Callable, data: Callable, browser: Any, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(report_html(data(answers())), encoding="utf-8")
    browser.open(path.as_uri(), "document.readyState === 'complete'")
    seen = "[...document.querySelectorAll('.number')].filter(t => t.getBoundingClientRect().width)"
    kinds = f"[...new Set({seen}.map(t => t.classList[1]))]"
    assert browser.value(kinds) == ["counts"]
    browser.click("label[for=as-shares]")
    assert browser.value(kinds) == ["shares"]


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_of_the_page(
    width: int, answers: Callable, data: Callable, browser: Any, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(report_html(data(answers())), encoding="utf-8")
    browser.resize(width, 800)
    browser.open(path.as_uri(), "document.readyState === 'complete'")
    assert browser.value("document.documentElement.scrollWidth") <= width


@pytest.fixture
def judged_once(trained: Trained, store: Store, tmp_path: Path) -> tuple[Evaluation, pd.DataFrame]:
    """A checkpoint after one epoch: some answers are wrong."""
    checkpoint, manifest = trained
    swapped = manifest.copy()
    # half of the test pictures carry another label, and so are taken for mistakes
    rows = swapped.index[swapped["split"] == "test"][::2]
    swapped.loc[rows, "label"] = "sushi"
    swapped.loc[rows, "page"] = "https://example.org/page"
    return evaluate(checkpoint, swapped, FeatureCache(store, tmp_path / "cache")), swapped


def test_the_report_data_holds_what_evaluation_and_training_left(
    trained: Trained, judged_once: tuple[Evaluation, pd.DataFrame], store: Store
) -> None:
    checkpoint, (scores, manifest) = trained[0], judged_once
    data = gather_report("lunch", checkpoint, scores, manifest, store)
    assert (data.name, data.evaluation, data.epochs) == (
        "lunch",
        scores,
        checkpoint.reports,
    )
    assert data.best_epoch == checkpoint.best_epoch
    assert (
        data.learnt in report_html(data) and f"method {checkpoint.settings.method}" in data.learnt
    )
    wrong = data.answers.right == 0
    assert len(data.mistakes) == wrong.sum() > 0
    assert all(card.image.startswith("data:image/jpeg") for card in data.mistakes)
    assert {card.page for card in data.mistakes} <= {"", "https://example.org/page"}
    assert data.digests["checkpoint"] == checkpoint.digest
    assert data.digests["answers"] == scores.predictions


def test_classes_without_pictures_are_counted_as_such(
    trained: Trained, store: Store, tmp_path: Path
) -> None:
    checkpoint, manifest = trained
    scores = evaluate(checkpoint, manifest, FeatureCache(store, tmp_path / "cache"))
    fewer = manifest[manifest["label"] != "sushi"]
    scores = dataclasses.replace(scores, labels=checkpoint.labels)
    counts = gather_report("lunch", checkpoint, scores, fewer, store).counts
    assert list(counts) == list(checkpoint.labels)
    assert counts["sushi"] == {"train": 0, "copies": 0, "val": 0, "test": 0, "own": 0}
    assert counts["label"] == {"train": 6, "copies": 0, "val": 3, "test": 3, "own": 0}
