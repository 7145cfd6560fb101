import json
from types import SimpleNamespace

from foodcls.manifest import ManifestRef
from foodcls.progress import Work
from foodcls.recipe.train_settings import Train
from foodcls.runs.run_result import Recorded, Reported, summarize
from foodcls.runs.stage_result import StageResult
from foodcls.train.checkpoint import EpochReport


def test_summary_holds_all_that_programs_were_promised(judged, make_run) -> None:
    scores = judged([[40, 10, 0], [0, 0, 0], [0, 0, 0]], ("soup", "salad", "bread"))
    found = ManifestRef("collect", "d", "b", 9, 1)
    epoch = EpochReport(1, 0.1, 0.99, 0.9, 0.7, 2.0, 1.0, 1e-3)
    run = make_run(
        found=StageResult("collect", found, 1.0, True, (Work("fetch", 1, 9),)),
        checkpoint=SimpleNamespace(
            best_epoch=1, reports=[epoch], temperature=1.0, license="mit", settings=Train()
        ),
        scores=scores,
        model=SimpleNamespace(blob="abc"),
        reported=Reported("w/report.html", ()),
        recorded=Recorded("u", "1", "r", "3", "m.pt", is_new=False),
    )
    summary = json.loads(json.dumps(summarize(run)))
    assert {"accuracy_low", "accuracy_high", "average_position_micro"} <= set(summary)
    assert summary["accuracy"] == 0.8 and summary["n"] == 50
    assert summary["per_class"]["bread"]["precision"] is None
    assert summary["stage_counts"] == {"collect": {"kept": 9, "dropped": 1}}
    assert summary["recorded_anew"] is False
    assert len(summary["advice"]) == 2 and "soup is taken for salad" in summary["advice"][1]
    assert summary["report_path"] == "w/report.html"
    assert summary["registered_version"] == "3" and summary["mlflow_run_id"] == "r"
    assert summary["work"] == {"collect": {"fetch": {"anew": 1, "recalled": 9}}}
    assert list(summary["seconds"]) == [step.name for step in run.steps]
    assert summary["cached"] == ["collect"]
