"""Groups as a teacher reads them: who sits together, on what, with which material, and why."""

from __future__ import annotations

from typing import Any

from config.errors import Exit, Mendable
from learning.selection.groups import Group, Grouping
from models.class_reports import Titles
from workers.class_table import console


class WrongSizes(Mendable):
    """The sizes of groups that were asked for cannot be kept."""

    exit_code = Exit.WRONG_INPUT


def as_told(found: Grouping, titles: Titles) -> dict[str, Any]:
    """Return a grouping with its names and reasons, as `--json` prints it."""
    return {
        "groups": [_told(one, titles) for one in found.groups],
        "alone": [{"student": ref, "name": titles.students[ref]} for ref in found.alone],
    }


def _told(one: Group, titles: Titles) -> dict[str, Any]:
    return {
        "skill": one.skill,
        "title": titles.skills[one.skill],
        "context": one.context,
        "because": because(one, titles.skills[one.skill]),
        "members": [
            {
                "student": seat.student,
                "name": titles.students[seat.student],
                "mastery": seat.mastery,
                "context": seat.context,
                "material": seat.material,
                "title": titles.materials[seat.material],
            }
            for seat in one.seats
        ],
    }


def because(one: Group, title: str) -> str:
    """Return why these students sit together, in a sentence."""
    count = len(one.seats)
    if one.context is None:
        return f"All {count} have {title} on their menus, each in a theme of their own."
    if not one.context:
        return f"All {count} have a task on {title} without a theme on their menus."
    return f"All {count} have a task on {title} about {one.context} on their menus."


def show_groups(told: dict[str, Any], *, title: str) -> None:
    """Print the groups, and who works alone."""
    out = console()
    out.rule(title)
    for number, one in enumerate(told["groups"], start=1):
        out.print(f"\n[bold]{number}. {one['title']}[/bold] ({one['skill']})\n   {one['because']}")
        for member in one["members"]:
            out.print(f"   {member['name']}: {member['title']} (mastery {member['mastery']:.2f})")
    if told["alone"]:
        names = ", ".join(one["name"] for one in told["alone"])
        out.print(f"\nAlone, as no two of these have the same skill open: {names}")
    if not told["groups"] and not told["alone"]:
        out.print("Nobody in this class has work open.")
