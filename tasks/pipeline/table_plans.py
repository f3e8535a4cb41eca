"""A plan for a class's day: made from the values that decisions have, carried out as one-day must-dos, and revoked."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from sqlmodel import Session

from learning.selection.first_tasks import first_task_values
from learning.selection.tables import TablePlan, TableSizeError, Turns, plan_tables, turns_of_week
from lms.facts import Order, OrderVerb
from models.access import school_time, sources
from models.assignments import overrides as override_rows
from models.reports import override_pages
from models.students import people
from models.students import states as learner_states
from models.tables.people import AliasKind
from tasks.pipeline import overrides
from tasks.pipeline.load_inputs import DecisionInputs, load_inputs
from tasks.pipeline.overrides import OverrideDraft, RefusedError
from tasks.pipeline.resolve_names import UnknownNameError, resolve_name
from tasks.pipeline.student_inputs import student_inputs
from tasks.pipeline.update_states import recomputed_states

KEY = "day-"
"""With what the keys of a plan's overrides begin."""
UNTIL = "1d"
MONDAY = dt.date(1970, 1, 5)


@dataclass(frozen=True, slots=True)
class PlanWish:
    """What a teacher asks of a plan."""

    tables: int
    give_up: float = 0.15
    """The share of a first task's value that a student may give up, in [0, 1]."""
    min_size: int = 2
    max_size: int | None = None
    """Places at a table; None: any number."""


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """A plan with the names of the class."""

    class_ref: str
    wish: PlanWish
    week: int
    """Since Monday, 5 January 1970: turns move on with it."""
    plan: TablePlan
    turns: Turns
    students: Mapping[int, tuple[str, str]]
    """(ref, name) by id."""
    skills: Mapping[int, tuple[str, str]]
    """(ref, title) by id."""

    @property
    def digest(self) -> str:
        """The same for the same students at the same tables."""
        places = [(table.skill, [each.student for each in table.students]) for table in self.plan.tables]
        return hashlib.sha256(orjson.dumps(places)).hexdigest()[:16]


def make_plan(session: Session, school_id: int, class_ref: str, wish: PlanWish) -> ClassPlan:
    """Plan a day for a class; nothing is written.

    Raises:
        RefusedError: there is no such class, nobody in it, or the plan is impossible.
    """
    values, inputs = load_values(session, school_id, class_ref)
    if not values:
        raise RefusedError(f"There are no students in {class_ref}.", "Load a roster: souschef load PATH.")
    week = (school_time.today(session, school_id) - MONDAY).days // 7
    turns = turns_of_week(values, key=inputs.policies[None].policy.tie_break_key, week=week)
    try:
        plan = plan_tables(
            values, tables=wish.tables, give_up=wish.give_up, turns=turns, min_size=wish.min_size,
            max_size=wish.max_size,
        )  # fmt: skip
    except TableSizeError as error:
        raise RefusedError(
            f"There is no such plan: {error}.", "Ask for a table or more, two or more at each, giving up 0 to 1."
        ) from None
    names = people.student_names(session, values)
    skills = {skill.id: (skill.ref, skill.title) for skill in inputs.materials.catalogue.skills.values()}
    return ClassPlan(class_ref, wish, week, plan, turns, names, skills)


def load_values(
    session: Session, school_id: int, class_ref: str
) -> tuple[dict[int, Mapping[int, int]], DecisionInputs]:
    """Return by student and skill what a first task is worth on the class's list; nothing without that list.

    Raises:
        RefusedError: there is no such class.
    """
    class_id = _class_id(session, school_id, class_ref)
    states = learner_states.load(session, override_rows.affected_students(session, classes=[class_id], students=()))
    inputs = load_inputs(session, school_id, states)
    values: dict[int, Mapping[int, int]] = {}
    for student, row in recomputed_states(session, states, versions=inputs.versions).items():
        found = student_inputs(inputs, row)
        own = next((each for each in found.lists if each.class_id == class_id and each.scope is not None), None)
        values[student] = {} if own is None else first_task_values(
            found.context, own, catalogue=inputs.materials.catalogue, as_of=inputs.as_of.timestamp()
        )  # fmt: skip
    return values, inputs


def orders_of(
    session: Session, school_id: int, plan: ClassPlan, *, author: str, reason: str, until: str = UNTIL, token: str = ""
) -> list[Order]:
    """Return a plan as must-dos, one for each student at a table; `token` makes a second click the same orders.

    Raises:
        RefusedError: a plan is in force for the class, or stored for a worker; or nobody has a table.
    """
    if not plan.plan.tables:
        raise RefusedError(f"No table serves anybody in {plan.class_ref}.", "Raise --give-up, or add a table.")
    if in_force(session, school_id, plan.class_ref):
        raise RefusedError(
            f"A plan for the day is in force for {plan.class_ref}.",
            f"Take it back first: souschef groups {plan.class_ref} --revoke --by YOU",
        )
    token = token or secrets.token_hex(4)
    places = [(table.skill, each.student) for table in plan.plan.tables for each in table.students]
    return [
        overrides.build_override(
            session,
            school_id,
            OverrideDraft(
                OrderVerb.MUST_DO, author=author, reason=reason, key=f"{KEY}{token}-{number:02d}",
                student=plan.students[student][0], class_ref=plan.class_ref, skill=plan.skills[skill][0], until=until,
            ),
        )
        for number, (skill, student) in enumerate(places, start=1)
    ]  # fmt: skip


def revocations(session: Session, school_id: int, class_ref: str, *, author: str) -> list[Order]:
    """Return the orders that take back the plan in force for a class.

    Raises:
        RefusedError: none is in force.
    """
    found = in_force(session, school_id, class_ref)
    keys = [key for key in found if key]
    if found and not keys:
        raise RefusedError(f"The plan for {class_ref} is stored and waits for a worker.", "Try again when one runs.")
    if not keys:
        raise RefusedError(f"No plan for the day is in force for {class_ref}.", "See souschef override list.")
    return [
        overrides.build_override(session, school_id, OverrideDraft(OrderVerb.REVOKE, author=author, key=key))
        for key in keys
    ]


def in_force(session: Session, school_id: int, class_ref: str) -> list[str]:
    """Return the keys of the plan in force for a class; "" for each of its orders that waits for a worker.

    Raises:
        RefusedError: there is no such class.
    """
    class_id = _class_id(session, school_id, class_ref)
    rows = override_rows.list_overrides(session, school_id, class_id=class_id)
    keys = [row.key for row in rows if row.key.startswith(KEY) and row.class_ref == class_ref]
    return keys + [""] * _waiting(session, school_id, class_ref)


def _waiting(session: Session, school_id: int, class_ref: str) -> int:
    """Return how many orders of a plan for the class are stored and wait for a worker."""
    own = sources.sender_of_command_line(session, school_id), sources.sender_of_pages(session, school_id)
    stored = [event for sender in own for event in override_pages.stored_events(session, sender.source_id)]
    orders = [orjson.loads(payload) for state, payload in stored if payload and state == "pending"]
    return sum(
        order.get("order") == OrderVerb.MUST_DO and order["id"].startswith(KEY) and order.get("class") == class_ref
        for order in orders
    )


def _class_id(session: Session, school_id: int, class_ref: str) -> int:
    try:
        found = resolve_name(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
    except UnknownNameError as error:
        raise overrides.unknown_name(error) from None
    if found is None:
        raise RefusedError("A plan is for a class.", "Name one.")
    return found
