"""Show a plan for a class's day: the tables with their students, who gives up how much, and who works alone."""

from __future__ import annotations

from typing import Any

from learning.selection.tables import AloneReason
from tasks.pipeline.table_plans import ClassPlan
from workers.cli.views.tables import console

WHY_ALONE = {
    AloneReason.NOTHING_FITS: "no task fits now, or a teacher holds everything",
    AloneReason.NO_TABLE: "no table's skill is within the bound",
    AloneReason.NO_PLACE: "the tables that fit are full, or nobody else fits them",
}


def plan_to_json(plan: ClassPlan) -> dict[str, Any]:
    """Return a plan as `--json` prints it."""
    return {
        "class": plan.class_ref,
        "week": plan.week,
        "give_up": plan.wish.give_up,
        "served": plan.plan.student_count,
        "students": len(plan.students),
        "tables": [
            {
                "skill": plan.skills[table.skill][0],
                "title": plan.skills[table.skill][1],
                "students": [
                    {**_student(plan, each.student), "gives_up": round(each.given_up, 4)} for each in table.students
                ],
            }
            for table in plan.plan.tables
        ],
        "alone": [{**_student(plan, student), "because": reason.value} for student, reason in plan.plan.alone.items()],
    }


def _student(plan: ClassPlan, student: int) -> dict[str, Any]:
    ref, name = plan.students[student]
    return {"student": ref, "name": name, "turn": plan.turns[student]}


def show_plan(plan: ClassPlan) -> None:
    """Print the tables and who works alone."""
    out, shown = console(), plan_to_json(plan)
    out.rule(f"{plan.class_ref}: a plan for a day")
    for number, table in enumerate(shown["tables"], start=1):
        title = f"{table['title'][:1].upper()}{table['title'][1:]}"
        out.print(f"\n[bold]Table {number}. {title}[/bold] ({table['skill']}), {len(table['students'])} students")
        out.print(f"   {', '.join(_with_loss(each) for each in sorted(table['students'], key=lambda s: s['name']))}")
    for student in shown["alone"]:
        out.print(f"\nAlone: {student['name']}, because {WHY_ALONE[AloneReason(student['because'])]}.")
    shares = [each["gives_up"] for table in shown["tables"] for each in table["students"] if each["gives_up"]]
    most = (
        f"{len(shares)} give something up, at most {max(shares):.0%} of a first task's value"
        if shares
        else "nobody gives anything up"
    )
    count = len(shown["tables"])
    skills = "1 skill serves" if count == 1 else f"{count} skills serve"
    out.print(f"\n{skills} {shown['served']} of {shown['students']} students; {most}.")


def _with_loss(student: dict[str, Any]) -> str:
    return f"{student['name']} (gives up {student['gives_up']:.0%})" if student["gives_up"] else str(student["name"])
