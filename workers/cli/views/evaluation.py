"""Show an evaluation: tables for the terminal, and a reliability diagram."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from workers.cli.training_data import stop

MAX_SKILLS = 20


def show(figures: dict[str, Any], console: Console) -> None:
    """Print the figures as tables."""
    whole = Table("figure", "value", title="Next response, unseen students")
    for name, value in figures.items():
        if not isinstance(value, list | dict):
            whole.add_row(name.replace("_", " "), text(value))
    console.print(whole)
    mastered = Table("figure", "value", title="Skills called mastered")
    for name, value in figures["mastered"].items():
        mastered.add_row(name.replace("_", " "), text(value))
    console.print(mastered)
    console.print(_score_table("By responses seen", "seen from", figures["by_seen"], "seen_from"))
    console.print(_group_table(figures["groups"]))
    console.print(_score_table("By skill (mastery against the next response)", "skill", figures["by_skill"], "skill"))


def _score_table(title: str, first: str, rows: list[dict[str, Any]], key: str) -> Table:
    left_out = len(rows) - MAX_SKILLS
    table = Table(first, "responses", "auc", "ece", "expected", "actual", title=title)
    for row in rows[:MAX_SKILLS]:
        table.add_row(*(text(row[name]) for name in (key, "responses", "auc", "ece", "expected", "actual")))
    if left_out > 0:
        table.caption = f"{left_out} more with --json"
    return table


def _group_table(groups: list[dict[str, Any]]) -> Table:
    table = Table(
        "group", "students", "auc", "ece", "expected", "actual", "mastered", "of these right next", title="Fairness"
    )
    for group in groups:
        scores, mastered = group["scores"], group["mastered"]
        figures = [scores["auc"], scores["ece"], scores["expected"], scores["actual"]]
        figures += [mastered["share"], mastered["next_right"]]
        table.add_row(f"{group['column']} {group['value']}", str(group["students"]), *map(text, figures))
    return table


def text(value: object) -> str:
    """Format a figure for people."""
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.4f}"
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def draw(figures: dict[str, Any], path: Path, *, title: str) -> None:
    """Write a reliability diagram: expected against actual outcomes, in bins of equal size."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        stop("A plot needs matplotlib, which is not installed. Install it, or leave --plot out.")
    expected, actual, _ = zip(*figures["reliability"], strict=True)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="perfect")
    axes.plot(expected, actual, marker="o", label=f"ECE {text(figures['ece'])}, AUC {text(figures['auc'])}")
    axes.set(xlabel="expected outcome", ylabel="actual outcome", xlim=(0, 1), ylim=(0, 1), title=title)
    axes.set_aspect("equal")
    axes.legend(loc="upper left")
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        stop(f"{path}: {error}. Name a .png in a writable folder.")
