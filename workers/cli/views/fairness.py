"""Show a fairness report: the figures of each group beside the others', the flags, and what the catalogue lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from learning.fairness import MIN_GROUP, Comparison, Figure, GroupReport, NeedOfGroup
from workers.cli.views.tables import console

NAMES = {
    Figure.IN_BAND: "slots at the right level (next answers 60 to 90 % right)",
    Figure.LIKED_THEME: "slots with a liked theme",
    Figure.LADDER: "slots for which a rule was relaxed",
    Figure.PRICE: "price of interest",
    Figure.DAYS_UNCHANGED: "days that a slot stayed",
    Figure.READING_BLOCKED: "materials that read too hard",
}
SHARES = frozenset({Figure.IN_BAND, Figure.LIKED_THEME, Figure.LADDER, Figure.READING_BLOCKED})


def report_to_json(reports: Sequence[GroupReport], *, days: int, unknown: int) -> dict[str, Any]:
    """Return a report as `--json` prints it."""
    return {"days": days, "unknown_students": unknown, "groups": [_group_to_json(each) for each in reports]}


def _group_to_json(report: GroupReport) -> dict[str, Any]:
    return {
        "group": report.group,
        "hidden": report.is_hidden,
        "students": None if report.is_hidden else report.students,
        "figures": [
            {
                "figure": each.figure.value,
                "students": each.students,
                "mean": round(each.mean, 4),
                "others": round(each.others, 4),
                "low": round(each.low, 4),
                "high": round(each.high, 4),
                "flag": each.is_flagged,
                "worse": each.is_flagged and each.is_worse,
            }
            for each in report.comparisons
        ],
        "lacks": [{"skill": n.need[0], "theme": n.need[1], "because": because(n)} for n in report.needs],
    }


def because(need: NeedOfGroup) -> str:
    """Return in a sentence what the catalogue lacks for a group."""
    skill, theme = need.need
    what = f"a task on {skill} about {theme.lower()}" if theme else f"any task on {skill} that fits"
    return f"{need.students} of {need.of_students} lack {what}, of the others {need.others} of {need.of_others}."


def show_report(reports: Sequence[GroupReport], *, days: int, unknown: int) -> None:
    """Print the report."""
    out = console()
    out.print(
        f"Tasks of the last {days} days. A flag is a difference beyond chance; it asks a question, and answers none."
    )
    for report in reports:
        if report.is_hidden:
            out.print(f"\n{report.group}: hidden, fewer than {MIN_GROUP} students.")
            continue
        table = Table("Figure", "This group", "Others", "Difference lies between", "", title=_title(report))
        for each in report.comparisons:
            between = f"{_value(each.figure, each.low)} and {_value(each.figure, each.high)}"
            table.add_row(NAMES[each.figure], _value(each.figure, each.mean), _value(each.figure, each.others), between,
                          _flag(each))  # fmt: skip
        out.print(table)
        if not report.comparisons:
            out.print(f"Nothing to compare with: no figure has {MIN_GROUP} students on both sides.")
        for need in report.needs:
            out.print(f"   {because(need)}")
    if unknown:
        out.print(f"\n{unknown} rows of the file name nobody here, and were left out.")


def _title(report: GroupReport) -> str:
    return f"{report.group}, {report.students} students"


def _flag(each: Comparison) -> str:
    return ("served less" if each.is_worse else "served more") if each.is_flagged else ""


def _value(figure: Figure, value: float) -> str:
    return f"{value:.0%}" if figure in SHARES else f"{value:.3f}" if figure is Figure.PRICE else f"{value:.1f}"
