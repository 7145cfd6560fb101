"""Champion and challenger: which version of a registered model serves, by MLflow's aliases.

The versions that served, in order, are a tag of the registered model: the last is the champion.
What was decided of a version, and why, are tags of the version.
"""

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from foodcls.errors import InputError, ServerError, StageError
from foodcls.manifest import load_manifest
from foodcls.promote.rule import PromotionDecision
from foodcls.recipe.recipe import Recipe
from foodcls.runs.run_result import RunResult
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import explain, tracking

if TYPE_CHECKING:
    from foodcls.promote.challenge import Champion

CHAMPION, CHALLENGER = "champion", "challenger"
HISTORY, ROLLED_BACK = "champions", "rolled_back"
# what tells of pictures who of them was seen before
JUDGED = ("id", "label", "hash", "mirror_hash", "cluster", "state", "picture", "split", "parent")
REMEMBERED = 200  # champions; MLflow takes tags of 5,000 characters
GONE = "RESOURCE_DOES_NOT_EXIST"
UNTIL_NOW = "until now none served, so the new one was held against version {}, the best before it"


def promote_version(workspace: Workspace, recipe: Recipe, run: RunResult) -> PromotionDecision:
    """Let the new version serve, as the alias `champion`, if it is shown to be the better one."""
    recorded = run.recorded.result
    if not recorded.version:
        return PromotionDecision(False, f"not judged, for it is not recorded: {recorded.waiting}")
    try:
        with tracking(workspace) as client:
            crowned = crown_best(client, recipe.name, recorded.version)
            verdict = judge_version(client, workspace, recipe, run)
            if crowned:
                verdict = replace(verdict, reason=f"{UNTIL_NOW.format(crowned)}: {verdict.reason}")
            if verdict.is_new:
                champion = _champion(client, recipe.name)
                client.set_registered_model_alias(recipe.name, CHALLENGER, recorded.version)
                _mark(client, recipe.name, recorded.version, verdict.reason, champion)
            if verdict.is_promoted:
                _set_champion(client, recipe.name, recorded.version)
    except ServerError as error:
        return PromotionDecision(False, f"not judged: {explain(error)}")
    return verdict


def appoint(workspace: Workspace, name: str, version: str) -> str:
    """Let a version serve because a person says so; give the version that served before, or ''."""
    with tracking(workspace) as client:
        known = _versions(client, name)
        if version not in known:
            raise InputError(
                f"{name} has no version {version} in {client.tracking_uri}; "
                f"known are {', '.join(known) or 'none, run `foodcls run` first'}"
            )
        before = _champion(client, name)
        if before != version:
            _mark(client, name, version, "promoted by hand", before)
            client.delete_model_version_tag(name, version, ROLLED_BACK)
            _set_champion(client, name, version)
    return before


def roll_back(workspace: Workspace, name: str) -> tuple[str, str]:
    """Let the champion before serve again; give the version that served, and that serves now."""
    with tracking(workspace) as client:
        champion = _champion(client, name)
        champions = _champions(client, name)[:-1] if champion else []
        known = _versions(client, name)
        champions = [one for one in champions if one in known]
        if not champions:
            raise InputError(
                f"{name} has no champion before {champion or 'the first'} to go back to; "
                "`foodcls promote RECIPE VERSION` lets any version serve"
            )
        _mark(client, name, champion, f"rolled back to version {champions[-1]}", champions[-1])
        client.set_model_version_tag(name, champion, ROLLED_BACK, _now())
        client.set_registered_model_alias(name, CHAMPION, champions[-1])
        client.set_registered_model_tag(name, HISTORY, " ".join(champions))
    return champion, champions[-1]


def crown_best(client: MlflowClient, name: str, new: str) -> str:
    """If no version serves, make the most accurate earlier one champion; its number, or ''.

    Else a first retraining would be promoted whatever came of it.
    """
    if _champion(client, name):
        return ""
    known = [
        (float(one.tags["accuracy"]), int(one.version))
        for one in client.search_model_versions(f"name = '{name}'")
        if "accuracy" in one.tags and ROLLED_BACK not in one.tags and str(one.version) != new
    ]
    if not known:
        return ""
    best = str(max(known)[1])
    _mark(client, name, best, "the most accurate when none served", "")
    _set_champion(client, name, best)
    return best


def judge_version(
    client: MlflowClient, workspace: Workspace, recipe: Recipe, run: RunResult
) -> PromotionDecision:
    """Compare a run's version with the champion, unless it is that, or was compared before."""
    version, champion = run.recorded.result.version, _champion(client, recipe.name)
    if not champion:
        return PromotionDecision(True, "the first model")
    if champion == version:
        return PromotionDecision(False, f"version {version} serves already", is_new=False)
    tags = client.get_model_version(recipe.name, version).tags
    # what a person has taken back does not return by itself
    if ROLLED_BACK in tags or tags.get("judged_against") == champion:
        said = tags.get("verdict", "no reason noted")
        return PromotionDecision(
            False, f"version {version} was judged before: {said}", is_new=False
        )
    # brings torch, for which a run that has nothing to judge need not wait
    from foodcls.promote.challenge import challenge

    manifest = load_manifest(run.trained.pictures, workspace.store, JUDGED)
    serving = _read_serving(client, workspace, recipe.name, champion)
    return challenge(serving, run.trained.scores.result, manifest, workspace.store, recipe.promote)


def _read_serving(
    client: MlflowClient, workspace: Workspace, name: str, version: str
) -> "Champion":
    """The file of a version, and the table of the pictures that it was trained on."""
    from foodcls.export.load import load_model
    from foodcls.promote.challenge import Champion

    known = client.get_model_version(name, version)
    fetch = mlflow.artifacts.download_artifacts
    with TemporaryDirectory() as folder:
        try:
            model = fetch(f"models:/{name}/{version}", dst_path=folder)
            table = fetch(
                run_id=known.run_id, artifact_path=workspace.manifest.name, dst_path=folder
            )
        except (MlflowException, OSError) as error:
            raise StageError(
                f"the champion, version {version} of {name}, cannot be compared with: its file or "
                f"its manifest.csv cannot be had from MLflow ({explain(error)}); let another "
                "version serve by `foodcls promote RECIPE VERSION`"
            ) from error
        (path,) = Path(model).rglob("*.pt")
        return Champion(
            load_model(path, known.tags.get("model_digest", "")), read_manifest(Path(table), JUDGED)
        )


def _champion(client: MlflowClient, name: str) -> str:
    """The version that serves, or ''."""
    try:
        return str(client.get_registered_model(name).aliases.get(CHAMPION, ""))
    except MlflowException as error:
        if error.error_code != GONE:
            raise
        return ""


def _champions(client: MlflowClient, name: str) -> list[str]:
    """The versions that served, in order; the last is the one that does."""
    model = client.get_registered_model(name)
    champions, champion = model.tags.get(HISTORY, "").split(), str(model.aliases.get(CHAMPION, ""))
    # somebody may have moved the alias in MLflow's own UI
    return champions if champions[-1:] == [champion] or not champion else [*champions, champion]


def _set_champion(client: MlflowClient, name: str, version: str) -> None:
    champions = [*_champions(client, name), version][-REMEMBERED:]
    client.set_registered_model_tag(name, HISTORY, " ".join(champions))
    client.set_registered_model_alias(name, CHAMPION, version)
    client.set_model_version_tag(name, version, "champion_since", _now())


def _mark(client: MlflowClient, name: str, version: str, verdict: str, against: str) -> None:
    """Note on a version what was decided, and which version it was held against."""
    client.set_model_version_tag(name, version, "verdict", verdict)
    client.set_model_version_tag(name, version, "judged_against", against)


def _versions(client: MlflowClient, name: str) -> list[str]:
    """The versions that are there, in order."""
    found = client.search_model_versions(f"name = '{name}'")
    return sorted((str(one.version) for one in found), key=int)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
