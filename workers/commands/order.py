"""`souschef order`: what a teacher orders, for a student or a class."""

from __future__ import annotations

import inspect
import json
from typing import Annotated, Any

import typer

app = typer.Typer(help="Give, list and revoke a teacher's orders.", no_args_is_help=True)

Student = Annotated[str | None, typer.Option(help="For this student, by ref.")]
Class = Annotated[str | None, typer.Option("--class", help="For all who are in this class.")]
Material = Annotated[str | None, typer.Option(help="This material, by ref.")]
Skill = Annotated[str | None, typer.Option(help="Whatever fits best of this skill, by ref.")]
By = Annotated[str, typer.Option("--by", help="Who orders it; kept.")]
Reason = Annotated[str, typer.Option(help="Why; kept, and shown where orders are listed.")]
Until = Annotated[
    str | None, typer.Option(help="When it ends: 2026-12-01, 2026-12-01T14:00Z or 14d; 28d without it.", metavar="WHEN")
]
School = Annotated[str | None, typer.Option(help="The school's ref, where there are several.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change for whom, and why; write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


GIVEN = {
    "pin": """Assign this material until it is attempted, or keep something of this skill open until the order ends.

    Example: souschef order pin --student s01 --material F-12 --by tmorgan --reason "as agreed" --dry-run
    """,
    "must-do": """Assign this material, or something of this skill, before all else, until it is attempted.

    Example: souschef order must-do --class MATH-5A --material F-12 --by tmorgan --reason quiz --until 7d
    """,
    "forbid": """Never assign this material, or nothing of this skill; it stands above every other order.

    Example: souschef order forbid --class MATH-5A --material F-12 --by tmorgan --reason "a wrong answer key"
    """,
    "hold": """Leave work as it is: that on this material, on this skill, or with neither all of it.

    Example: souschef order hold --student s01 --by tmorgan --reason "a week of tests" --until 7d
    """,
    "approve": """Assign what is proposed: all of it, or the menus with this material or of this skill.

    Example: souschef order approve --class MATH-5A --by tmorgan --reason "looked at on Monday" --dry-run
    """,
}
"""The orders that are given, with their help."""


def _command(name: str) -> None:
    def give(  # noqa: PLR0913 - one argument for each option
        *,
        student: Student = None,
        class_ref: Class = None,
        material: Material = None,
        skill: Skill = None,
        by: By,
        reason: Reason,
        until: Until = None,
        school: School = None,
        dry_run: DryRun = False,
        as_json: AsJson = False,
    ) -> None:
        told = {"student": student, "class_ref": class_ref, "material": material, "skill": skill}
        told |= {"author": by, "reason": reason, "until": until}
        _carry_out(name.replace("-", "_"), told, school=school, dry_run=dry_run, as_json=as_json)

    app.command(name, help=inspect.cleandoc(GIVEN[name]))(give)


for _name in GIVEN:
    _command(_name)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The order's key, as it was printed and as order list shows it.")],
    *,
    by: By,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take an order back; what it has assigned stays until something else is better.

    Example: souschef order revoke o-3f9a12cc --by tmorgan --dry-run
    """
    _carry_out("revoke", {"key": key, "author": by, "reason": ""}, school=school, dry_run=dry_run, as_json=as_json)


@app.command("list")
def list_(
    *,
    student: Student = None,
    class_ref: Class = None,
    past: Annotated[bool, typer.Option("--all", help="Those that ended or were revoked, too.")] = False,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """List the orders in force: who, what, why, until when; and those that cannot be met, with the reason.

    Example: souschef order list --class MATH-5A
    """
    from models import database, orders
    from tasks import ordering
    from tasks.told import given_as_told
    from workers import accountable
    from workers.orders_view import show_given
    from workers.ruling import school_id

    with database.transaction() as session:
        owner = school_id(session, school)
        found, unmet = ordering.standing(session, owner, student=student, class_ref=class_ref, past=past)
        accountable.note(session, "order list", orders.of_orders(session, {each.number for each in found}))
    if as_json:
        typer.echo(json.dumps({"orders": [given_as_told(each, unmet) for each in found]}))
        return
    show_given(found, unmet)


def _carry_out(verb: str, told: dict[str, Any], *, school: str | None, dry_run: bool, as_json: bool) -> None:
    from lms.facts import OrderVerb
    from models import database
    from tasks import ordering
    from tasks.told import would_as_told
    from workers import accountable
    from workers.orders_view import show_would
    from workers.ruling import school_id

    with database.transaction() as session:
        owner = school_id(session, school)
        order = ordering.order(session, OrderVerb(verb), **told)
        done = ordering.give(session, owner, order, through=f"login {accountable.operator()}", dry_run=dry_run)
    ends = None if done.expires_at is None else done.expires_at.isoformat()
    if as_json:
        said = {"order": verb, "key": done.key, "dry_run": dry_run, "expires_at": ends}
        typer.echo(json.dumps({**said, "students": would_as_told(done.students)}))
        return
    show_would(done.students, dry_run=dry_run)
    if not dry_run:
        typer.echo(_said(verb, done.key, ends))


def _said(verb: str, key: str, ends: str | None) -> str:
    if verb == "approve":
        return "Approved."
    if ends is None:
        return f"Order {key} is revoked."
    return f"In force until {ends[:16].replace('T', ' ')}Z. To take it back: souschef order revoke {key} --by YOU"
