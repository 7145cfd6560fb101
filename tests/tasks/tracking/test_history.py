"""Lists runs of a real MLflow store."""

from pathlib import Path

from mlflow.tracking import MlflowClient

from tasks.tracking.history import MOST, list_runs


def test_the_latest_runs_of_whole_recipes_are_listed_newest_first(tmp_path: Path) -> None:
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.create_experiment("lunch", artifact_location=tmp_path.as_uri())
    for number in range(MOST + 3):
        stage = "ablation" if number == MOST else "train"
        tags = {"stage": stage, "dataset_digest": f"d{number}", "test_digest": "t"}
        run = client.create_run(
            experiment, start_time=1_700_000_000_000 + number, tags=tags, run_name=f"run {number}"
        )
        client.log_metric(run.info.run_id, "accuracy", number / 100)
        client.log_param(run.info.run_id, "train.lr", number)
    lines = list_runs(client, experiment)
    wanted = [number for number in range(MOST + 2, -1, -1) if number != MOST][:MOST]
    assert [line.name for line in lines] == [f"run {number}" for number in wanted]
    newest = lines[0]
    assert newest.accuracy == (MOST + 2) / 100 and newest.bounds is None
    assert newest.settings == {"train.lr": str(MOST + 2)} and newest.tests == "t"
    assert newest.data == f"d{MOST + 2}" and newest.started == "2023-11-14 22:13"
