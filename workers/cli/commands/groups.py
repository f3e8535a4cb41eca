"""`souschef groups`: who can work together, and a plan for a day of a class."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.errors import Exit, OperatorError
from workers.cli.options import AsJson, DryRun, School, Wait

if TYPE_CHECKING:
    from sqlmodel import Session

    from lms.facts import Order
    from tasks.pipeline.preview import StudentPreview
    from tasks.pipeline.table_plans import ClassPlan

WAIT_SECONDS = 10.0
MOST = 6
"""The largest group where none is given."""


class OptionsError(OperatorError):
    """Options that do not go together."""

    exit_code = Exit.WRONG_INPUT


def groups(  # noqa: PLR0913 - one argument for each option
    ref: Annotated[str, typer.Argument(help="The class, by ref or name.")],
    *,
    school: School = None,
    min_size: Annotated[int, typer.Option("--least", help="The smallest group or table, 2 or more.")] = 2,
    max_size: Annotated[
        int | None, typer.Option("--most", help="The largest; without it 6 for groups, any number for tables.")
    ] = None,
    tables: Annotated[int | None, typer.Option(help="Plan a day with at most so many skills, a table each.")] = None,
    give_up: Annotated[
        float, typer.Option(help="With --tables: the share of a first task's value a student may give up, 0 to 1.")
    ] = 0.15,
    carry_out: Annotated[
        bool, typer.Option("--carry-out", help="With --tables: order each student's table for a day, as a must-do.")
    ] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the plan in force back.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="Your name; stored with the orders.")] = None,
    reason: Annotated[str, typer.Option(help="Why, without a student's name.")] = "a plan for the day",
    until: Annotated[
        str, typer.Option(metavar="WHEN", help="When the orders end: 1d, 2026-12-01 or 2026-12-01T14:00Z.")
    ] = "1d",
    dry_run: DryRun = False,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Group a class by one skill: in a theme that all of a group like, or each in a theme of their own.

    No assignment changes: each student keeps the menu and picks from it what the group works on.

    With --tables it is a plan for a day: a few skills that serve all who lose little by it. Nobody's first task is
    worth less than the best one by more than --give-up; whom no table fits works alone. Turns to give up go round by
    week. --carry-out makes it so for a day, and --revoke takes it back.

    Examples: souschef groups MATH-5A > groups.txt, souschef groups MATH-5A --least 3 --most 5,
    souschef groups MATH-5A --tables 4 --give-up 0.15,
    souschef groups MATH-5A --tables 4 --carry-out --by tmorgan --dry-run, souschef groups MATH-5A --revoke --by tmorgan
    """
    if (carry_out or revoke) and not (by or "").strip():
        raise OptionsError("Orders need an author.", "Give --by.")
    if carry_out and tables is None:
        raise OptionsError("What to carry out?", "Give --tables: groups themselves change nothing.")
    if revoke and (tables is not None or carry_out):
        raise OptionsError("--revoke goes with neither --tables nor --carry-out.", "Revoke first, then plan again.")
    if revoke:
        _revoke(ref, by or "", school=school, dry_run=dry_run, wait=wait, as_json=as_json)
    elif tables is None:
        _groups(ref, school=school, min_size=min_size, max_size=max_size or MOST, as_json=as_json)
    else:
        wish = {"tables": tables, "give_up": give_up, "min_size": min_size, "max_size": max_size}
        orders = {"author": by, "reason": reason, "until": until} if carry_out else None
        _tables(ref, wish, orders, school=school, dry_run=dry_run, wait=wait, as_json=as_json)


def _groups(ref: str, *, school: str | None, min_size: int, max_size: int, as_json: bool) -> None:
    from learning.selection.groups import GroupSizeError, form_groups
    from models import engine
    from models.access import schools
    from models.reports import classes
    from models.reports.names import NameKind
    from workers.cli import audit_trail, refs
    from workers.cli.views.groups import groups_to_json, show_groups

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        of = refs.match(session, owner, NameKind.CLASS, ref)
        menus = classes.menus(session, owner.id, of.id)
        audit_trail.log_access(session, "groups", menus.student_ids)
    try:
        grouping = groups_to_json(form_groups(menus.seats, min_size=min_size, max_size=max_size), menus.titles)
    except GroupSizeError:
        raise OptionsError(
            f"Groups of {min_size} to {max_size} students cannot be formed.",
            "Set --least to 2 or more, and --most to at least twice that minus one.",
        ) from None
    if as_json:
        typer.echo(json.dumps(grouping))
        return
    show_groups(grouping, title=f"{of.name} ({of.ref})")


def _tables(
    ref: str,
    wish: dict[str, Any],
    carried: dict[str, Any] | None,
    *,
    school: str | None,
    dry_run: bool,
    wait: float,
    as_json: bool,
) -> None:
    from models import engine
    from models.access import schools
    from models.reports.names import NameKind
    from tasks.pipeline import table_plans
    from workers.cli import audit_trail, refs
    from workers.cli.views.table_plans import plan_to_json, show_plan

    result: dict[str, Any] = {}
    events: list[int] = []
    with engine.transaction() as session:
        key = schools.resolve(session, school)
        owner, ref = key.id, refs.match(session, key, NameKind.CLASS, ref).ref
        plan = table_plans.make_plan(session, owner, ref, table_plans.PlanWish(**wish))
        audit_trail.log_access(session, "tables", plan.students.keys())
        if carried is not None:
            orders = table_plans.orders_of(session, owner, plan, **carried)
            events, previews = _submit(session, owner, orders, dry_run=dry_run)
            result = {"orders": [order.key for order in orders], "dry_run": dry_run, "previews": previews}
    applied = _wait(events, wait=wait) if events else False
    if as_json:
        typer.echo(json.dumps({**plan_to_json(plan), **_carried_to_json(result, applied=applied)}))
        return
    show_plan(plan)
    if carried is not None:
        _say(plan, result["previews"], dry_run=dry_run, applied=applied)


def _submit(
    session: Session, school_id: int, orders: Sequence[Order], *, dry_run: bool
) -> tuple[list[int], list[StudentPreview]]:
    """Preview orders, or submit them; return the events to wait for, and what changes for whom."""
    from models.access import sources
    from models.privacy import audit
    from tasks.pipeline import overrides
    from workers.cli import audit_trail

    through = f"login {audit_trail.operator()}"
    author, verb = f"{orders[0].author}, {through}", orders[0].verb.value
    if dry_run:
        students, previews = overrides.validate_all(session, school_id, orders)
        audit.record(session, author=author, action=f"tables, {verb}, dry run", students=students)
        return [], previews
    submitted = overrides.submit_all(session, sources.sender_of_command_line(session, school_id), orders)
    audit.record(session, author=author, action=f"tables, {verb}, submitted", students=submitted.students)
    return list(submitted.events), list(submitted.effect.students)


def _wait(events: Sequence[int], *, wait: float) -> bool:
    from lms.facts import EventKind
    from tasks import broker
    from tasks.routing import TASK_FOR_KIND
    from workers.cli import submit_override

    broker.enqueue(TASK_FOR_KIND[EventKind.ORDER], list(events))
    return submit_override.wait_until_applied(events, seconds=wait)


def _carried_to_json(result: dict[str, Any], *, applied: bool) -> dict[str, Any]:
    from tasks.pipeline.preview import preview_to_json

    if not result:
        return {}
    return {**result, "applied": applied, "previews": preview_to_json(result["previews"])}


def _say(plan: ClassPlan, previews: Sequence[StudentPreview], *, dry_run: bool, applied: bool) -> None:
    from workers.cli.views.overrides import show_preview

    show_preview(sorted(previews, key=lambda each: each.name), happened=applied)
    if dry_run:
        typer.echo("Nothing was changed.")
        return
    state = "In force" if applied else "Stored, in force when a worker runs"
    typer.echo(f"{state}. To take it back: souschef groups {plan.class_ref} --revoke --by YOU")


def _revoke(ref: str, by: str, *, school: str | None, dry_run: bool, wait: float, as_json: bool) -> None:
    from models import engine
    from models.access import schools
    from models.reports.names import NameKind
    from tasks.pipeline import table_plans
    from tasks.pipeline.preview import preview_to_json
    from workers.cli import refs
    from workers.cli.views.overrides import show_preview

    with engine.transaction() as session:
        key = schools.resolve(session, school)
        owner, ref = key.id, refs.match(session, key, NameKind.CLASS, ref).ref
        orders = table_plans.revocations(session, owner, ref, author=by)
        events, previews = _submit(session, owner, orders, dry_run=dry_run)
    applied = _wait(events, wait=wait) if events else False
    if as_json:
        keys = [order.key for order in orders]
        shown = {"class": ref, "revoked": keys, "dry_run": dry_run, "applied": applied}
        typer.echo(json.dumps({**shown, "previews": preview_to_json(previews)}))
        return
    show_preview(sorted(previews, key=lambda each: each.name), happened=applied)
    state = "Nothing was changed" if dry_run else "Revoked" if applied else "Stored, revoked when a worker runs"
    typer.echo(f"{state}. Work that the plan assigned stays until something else is better.")
