from pathlib import Path

from foodcls.workspace.workspace import Workspace
from tasks.tracking.benchmark import FIGURES, log_benchmark
from tasks.tracking.client import local_tracking


def test_figures_are_logged_to_the_run_that_made_the_model(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    assert log_benchmark(workspace, "dishes", "d", {}, "").endswith("no run is recorded here")
    with local_tracking(workspace) as client:
        run = client.create_run(client.create_experiment("dishes")).info.run_id
        client.create_registered_model("dishes")
        client.create_model_version("dishes", "runs:/x", run, tags={"model_digest": "d"})
    record = {"formats": [{"format": "eager torch"} | dict.fromkeys(FIGURES, 1.5)]}
    assert "no version of dishes" in log_benchmark(workspace, "dishes", "other", record, "| a |")
    assert run in log_benchmark(workspace, "dishes", "d", record, "| a |")
    with local_tracking(workspace) as client:
        assert client.get_run(run).data.metrics["benchmark.eager_torch.ms_batch_1"] == 1.5
        assert {one.path for one in client.list_artifacts(run)} == {
            "benchmark.md", "benchmark.json",
        }  # fmt: skip
