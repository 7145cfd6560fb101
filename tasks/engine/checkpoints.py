"""Finds the checkpoint that an exported file was made of, among what stages have left."""

from typing import Any

from prefect.results import ResultRecord
from pydantic import ValidationError

from foodcls.errors import InputError
from foodcls.train.checkpoint import Checkpoint
from foodcls.workspace.workspace import Workspace
from tasks.engine.stage import find_fault


def find_checkpoint(workspace: Workspace, digest: str) -> Checkpoint | None:
    """The checkpoint of that digest, if a stage of this workspace has made it, and it is whole."""
    for path in workspace.list_results():
        data = path.read_bytes()
        if b"pretrained_digest" not in data or find_fault(data):
            continue
        try:
            found: Any = ResultRecord.deserialize(data).result
        # of an earlier foodcls, whose checkpoints had other fields
        except ValidationError:
            continue
        if isinstance(found, Checkpoint) and found.digest == digest:
            return found if workspace.store.is_whole(found.weights) else None
    return None


def need_checkpoint(workspace: Workspace, digest: str, model: object) -> Checkpoint:
    """The checkpoint of that digest; InputError where `find_checkpoint` finds none."""
    found = find_checkpoint(workspace, digest)
    if found is None:
        raise InputError(
            f"{model} was made of the checkpoint {digest[:12]}…, which {workspace.root} does not "
            "have; name with --workspace where it was trained, or run its recipe again there"
        )
    return found
