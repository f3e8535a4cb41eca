"""Show a simulation: tables, JSON and a chart."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from learning.simulation.acceptance import Criterion, interval
from learning.simulation.plan import Plan
from learning.simulation.run import Outcome

MEASURES = {"this year's": "net_this_year", "weakest third's": "net_weakest", "true gain": "gain"}
"""Measures beside the skills mastered, by column: a skill counts as mastered from the day it crosses the target, so one
that is just below counts as much as one that was never begun; `true gain` adds up true success instead."""
OF_OURS = ("churn", "ladder", "price")


def figures(plan: Plan, outcomes: list[Outcome], criteria: list[Criterion]) -> dict[str, Any]:
    """Return everything as JSON: criteria by name, policies by name and world."""
    policies: dict[str, dict[str, Any]] = {}
    for (world, policy), found in _by_world(outcomes).items():
        policies.setdefault(policy, {})[world] = _summary(found)
    return {
        "plan": {"name": plan.name, "seeds": plan.seeds, "students": plan.size.students, "days": plan.size.days},
        "gates": {
            gate.name: {
                "pass": gate.passed,
                "figure": gate.value,
                "interval": list(gate.interval),
                "says": gate.description,
            }
            | ({"known": gate.known_reason} if gate.known_reason and not gate.passed else {})
            for gate in criteria
        },
        "policies": policies,
    }


def _by_world(outcomes: list[Outcome]) -> dict[tuple[str, str], list[Outcome]]:
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault((outcome.scenario, outcome.policy), []).append(outcome)
    return found


def _summary(outcomes: list[Outcome]) -> dict[str, Any]:
    nets = [outcome.net for outcome in outcomes]
    counts = [outcome.counts for outcome in outcomes if outcome.counts]
    summary: dict[str, Any] = {
        "net": fmean(nets),
        "interval": list(interval(nets)),
        "done": fmean(outcome.done_per_student for outcome in outcomes),
        "right": fmean(outcome.correct_share for outcome in outcomes),
        "net_slow": fmean(outcome.net_slow for outcome in outcomes),
        "net_fast": fmean(outcome.net_fast for outcome in outcomes),
        "gain": fmean(outcome.gain for outcome in outcomes),
        "net_this_year": fmean(outcome.net_this_year for outcome in outcomes),
        "net_weakest": fmean(outcome.net_weakest for outcome in outcomes),
        "gain_weakest": fmean(outcome.gain_weakest for outcome in outcomes),
    }
    if counts:
        filled = max(sum(count.filled_slots for count in counts), 1)
        summary |= {
            "churn": sum(count.replacements for count in counts) / max(sum(count.unattempted for count in counts), 1),
            "ladder": sum(count.with_fallbacks for count in counts) / filled,
            "price": sum(count.price for count in counts) / filled,
            "nothing": sum(count.no_assignment for count in counts) / max(sum(count.decisions for count in counts), 1),
        }
    return summary


def show(plan: Plan, outcomes: list[Outcome], criteria: list[Criterion], console: Console) -> None:
    """Print the policies of every world, and the acceptance criteria."""
    console.print(f"{plan.seeds} classes of {plan.size.students} students per world, {plan.size.days} days")
    by_world = _by_world(outcomes)
    for world in dict.fromkeys(outcome.scenario for outcome in outcomes):
        columns = ("policy", "skills mastered", "95 in 100 between", *MEASURES, "tasks done", "right", *OF_OURS)
        table = Table(*columns, title=f"World: {world}")
        rows = [(policy, _summary(found)) for (name, policy), found in by_world.items() if name == world]
        for policy, summary in sorted(rows, key=lambda row: -row[1]["net"]):
            low, high = summary["interval"]
            own = [f"{summary[name]:.3f}" if name in summary else "" for name in OF_OURS]
            measures = [f"{summary[name]:.2f}" for name in MEASURES.values()]
            figures_ = [f"{summary['net']:.2f}", f"{low:.2f} to {high:.2f}", *measures, f"{summary['done']:.1f}"]
            table.add_row(policy, *figures_, f"{summary['right']:.2f}", *own)
        console.print(table)
    gates = Table("criterion", "figure", "95 in 100 between", "", title="Acceptance criteria")
    for gate in criteria:
        low, high = gate.interval
        verdict = (
            "[green]passes[/]"
            if gate.passed
            else f"[yellow]known: {gate.known_reason}[/]"
            if gate.known_reason
            else "[red]fails[/]"
        )
        gates.add_row(gate.description, f"{gate.value:+.3f}", f"{low:+.3f} to {high:+.3f}", verdict)
    console.print(gates)


def draw(outcomes: list[Outcome], path: Path) -> None:
    """Write a chart: skills mastered by policy, one panel per world."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    by_world = _by_world(outcomes)
    worlds = list(dict.fromkeys(outcome.scenario for outcome in outcomes))
    figure, panels = plt.subplots(1, len(worlds), figsize=(4.2 * len(worlds), 4.5), layout="constrained", squeeze=False)
    for panel, world in zip(panels[0], worlds, strict=True):
        rows = [(policy, _summary(found)) for (name, policy), found in by_world.items() if name == world]
        rows.sort(key=lambda row: row[1]["net"])
        nets = [summary["net"] for _, summary in rows]
        spread = [[s["net"] - s["interval"][0] for _, s in rows], [s["interval"][1] - s["net"] for _, s in rows]]
        colours = ["tab:orange" if policy.startswith("own") else "tab:grey" for policy, _ in rows]
        panel.barh([policy for policy, _ in rows], nets, xerr=spread, color=colours)
        panel.set(title=f"world: {world}", xlabel="skills mastered a student, net")
    figure.savefig(path, dpi=120)
    plt.close(figure)
