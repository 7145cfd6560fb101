"""Decides whether a run's model version becomes the champion, the one that serves."""

from foodcls.promote.rule import PromotionDecision
from foodcls.recipe.recipe import Recipe
from foodcls.runs.run_result import RunResult
from foodcls.workspace.workspace import Workspace
from tasks.engine.stage import stage
from tasks.tracking.registry import promote_version


@stage()
def promote(workspace: Workspace, recipe: Recipe, run: RunResult) -> PromotionDecision:
    """Let the new version serve, as the alias `champion`, if it is shown to be the better one."""
    return promote_version(workspace, recipe, run)
