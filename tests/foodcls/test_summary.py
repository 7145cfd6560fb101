import json
from types import SimpleNamespace

from foodcls.learn.evaluate import ClassScore, Evaluation
from foodcls.manifest import ManifestRef
from foodcls.steps import Step
from foodcls.summary import summarize


def test_summary_holds_all_that_programs_were_promised() -> None:
    scores = Evaluation(
        "", "test", accuracy=0.8, accuracy_low=0.7, accuracy_high=0.9, n=50, average_position=1.4,
        average_position_micro=1.3, top3=0.95, labels=("soup",), confusion=(), predictions="",
        per_class=(ClassScore("soup", 50, 0.8, None, 1.4),),
    )  # fmt: skip
    recorded = SimpleNamespace(model_path="m.pt", tracking_uri="u", run_id="r", version="3")
    results = [ManifestRef("collect", "d", "b", 9, 1), SimpleNamespace(best_epoch=2), scores,
               SimpleNamespace(blob="abc"), recorded]  # fmt: skip
    names = ["collect", "train", "evaluate", "export", "record"]
    steps = [Step(name, result, 1.0, cached=name == "collect")
             for name, result in zip(names, results, strict=True)]  # fmt: skip
    summary = json.loads(json.dumps(summarize(steps)))
    assert summary["accuracy"] == 0.8 and summary["n"] == 50
    assert summary["per_class"]["soup"]["precision"] is None
    assert summary["stage_counts"] == {"collect": {"kept": 9, "dropped": 1}}
    assert summary["registered_version"] == "3" and summary["mlflow_run_id"] == "r"
    assert set(summary["seconds"]) == set(names) and summary["cached"] == ["collect"]
