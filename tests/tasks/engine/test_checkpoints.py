"""The checkpoint of an exported file is found whatever else a workspace's results hold."""

from pathlib import Path

from prefect.results import ResultRecord, ResultRecordMetadata
from prefect.serializers import JSONSerializer

from foodcls.recipe.train_settings import Train
from foodcls.train.checkpoint import Checkpoint
from foodcls.workspace.workspace import Workspace
from tasks.engine.checkpoints import find_checkpoint


def test_checkpoints_of_an_earlier_foodcls_are_passed_over(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    made = Checkpoint(
        weights=workspace.store.put(b"weights"), labels=("a", "b"), settings=Train(),
        pretrained_digest="p", license="", mean=(0.5,), std=(0.5,), threads=1, best_epoch=1,
        reports=(), train_count=1, val_count=1, data_digest="d",
    )  # fmt: skip
    told = ResultRecordMetadata(storage_key="k", serializer=JSONSerializer())
    data = ResultRecord(result=made, metadata=told).serialize()
    for number, field in enumerate((b"threads", b"batch_size")):
        (workspace.results / str(number)).write_bytes(data.replace(field, b"gone"))
    assert find_checkpoint(workspace, made.digest) is None
    (workspace.results / "key").write_bytes(data)
    assert find_checkpoint(workspace, made.digest) == made
