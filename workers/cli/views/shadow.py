"""Show what a policy in the shadow would have done differently, a row a day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from tasks.pipeline.shadow_policies import ShadowDay
from workers.cli.views.tables import console

MOST_CODES = 3


def show_shadow(tried: Mapping[str, Any], days: Sequence[ShadowDay]) -> None:
    """Print the settings that are tried, and the table."""
    out = console()
    settings = ", ".join(f"{name}={json.dumps(value)}" for name, value in tried.items()) or "nothing now"
    out.print(f"In the shadow: {settings}. Pairs are: in force, in the shadow.")
    if not days:
        out.print("Nothing has been decided with it yet.")
        return
    table = Table("Day", "Decisions", "First slot differs", "By reason", "Price", "Ladder", "Churn", "Cost a decision")
    for day in days:
        codes = "; ".join(f"{live} > {shadow}: {count}" for live, shadow, count in day.codes[:MOST_CODES])
        table.add_row(
            day.day.isoformat(), str(day.decisions), str(day.differs), codes,
            f"{day.price[0]:.3f}, {day.price[1]:.3f}", f"{day.ladder[0]:.0%}, {day.ladder[1]:.0%}",
            f"{day.churn[0]:.2f}, {day.churn[1]:.2f}", f"{day.milliseconds:.1f} ms",
        )  # fmt: skip
    out.print(table)
