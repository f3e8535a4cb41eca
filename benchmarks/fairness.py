"""Does the fairness report find a planted disadvantage, and stay silent without one? `python -m benchmarks.fairness`.

The example school's semester is run in a database of its own, and its 28 students' figures are read as
`souschef fairness` reads them. They are then cut at random into two halves, again and again: no half is served less, so
a flag is a false one. Then one half's values of one figure are made worse by so much, and the
reports are counted that flag it.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from typing import Any

from benchmarks.environment import empty_database
from learning.fairness import HIGHER_IS_BETTER, Figure, GroupReport, compare_groups
from models import engine
from models.access import schools
from models.assignments import overrides
from models.reports import fairness as report
from models.students import people
from workers.cli.demo import offline_semester

CLASS = "MATH-5A"
DAYS = 120
SPLITS = 200
PLANTED = 40
SIZES = (0.1, 0.2, 0.4)
"""Of a share; of days ten times as many, of the price a tenth."""
UNITS = {Figure.DAYS_UNCHANGED: 10.0, Figure.PRICE: 0.1}
Figures = dict[int, dict[Figure, float]]


def read_figures() -> Figures:
    """Run the semester and return its students' figures."""
    offline_semester.run_semester()
    with engine.transaction() as session:
        class_id = people.find_class(session, schools.resolve(session, None), CLASS)
        students = overrides.affected_students(session, classes=[class_id], students=())
        return report.student_figures(session, students, class_id=class_id, days=DAYS, reading_allowance=1.0)


def halves(figures: Figures, seed: int) -> dict[int, str]:
    """Return two groups at random."""
    students = sorted(figures)
    random.Random(seed).shuffle(students)
    return {student: "ab"[place % 2] for place, student in enumerate(students)}


def planted(figures: Figures, groups: dict[int, str], figure: Figure, share: float) -> Figures:
    """Return the figures after one half is served less."""
    less = share * UNITS.get(figure, 1.0) * (-1 if figure in HIGHER_IS_BETTER else 1)
    return {
        student: {each: value + less * (each is figure and groups[student] == "b") for each, value in of.items()}
        for student, of in figures.items()
    }


def is_flagged(reports: list[GroupReport], figure: Figure | None = None) -> bool:
    """Whether a report has a flag, of one figure or of any."""
    return any(c.is_flagged and figure in (None, c.figure) for each in reports for c in each.comparisons)


def measure() -> dict[str, Any]:
    """Return all rates."""
    figures = read_figures()
    cuts = [halves(figures, seed) for seed in range(SPLITS)]
    false = sum(is_flagged(compare_groups(groups, figures, needs={}, seed=1)) for groups in cuts)
    found = {
        figure.value: [
            sum(
                is_flagged(compare_groups(groups, planted(figures, groups, figure, size), needs={}, seed=1), figure)
                for groups in cuts[:PLANTED]
            )
            for size in SIZES
        ]
        for figure in Figure
    }
    means = {
        figure.value: round(statistics.mean([of[figure] for of in figures.values() if figure in of] or [0]), 3)
        for figure in Figure
    }
    return {"students": len(figures), "means": means, "false": false, "splits": SPLITS, "found": found}


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with empty_database("souschef_fairness"):
        rates = measure()
    if options.json:
        sys.stdout.write(json.dumps(rates) + "\n")
        return
    print(f"{rates['students']} students; means {rates['means']}")
    print(f"random halves with any flag: {rates['false']} of {rates['splits']}")
    print(f"planted, {', '.join(f'{size:g}' for size in SIZES)} (days x 10, price / 10): found, of {PLANTED} halves")
    for figure, counts in rates["found"].items():
        print(f"  {figure:<16} {counts}")


if __name__ == "__main__":
    main()
