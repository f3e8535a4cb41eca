"""The pages of a class's groups and of its plan for a day: to look at, to print, to carry out and to take back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config import tracing
from learning.selection.groups import StudentGroup, form_groups
from learning.selection.tables import AloneReason
from lms.facts import EventKind, Order
from models.access import sources
from models.reports import classes, student_pages
from models.reports.classes import Titles
from tasks.pipeline import overrides, table_plans
from tasks.pipeline.overrides import RefusedError
from tasks.pipeline.table_plans import ClassPlan, PlanWish
from web.dependencies import state_of
from web.pages.access import OwnForm, TeacherVisit, Visit, in_snapshot, in_transaction
from web.pages.language import N_, Language
from web.pages.render import PageRefusedError
from web.pages.teacher import class_of, note_class, shown

router = APIRouter(prefix="/lti/s/{launch}", include_in_schema=False)
MOST_RESTING = 3
MOST_TABLES = 8
BOUNDS = (0, 5, 10, 15, 25)
"""What may be given up, in hundredths."""
WHY_ALONE = {
    AloneReason.NOTHING_FITS: N_("no task fits now, or everything is to stay as it is"),
    AloneReason.NO_TABLE: N_("no table's skill is within the bound"),
    AloneReason.NO_PLACE: N_("nobody else fits the same tables"),
}


@dataclass(frozen=True, slots=True)
class GroupCard:
    """One group, in the words of the page."""

    heading: str
    rests: tuple[str, ...]
    """Titles of skills that build on its skill."""
    members: tuple[tuple[str, str, str], ...]
    """(name, task, its theme or "")."""


@router.get("/groups")
async def groups_page(request: Request, found: TeacherVisit) -> Response:
    """Show who can work together on one skill."""
    values = await in_snapshot(request, lambda session: group_values(session, found))
    await in_transaction(request, lambda session: note_class(session, found.visitor, "page groups"))
    return found.page("groups.html", {**values, "tab": "groups"})


def group_values(session: Session, found: Visit) -> dict[str, object]:
    """Return what the page shows."""
    menus = classes.menus(session, found.visitor.school_id, class_of(found.visitor))
    grouping, titles = form_groups(menus.seats), menus.titles
    return {
        **shown(session, found),
        "groups": [_card(group, titles, found.spoken) for group in grouping.groups],
        "alone": [titles.students[ref] for ref in grouping.ungrouped],
        "most_tables": MOST_TABLES,
        "bounds": BOUNDS,
    }


def _card(group: StudentGroup, titles: Titles, spoken: Language) -> GroupCard:
    themes = {ref: title.lower() for ref, title in titles.topics.items()}
    members = tuple(
        (titles.students[seat.student], titles.materials[seat.material], themes.get(seat.context, seat.context))
        for seat in group.members
    )
    return GroupCard(heading(group, titles, spoken), titles.rests.get(group.skill, ())[:MOST_RESTING], members)


def heading(group: StudentGroup, titles: Titles, spoken: Language) -> str:
    """Return the heading of a group: its skill, its theme, and which part of a larger group; no two are equal."""
    title = skill_title(group.skill, titles.skills)
    if group.context is None:
        text = spoken.text(N_("%(skill)s, each in a theme of their own"), skill=title)
    else:
        theme = titles.topics.get(group.context, group.context).lower()
        text = spoken.text(N_("%(skill)s, about %(theme)s"), skill=title, theme=theme)
    if group.parts == 1:
        return text
    return spoken.text(N_("%(heading)s (%(part)s of %(parts)s)"), heading=text, part=group.part, parts=group.parts)


def skill_title(ref: str, titles: dict[str, str]) -> str:
    """Return a skill's title to begin a line with; with its ref where another skill is called the same."""
    title = titles[ref]
    twins = [other for other, same in titles.items() if same == title and other != ref]
    return f"{title[:1].upper()}{title[1:]}" + (f" ({ref})" if twins else "")


@dataclass(frozen=True, slots=True)
class TableCard:
    """One table of a plan, in the words of the page."""

    title: str
    students: tuple[tuple[str, int], ...]
    """(name, what is given up in hundredths), by name."""


@router.get("/groups/plan")
async def plan_page(request: Request, found: TeacherVisit, tables: int = 4, give_up: int = 15) -> Response:
    """Show a plan for a day: which tables, who gives up how much, who works alone; nothing is written."""
    return await _show(request, found, _wish(found, str(tables), str(give_up)))


@router.post("/groups/do")
async def carry_out(request: Request, found: TeacherVisit, fields: OwnForm) -> Response:
    """Store a plan for the workers as must-dos; where it is another one by now, show it again first."""
    wish = _wish(found, fields.get("tables", ""), fields.get("give_up", ""))
    key = fields.get("key", "")
    if not key.isalnum() or len(key) > 32:  # noqa: PLR2004 - `token_hex(6)`, and room
        raise PageRefusedError("form", frames=found.visitor.frames)

    def orders(session: Session) -> list[Order]:
        plan = _plan(session, found, wish)
        if plan.digest != fields.get("digest"):
            raise RefusedError(found.spoken.text(N_("The plan has changed since you saw it. Please look again.")))
        visitor = found.visitor
        if any(each.startswith(f"{table_plans.KEY}{key}-") for each in _in_force(session, found)):
            return []  # a second click
        reason = found.spoken.text(N_("a plan for the day"))
        return table_plans.orders_of(
            session, visitor.school_id, plan, author=visitor.person_ref, reason=reason, token=key
        )

    return await _submit(request, found, orders, wish=wish)


@router.post("/groups/revoke")
async def take_back(request: Request, found: TeacherVisit, _: OwnForm) -> Response:
    """Take the plan in force back."""

    def orders(session: Session) -> list[Order]:
        visitor = found.visitor
        return table_plans.revocations(session, visitor.school_id, visitor.class_ref or "", author=visitor.person_ref)

    return await _submit(request, found, orders, wish=PlanWish(4))


async def _submit(
    request: Request, found: Visit, orders: Callable[[Session], list[Order]], *, wish: PlanWish
) -> Response:
    def write(session: Session) -> Sequence[int]:
        student_pages.lock_session(session, found.visitor.session_id)
        sender = sources.sender_of_pages(session, found.visitor.school_id)
        found_orders = orders(session)
        return overrides.submit_all(session, sender, found_orders).events if found_orders else ()

    try:
        ids = await in_transaction(request, write)
    except RefusedError as error:
        return await _show(request, found, wish, problem=error.message)
    state_of(request).notifier.notify({EventKind.ORDER: ids}, tracing.request_id())
    return RedirectResponse(f"{found.path}/overrides", 303, headers={"Cache-Control": "no-store"})


async def _show(request: Request, found: Visit, wish: PlanWish, *, problem: str = "") -> Response:
    def read(session: Session) -> Mapping[str, object]:
        plan, in_force = _plan(session, found, wish), _in_force(session, found)
        return {**shown(session, found), **_plan_values(plan, found.spoken), "in_force": bool(in_force)}

    try:
        values = await in_transaction(request, read)
    except RefusedError as error:
        raise PageRefusedError("not_found", detail=error.message, frames=found.visitor.frames) from None
    await in_transaction(request, lambda session: note_class(session, found.visitor, "page tables"))
    more = {"problem": problem, "form": secrets.token_hex(6), "tab": "groups"}
    return found.page("plan.html", {**values, "most_tables": MOST_TABLES, "bounds": BOUNDS, **more})


def _plan(session: Session, found: Visit, wish: PlanWish) -> ClassPlan:
    return table_plans.make_plan(session, found.visitor.school_id, found.visitor.class_ref or "", wish)


def _in_force(session: Session, found: Visit) -> list[str]:
    return table_plans.in_force(session, found.visitor.school_id, found.visitor.class_ref or "")


def _wish(found: Visit, tables: str, give_up: str) -> PlanWish:
    """Return what a form asks for.

    Raises:
        PageRefusedError: `form`: the page does not offer it.
    """
    counts = {str(number): number for number in range(1, MOST_TABLES + 1)}
    bounds = {str(bound): bound / 100 for bound in BOUNDS}
    if tables not in counts or give_up not in bounds:
        raise PageRefusedError("form", frames=found.visitor.frames)
    return PlanWish(counts[tables], give_up=bounds[give_up])


def _plan_values(plan: ClassPlan, spoken: Language) -> dict[str, object]:
    titles = dict(plan.skills.values())
    cards = [
        TableCard(
            skill_title(plan.skills[table.skill][0], titles),
            tuple(sorted((plan.students[s.student][1], round(100 * s.given_up)) for s in table.students)),
        )
        for table in plan.plan.tables
    ]
    alone = [(plan.students[student][1], spoken.text(WHY_ALONE[why])) for student, why in plan.plan.alone.items()]
    return {
        "tables": cards,
        "alone": sorted(alone),
        "served": plan.plan.student_count,
        "wish": plan.wish,
        "bound": round(100 * plan.wish.give_up),
        "digest": plan.digest,
    }
