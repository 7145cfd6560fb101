"""Finds what an earlier command left in a workspace, or says which command to run first."""

from pathlib import Path

from foodcls.errors import InputError
from foodcls.workspace.workspace import Workspace


def find_manifest(workspace: Path, recipe_file: Path = Path("RECIPE")) -> Path:
    """The table of a workspace's pictures; InputError when there is none yet."""
    table = Workspace(workspace).manifest
    if not table.exists():
        raise InputError(
            f"{table} is not there; run `foodcls prepare {recipe_file} --workspace {workspace}` "
            "first, it collects the pictures"
        )
    return table
