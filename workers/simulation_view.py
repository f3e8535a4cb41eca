"""A simulation for people and for machines: tables, JSON, a picture."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from learning.simulation.gates import Gate, interval
from learning.simulation.plan import Plan
from learning.simulation.run import Outcome


def figures(plan: Plan, outcomes: list[Outcome], judged: list[Gate]) -> dict[str, Any]:
    """Return everything as JSON: gates by name, policies by world and name."""
    policies: dict[str, dict[str, Any]] = {}
    for (world, policy), found in _by_world(outcomes).items():
        policies.setdefault(policy, {})[world] = _summary(found)
    return {
        "plan": {"name": plan.name, "seeds": plan.seeds, "students": plan.size.students, "days": plan.size.days},
        "gates": {
            gate.name: {"pass": gate.passed, "figure": gate.figure, "interval": list(gate.interval), "says": gate.says}
            | ({"known": gate.known} if gate.known and not gate.passed else {})
            for gate in judged
        },
        "policies": policies,
    }


def _by_world(outcomes: list[Outcome]) -> dict[tuple[str, str], list[Outcome]]:
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault((outcome.world, outcome.policy), []).append(outcome)
    return found


def _summary(outcomes: list[Outcome]) -> dict[str, Any]:
    nets = [outcome.net for outcome in outcomes]
    counts = [outcome.counts for outcome in outcomes if outcome.counts]
    summary: dict[str, Any] = {
        "net": fmean(nets),
        "interval": list(interval(nets)),
        "done": fmean(outcome.done for outcome in outcomes),
        "right": fmean(outcome.right for outcome in outcomes),
        "net_slow": fmean(outcome.net_slow for outcome in outcomes),
        "net_fast": fmean(outcome.net_fast for outcome in outcomes),
    }
    if counts:
        chosen = max(sum(count.chosen for count in counts), 1)
        summary |= {
            "churn": sum(count.churned for count in counts) / max(sum(count.waiting for count in counts), 1),
            "ladder": sum(count.with_rungs for count in counts) / chosen,
            "price": sum(count.price for count in counts) / chosen,
            "nothing": sum(count.nothing for count in counts) / max(sum(count.decisions for count in counts), 1),
        }
    return summary


def show(plan: Plan, outcomes: list[Outcome], judged: list[Gate], console: Console) -> None:
    """Print the policies of every world, and the gates."""
    console.print(f"{plan.seeds} classes of {plan.size.students} students a world, {plan.size.days} days")
    by_world = _by_world(outcomes)
    for world in dict.fromkeys(outcome.world for outcome in outcomes):
        columns = ("policy", "skills mastered", "95 in 100 between", "tasks done", "right", "churn", "ladder", "price")
        table = Table(*columns, title=f"World: {world}")
        rows = [(policy, _summary(found)) for (name, policy), found in by_world.items() if name == world]
        for policy, summary in sorted(rows, key=lambda row: -row[1]["net"]):
            low, high = summary["interval"]
            own = [f"{summary[name]:.3f}" if name in summary else "" for name in ("churn", "ladder", "price")]
            figures_ = [f"{summary['net']:.2f}", f"{low:.2f} to {high:.2f}", f"{summary['done']:.1f}"]
            table.add_row(policy, *figures_, f"{summary['right']:.2f}", *own)
        console.print(table)
    gates = Table("gate", "figure", "95 in 100 between", "", title="Gates")
    for gate in judged:
        low, high = gate.interval
        verdict = (
            "[green]holds[/]"
            if gate.passed
            else f"[yellow]known: {gate.known}[/]"
            if gate.known
            else "[red]does not hold[/]"
        )
        gates.add_row(gate.says, f"{gate.figure:+.3f}", f"{low:+.3f} to {high:+.3f}", verdict)
    console.print(gates)


def draw(outcomes: list[Outcome], path: Path) -> None:
    """Write a picture: skills mastered by policy, one panel a world."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    by_world = _by_world(outcomes)
    worlds = list(dict.fromkeys(outcome.world for outcome in outcomes))
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
