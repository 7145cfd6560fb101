"""Hugging Face's own reader takes the card, and what it says is what the run has."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import ModelCard

from foodcls.manifest import ManifestRef, new_manifest
from foodcls.recipe.recipe import load_recipe
from foodcls.recipe.train_settings import Train
from foodcls.report.model_card import LONGEST, card_description, model_card

LABELS = ("fish & chips", "a_b", "soup")
ROW = {"id": "1", "label": "soup", "source": "commons", "state": "kept", "split": "train"}
BY = {"licence": "CC-BY-4.0", "licence_by": "source"}


@pytest.fixture
def card(tmp_path: Path, judged, make_run):
    def write(*rows: dict[str, object], rejection: object = None, license: str = "mit") -> str:
        (tmp_path / "r.yaml").write_text(
            'name: r\nclasses: [{name: "fish & chips"}, {name: "a_b"}, {name: soup}]\n'
            "collect: {folder: ., permitted: [brave, pexels]}\ntrain: {use: research}\n"
        )
        settings = Train(backbone="resnet18", method="probe_then_finetune", lr=1e-3,
                         trainable=("layer4",))  # fmt: skip
        checkpoint = SimpleNamespace(settings=settings, license=license, abstain_below=0.5,
                                     rejection=rejection)  # fmt: skip
        trained = make_run(
            checkpoint=checkpoint,
            scores=judged([[40, 10, 0], [0, 30, 0], [0, 0, 5]], LABELS),
            grown=ManifestRef("augment", "d" * 64, "b", 9, 1),
            model=SimpleNamespace(blob="e" * 64),
        ).trained
        return model_card(load_recipe(tmp_path / "r.yaml"), trained, new_manifest(rows))

    return write


def test_hugging_face_reads_the_head(card) -> None:
    data = ModelCard(card(ROW)).data
    (result,) = data.eval_results
    assert result.metric_value == 0.8824 and "n = 85" in result.metric_name
    assert result.dataset_revision == "d" * 64 and data.pipeline_tag == "image-classification"
    assert data.tags == ["torchscript", "resnet18"] and data.license is None


def test_pictures_are_counted_by_source_and_licence(card) -> None:
    text = card(
        ROW | BY, ROW | BY | {"split": "val"}, ROW | {"source": "own", "split": "own"},
        ROW | {"source": "bing", "licence": "x|y", "licence_by": "filter", "split": "test"},
        ROW | {"state": "dropped"}, ROW | {"parent": "1", "copy": 1},
    )  # fmt: skip
    rows = [line for line in text.splitlines() if line.startswith(("| bing", "| commons", "| own"))]
    assert rows == [
        "| bing | x\\|y | the engine's filter, no proof | 0 | 0 | 1 |",
        "| commons | CC-BY-4.0 | its source | 1 | 1 | 0 |",
        "| own | unknown | nobody | 1 | 0 | 0 |",
    ]
    assert "Beside them 1 augmented copies" in text
    assert "states that brave, pexels permitted what their terms else forbid" in text
    # of a stranger's manifest that was replayed
    text = card(ROW | {"source": "a|<b>", "licence_by": "Ann|<i>"})
    assert r"| a\|\<b\> | unknown | Ann\|\<i\> | 1 | 0 | 0 |" in text
    text = card(ROW | {"licence": "x\u202e\x1b[2J\n| y |\n# z", "licence_by": "source"})
    assert r"| commons | x\[2J \| y \| \# z | its source | 1 | 0 | 0 |" in text


def test_it_says_what_was_not_tested_and_what_the_weights_allow(card) -> None:
    text = card(ROW)
    assert "it names a class for each of them" in text and "held out of the same" in text
    assert "(20) of soup: believe" in text and "weights of resnet18: mit, as its" in text
    learnt = "at the rate 0.001: a new head, which began as a probe, and layer4 of resnet18."
    assert learnt in text and "states: research" in text and "| a\\_b | 30 | 1.00 |" in text
    told = card(ROW | {"source": "test", "split": "test"}, rejection=1, license="")
    assert "one outside test set" in told and "or says that it is none" in told
    assert "names a class for each" not in told and "no pretrained weights" in told


def test_a_description_has_the_card_in_whole_lines_as_far_as_it_fits(card) -> None:
    text = card(ROW)
    assert card_description(text).startswith("# Model card of r\n\n## Use")
    assert card_description(text) == text.split("---\n", 2)[2].strip()
    cut = card_description(text + "a line of words\n" * 500)
    assert LONGEST - 100 < len(cut) <= LONGEST
    assert "a line of words\n\n*All of it: MODEL_CARD.md" in cut
