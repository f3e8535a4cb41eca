"""Show the retention periods of schools, with the number of rows that are due for deletion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def lines(by_school: Sequence[dict[str, Any]]) -> list[str]:
    """Return the periods as lines of text."""
    text = []
    for school in by_school:
        text.append(school["school"])
        for row in school["terms"]:
            days = "forever" if row["days"] is None else f"{row['days']:,} days"
            text.append(f"  {row['kind']:<10} {days:>12}{' ' if row['shipped'] else '*'}  {row['due']:>9,} due")
    return [*text, "* set by the school. The nightly task deletes what is due."]
