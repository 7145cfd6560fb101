"""An ablation's own steps: other training sets, the table, and where it is written."""

from collections.abc import Sequence

from foodcls.manifest import ManifestRef, load_manifest, save_manifest
from foodcls.recipe.data_settings import Split
from foodcls.report.ablation_table import (
    Ablation,
    Trial,
    ablation_csv,
    ablation_json,
    compare_trials,
)
from foodcls.split.ablation_sets import take_raw as take_raw_pictures
from foodcls.split.ablation_sets import undo_crop as undo_cuts
from foodcls.store.store import write_whole
from foodcls.workspace.workspace import Workspace
from tasks.engine.stage import stage


@stage("foodcls.split.ablation_sets", name="raw")
def take_raw(
    workspace: Workspace, pictures: ManifestRef, whole: ManifestRef, settings: Split
) -> ManifestRef:
    """Bring back into training what was dropped and cut off."""
    manifests = load_manifest(pictures, workspace.store), load_manifest(whole, workspace.store)
    return save_manifest(take_raw_pictures(*manifests, settings), workspace.store, "raw")


@stage("foodcls.split.ablation_sets", name="filtered")
def undo_crop(workspace: Workspace, pictures: ManifestRef, whole: ManifestRef) -> ManifestRef:
    """Bring back into training what was cut off."""
    manifests = load_manifest(pictures, workspace.store), load_manifest(whole, workspace.store)
    return save_manifest(undo_cuts(*manifests), workspace.store, "filtered")


@stage()
def compare(workspace: Workspace, pictures: ManifestRef, trials: Sequence[Trial]) -> Ablation:
    """Make the table, and write it into the workspace for people and programs."""
    manifest = load_manifest(pictures, workspace.store, ("id", "state", "split", "box"))
    table = compare_trials(trials, manifest, workspace.store)
    texts = {workspace.ablation_json: ablation_json(table), workspace.ablation: ablation_csv(table)}
    for path, text in texts.items():
        write_whole(path, text)
    return table
