import json
from types import SimpleNamespace

from foodcls.manifest import ManifestRef
from foodcls.steps import Step
from foodcls.summary import summarize
from foodcls.tally import Work


def test_summary_holds_all_that_programs_were_promised(judged) -> None:
    scores = judged([[40, 10, 0], [0, 0, 0], [0, 0, 0]], ("soup", "salad", "bread"))
    recorded = SimpleNamespace(
        model_path="m.pt", tracking_uri="u", experiment_id="1", run_id="r", version="3",
        is_new=False, waiting="",
    )  # fmt: skip
    results = [ManifestRef("collect", "d", "b", 9, 1), SimpleNamespace(best_epoch=2), scores,
               SimpleNamespace(blob="abc"), SimpleNamespace(path="w/report.html"),
               recorded]  # fmt: skip
    names = ["collect", "calibrate", "evaluate", "export", "report", "record"]
    work = {"collect": (Work("fetch", 1, 9),)}
    steps = [Step(name, result, 1.0, name == "collect", work.get(name, ()))
             for name, result in zip(names, results, strict=True)]  # fmt: skip
    summary = json.loads(json.dumps(summarize(steps)))
    assert {"accuracy_low", "accuracy_high", "average_position_micro"} <= set(summary)
    assert summary["accuracy"] == 0.8 and summary["n"] == 50
    assert summary["per_class"]["bread"]["precision"] is None
    assert summary["stage_counts"] == {"collect": {"kept": 9, "dropped": 1}}
    assert summary["recorded_anew"] is False
    assert summary["report_path"] == "w/report.html"
    assert summary["registered_version"] == "3" and summary["mlflow_run_id"] == "r"
    assert summary["work"] == {"collect": {"fetch": {"anew": 1, "recalled": 9}}}
    assert set(summary["seconds"]) == set(names) and summary["cached"] == ["collect"]
