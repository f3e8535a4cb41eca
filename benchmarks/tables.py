"""A plan for the day of the recorded class: who is served, who gives up. `python -m benchmarks.tables [--json]`.

The example school's semester is run in a database of its own. After each week the values of all first tasks are read,
as `souschef groups --tables` reads them. Of the last week: how many tables serve how many of the 28 at each bound. Of
the last ten weeks, at four tables and 15 %: how often and how much each student gives up, with the rotation, and with
the same turns every week instead; with any number at a table, and with at most seven.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from benchmarks.environment import empty_database
from learning.selection.tables import FirstTasks, plan_tables, turns_of_week
from models import engine
from models.access import schools
from tasks.pipeline import table_plans
from workers.cli.demo import offline_semester

CLASS = "MATH-5A"
WEEKS = 10
BOUNDS = (0.0, 0.05, 0.10, 0.15, 0.25)
MOST_TABLES = 8
PLAN = {"tables": 4, "give_up": 0.15}
Turns = Callable[[FirstTasks, int], dict[int, int]]


def read_weeks() -> tuple[list[FirstTasks], int]:
    """Run the semester; return the values after each week, and the school's key."""
    weeks: list[FirstTasks] = []
    key = 0
    for _ in offline_semester.weeks_of_semester():
        with engine.transaction() as session:
            values, inputs = table_plans.load_values(session, schools.resolve(session, None).id, CLASS)
            weeks.append(values)
            key = inputs.policies[None].policy.tie_break_key
    return weeks, key


def count_served(values: FirstTasks, key: int) -> dict[str, list[int]]:
    """Return by bound how many students 1, 2, ... tables serve."""
    turns = turns_of_week(values, key=key, week=0)
    return {
        f"{bound:.0%}": [
            plan_tables(values, tables=tables, give_up=bound, turns=turns).student_count
            for tables in range(1, MOST_TABLES + 1)
        ]
        for bound in BOUNDS
    }


def spread(weeks: list[FirstTasks], turns: Turns, *, max_size: int | None) -> dict[str, Any]:
    """Return who gives up how often and how much over the weeks."""
    times: dict[int, int] = defaultdict(int)
    shares: dict[int, float] = defaultdict(float)
    places = []
    for week, values in enumerate(weeks):
        plan = plan_tables(values, turns=turns(values, week), max_size=max_size, **PLAN)  # type: ignore[arg-type] # by name
        places.append(plan.student_count)
        for student in values:
            times[student] += 0
            shares[student] += 0.0
        for table in plan.tables:
            for each in table.students:
                times[each.student] += each.given_up > 0
                shares[each.student] += each.given_up
    return {
        "served": places,
        "times": sorted(times.values()),
        "sum_of_shares": [round(share, 2) for share in sorted(shares.values())],
        "deviation": round(statistics.pstdev(shares.values()), 3),
        "largest": round(max(shares.values()), 2),
        "mean": round(statistics.mean(shares.values()), 3),
    }


def measure() -> dict[str, Any]:
    """Return all figures."""
    weeks, key = read_weeks()
    last = weeks[-WEEKS:]
    turns: dict[str, Turns] = {
        "rotation": lambda values, week: turns_of_week(values, key=key, week=week),
        "the same turns every week": lambda values, _: turns_of_week(values, key=key, week=0),
    }
    return {
        "students": len(weeks[-1]),
        "served": count_served(weeks[-1], key),
        "spread": {
            f"{name}, {'any number' if size is None else f'at most {size}'} at a table": spread(last, by, max_size=size)
            for size in (None, 7)
            for name, by in turns.items()
        },
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with empty_database("souschef_tables"):
        figures = measure()
    if options.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    print(f"{figures['students']} students of the recorded class, after its last week")
    print("  given up at most   served by 1, 2, ... tables")
    for bound, counts in figures["served"].items():
        print(f"  {bound:>16}   {' '.join(f'{count:>2}' for count in counts)}")
    print(f"\nOver its last {WEEKS} weeks, {PLAN['tables']} tables, at most {PLAN['give_up']:.0%} given up")
    for name, each in figures["spread"].items():
        print(f"  {name}")
        print(f"    served {each['served']}")
        print(f"    times given up, by student {each['times']}")
        print(f"    sum of shares: mean {each['mean']}, deviation {each['deviation']}, largest {each['largest']}")


if __name__ == "__main__":
    main()
