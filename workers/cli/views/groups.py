"""Show groups to a teacher: the students, their skill and materials, and the reason."""

from __future__ import annotations

from typing import Any

from learning.mastery.wording import NOT_KNOWN, is_known
from learning.selection.groups import Grouping, StudentGroup
from models.reports.classes import Titles
from workers.cli.views.tables import console

MOST_RESTING = 3


def groups_to_json(found: Grouping, titles: Titles) -> dict[str, Any]:
    """Return a grouping with its names and reasons, as `--json` prints it."""
    return {
        "groups": [_group_to_json(group, titles) for group in found.groups],
        "alone": [{"student": ref, "name": titles.students[ref]} for ref in found.ungrouped],
    }


def _group_to_json(group: StudentGroup, titles: Titles) -> dict[str, Any]:
    return {
        "skill": group.skill,
        "title": titles.skills[group.skill],
        "heading": heading(group, titles),
        "context": group.context,
        "because": because(group, titles),
        "rests": titles.rests.get(group.skill, ()),
        "members": [
            {
                "student": seat.student,
                "name": titles.students[seat.student],
                "mastery": seat.mastery,
                "low": seat.low,
                "high": seat.high,
                "context": seat.context,
                "material": seat.material,
                "title": titles.materials[seat.material],
            }
            for seat in group.members
        ],
    }


def heading(group: StudentGroup, titles: Titles) -> str:
    """Return the heading of a group: its skill, its theme, and which part of a larger group it is; no two are equal."""
    title = titles.skills[group.skill]
    twins = [ref for ref, other in titles.skills.items() if other == title and ref != group.skill]
    skill = f"{title} ({group.skill})" if twins else title
    theme = "each in a theme of their own" if group.context is None else f"about {theme_title(group.context, titles)}"
    part = f" ({group.part} of {group.parts})" if group.parts > 1 else ""
    return f"{skill[:1].upper()}{skill[1:]}, {theme}{part}"


def theme_title(context: str, titles: Titles) -> str:
    """Return the title of a theme, as in a sentence."""
    return titles.topics.get(context, context).lower()


def because(group: StudentGroup, titles: Titles) -> str:
    """Explain in a sentence why these students are a group."""
    count, title = len(group.members), titles.skills[group.skill]
    if group.context is None:
        return f"All {count} have {title} on their menus: one skill, each in a theme of their own."
    return f"All {count} have a task on {title} about {theme_title(group.context, titles)} on their menus."


def _mastery(member: dict[str, Any]) -> str:
    return f"{member['mastery']:.2f}" if is_known(member["low"], member["high"]) else NOT_KNOWN


def show_groups(grouping: dict[str, Any], *, title: str) -> None:
    """Print the groups, and the students who work alone."""
    out = console()
    out.rule(title)
    for number, group in enumerate(grouping["groups"], start=1):
        out.print(f"\n[bold]{number}. {group['heading']}[/bold] ({group['skill']})\n   {group['because']}")
        if group["rests"]:
            out.print(f"   It is needed for: {'; '.join(group['rests'][:MOST_RESTING])}.")
        for member in group["members"]:
            out.print(f"   {member['name']}: {member['title']} (mastery {_mastery(member)})")
    if grouping["alone"]:
        names = ", ".join(student["name"] for student in grouping["alone"])
        out.print(f"\nAlone, because no two of these have the same skill open: {names}")
    if not grouping["groups"] and not grouping["alone"]:
        out.print("Nobody in this class has open work.")
