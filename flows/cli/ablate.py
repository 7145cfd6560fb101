"""Prints the table of an ablation, and says by which pictures its rows were judged."""

from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from flows.cli.output import command_in, out, say, say_sentences
from foodcls.report.ablation_table import Ablation, AblationResult, AblationRow, summarize_ablation
from foodcls.workspace.workspace import Workspace


def tell_ablation(done: AblationResult, folder: Path, recipe_file: Path) -> dict[str, Any]:
    """Print the table, what would change it, and where it lies; give all of it for programs."""
    result = summarize_ablation(done)
    show_table(done.table.result)
    say_sentences(*_next(done.table.result, folder, recipe_file))
    run = f"{result['mlflow_run_id']}, with a run for each row nested in it"
    workspace, waiting = Workspace(folder), result["mlflow_waiting"]
    later = f"not sent: {waiting}; {command_in(folder, 'sync')} sends it"
    lines = [
        f"tables      {workspace.ablation}, {workspace.ablation_json}",
        f"MLflow run  {later if waiting else run}",
    ]
    # not wrapped: a path has to survive being copied
    say("\n".join(lines))
    return result


def show_table(ablation: Ablation) -> None:
    """Print a line for each data set, and by which pictures all were judged."""
    table = Table(title="What the cleaning gains", box=SIMPLE_HEAD)
    table.add_column("dataset")
    for name in ("trained on", "accuracy\n95 %", "position\n95 %", "row above"):
        table.add_column(name, justify="right", overflow="fold")
    for row in ablation.rows:
        table.add_row(
            row.dataset,
            f"{row.trained_on:,}",
            # intervals below: beside each other the columns would not fit into 80
            f"[bold]{row.accuracy:.3f}[/]\n{row.accuracy_low:.3f} to {row.accuracy_high:.3f}",
            f"[bold]{row.average_position:.2f}[/]\n{row.average_position_low:.2f} to "
            f"{row.average_position_high:.2f}",
            _step_up(row),
        )
    out.print(table)
    say_sentences(f"Judged by {ablation.judged_by}.")


def _next(ablation: Ablation, folder: Path, recipe_file: Path) -> list[str]:
    """What makes rows differ that learnt from the same pictures, if there are any."""
    look = f"`{command_in(folder, 'review', recipe_file)}` drops pictures and draws boxes"
    copy = "`--set augment.per_class=301` makes changed copies"
    steps = {"filtered": look, "cropped": look, "cropped and augmented": copy}
    same = [row.dataset for row in ablation.rows if row.is_same_set]
    wanted = "; ".join(dict.fromkeys(steps[name] for name in same))
    return [f"No other pictures than the row above: {', '.join(same)}. {wanted}."] if same else []


def _step_up(row: AblationRow) -> str:
    if row.p_value is None or row.gain_low is None or row.gain_high is None:
        return "–"
    if row.is_same_set:
        return "the same pictures"
    return (
        f"+{row.gained} −{row.lost}, p = {row.p_value:.2g}\n"
        f"{row.gain_low:+.3f} to {row.gain_high:+.3f}"
    )
