"""Show what is published of one student: skills, interests, assignments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from learning.mastery.wording import NOT_KNOWN, is_known
from models.reports.students import NamedStatus
from workers.cli.views.tables import console

OPEN = frozenset({"proposed", "assigned", "started"})
NOTHING_YET = "Nothing is decided yet. Work is assigned in classes with a scope; `souschef doctor` says who is in none."
WIDE = 110
"""Columns that the table needs to show refs beside titles."""


def show_student(report: dict[str, Any], statuses: Mapping[str, NamedStatus], out: Console | None = None) -> None:
    """Print the skills, the interests and the open assignments; each title with what a command takes for it."""
    out = out or console()
    out.print(_skills(report, statuses, wide=out.width >= WIDE), markup=False)
    if any(row["responses"] == 0 for row in report["skill_gaps"]):
        out.print("A skill without an answer is estimated from work on other skills.")
    for row in report["interests"]:
        interest = "vetoed" if row["vetoed"] else f"{row['interest']:.2f}, confidence {row['confidence']:.2f}"
        out.print(f"  {_topic(report, row['topic'])}: {interest}", markup=False)
    _assignments(report, out)
    if report["nothing_because"]:
        out.print(f"\n{report['nothing_because']}", markup=False)
    elif not report["assignments"]:
        out.print(f"\n{NOTHING_YET}", markup=False)


def _skills(report: dict[str, Any], statuses: Mapping[str, NamedStatus], *, wide: bool) -> Table:
    table = Table(
        "Skill (ref)" if wide else "Skill", "Status", "Mastery", "80 % interval", "Answers", title=_who(report)
    )
    for row in report["skill_gaps"]:
        skill = statuses[row["skill"]]
        mastery = f"{row['mastery']:.2f}" if is_known(row["low"], row["high"]) else NOT_KNOWN
        interval = f"{row['low']:.2f} to {row['high']:.2f}"
        title = f"{skill.title} ({row['skill']})" if wide else skill.title
        table.add_row(title, skill.status.value, mastery, interval, _answers(row["responses"]))
    return table


def _answers(count: int) -> str:
    return "1 answer" if count == 1 else f"{count} answers" if count else "none"


def _who(report: dict[str, Any]) -> str:
    name, ref = report["name"], report["student_ref"]
    return str(name) if name == ref else f"{name} ({ref})"


def _topic(report: dict[str, Any], ref: str) -> str:
    titles: dict[str, str] = report["topics"]
    return titles.get(ref, ref)


def _assignments(report: dict[str, Any], out: Console) -> None:
    """Print the menus, numbered from 1; of two with one title the material's ref stands beside it."""
    rows = [row for row in report["assignments"] if row["state"] in OPEN]
    count = Counter(row["title"] for row in rows)
    for number, slot in enumerate(sorted({row["slot"] for row in rows}), start=1):
        for row in (row for row in rows if row["slot"] == slot):
            title = row["title"] if count[row["title"]] == 1 else f"{row['title']} [{row['material_id']}]"
            head = f"\n{number}. " if row["menu_position"] == 0 else "   or "
            context = row["context"] and _topic(report, row["context"])
            about = f" about {context}" if context else ", no theme"
            out.print(f"{head}{title}{about}  (souschef explain {row['assignment_id']})", markup=False)
            if row["menu_position"] == 0:
                out.print(Padding(Text(f"{row['because_gap']}\n{row['because_interest']}"), (0, 0, 0, 3)))
