"""Sends to MLflow what waits in a workspace, and says what became of each record."""

from pathlib import Path

from rich.console import Console

from foodcls.errors import InputError
from foodcls.workspace.workspace import Workspace
from tasks.tracking.send import send_waiting


def send_records(console: Console, workspace: Path) -> int:
    """Send what waits; how many records wait still."""
    if not workspace.is_dir():
        raise InputError(f"{workspace} is not there; name a workspace with --workspace")
    left = sent = 0
    for one in send_waiting(Workspace.at(workspace)):
        left, sent = left + bool(one.trouble), sent + (not one.trouble)
        if not one.trouble:
            console.print(f"{one.run_id} is in {one.address}", highlight=False, soft_wrap=True)
    console.print(f"{sent} sent, {left} left", highlight=False)
    return left
