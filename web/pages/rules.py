"""The dial and the skills of a class on a page: a form, then a diff by name, then *Do it*.

A rule goes the way of `POST /policy` and `POST /scope`: it is set at once, and the workers decide again for the class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config import tracing
from models.access import sources
from models.reports import override_pages
from tasks.pipeline import policies
from tasks.pipeline.overrides import RefusedError
from tasks.pipeline.policies import Authorship, PolicyChange, ScopeTimes
from web.dependencies import state_of
from web.pages.access import OwnForm, TeacherVisit, Visit, in_snapshot, in_transaction
from web.pages.language import N_
from web.pages.overrides import LASTING
from web.pages.render import PageRefusedError
from web.pages.teacher import class_of, note_class, shown

router = APIRouter(prefix="/lti/s/{launch}/rules", include_in_schema=False)
DIAL = {
    "0": N_("Only what helps most; the theme decides nothing."),
    "0.05": N_("A theme may cost a little."),
    "0.15": N_("A theme may cost as much as is ever allowed."),
}
"""Values of the dial, `tolerance`, and what each means."""
SLOTS = ("1", "2", "3", "4", "6")
FOREVER = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One change of the rules, as its form says it."""

    setting: str
    """tolerance, slots or approve; or open or close: a skill."""
    value: str
    until: str
    reason: str

    def fields(self) -> dict[str, str]:
        """Return it as a form's hidden fields."""
        return {"setting": self.setting, "value": self.value, "until": self.until, "reason": self.reason}


@router.get("")
async def rules_page(request: Request, found: TeacherVisit) -> Response:
    """Show the dial and the skills that are open."""
    return await _page(request, found)


@router.post("/try")
async def try_it(request: Request, found: TeacherVisit, fields: OwnForm) -> Response:
    """Show what a rule would change, by name; nothing is written but the access log."""
    rule = _rule(found, fields)
    try:
        change = await in_transaction(request, lambda session: _set(session, found, rule, dry_run=True))
    except RefusedError as error:
        return await _page(request, found, problem=error.message)

    def read(session: Session) -> dict[str, object]:
        titles = {each.ref: each.title for each in override_pages.skills(session, class_of(found.visitor))}
        return {**shown(session, found), "sentence": _sentence(found, rule, titles)}

    values = await in_snapshot(request, read)
    diff: dict[str, object] = {
        "changed": [each for each in change.previews if each.changes],
        "same": sum(not each.changes for each in change.previews),
        "unmet": [],
        "fields": rule.fields(),
        "action": f"{found.path}/rules/do",
        "back": f"{found.path}/rules",
        "tab": "rules",
    }
    return found.page("try.html", {**values, **diff})


@router.post("/do")
async def do_it(request: Request, found: TeacherVisit, fields: OwnForm) -> Response:
    """Set a rule, and have the workers decide again."""
    rule = _rule(found, fields)
    try:
        change = await in_transaction(request, lambda session: _set(session, found, rule, dry_run=False))
    except RefusedError as error:
        return await _page(request, found, problem=error.message)
    state_of(request).notifier.notify_students(change.students, tracing.request_id())
    return RedirectResponse(f"{found.path}/rules?done=1", 303, headers={"Cache-Control": "no-store"})


async def _page(request: Request, found: Visit, *, problem: str = "") -> Response:
    def read(session: Session) -> dict[str, object]:
        visitor = found.visitor
        return {
            **shown(session, found),
            "settings": policies.in_force(session, visitor.school_id, visitor.class_ref),
            "scope": policies.scope(session, visitor.school_id, visitor.class_ref),
            "skills": override_pages.skills(session, class_of(visitor)),
            "due": override_pages.due(session, class_of(visitor)),
        }

    values = await in_snapshot(request, read)
    await in_transaction(request, lambda session: note_class(session, found.visitor, "page rules"))
    more: dict[str, object] = {
        "dial": {value: found.spoken.text(sentence) for value, sentence in DIAL.items()},
        "slots": SLOTS,
        "lasting": {code: found.spoken.text(name) for code, name in LASTING.items()},
        "problem": problem,
        "done": "done" in request.query_params,
        "tab": "rules",
    }
    return found.page("rules.html", {**values, **more})


def _rule(found: Visit, fields: Mapping[str, str]) -> Rule:
    """Return what a form says.

    Raises:
        PageRefusedError: `form`: it is about something else than this page.
    """
    setting, value, until = (fields.get(name, "") for name in ("setting", "value", "until"))
    allowed = {"tolerance": DIAL, "slots": SLOTS, "approve": ("on", "off")}
    is_known = value in allowed[setting] if setting in allowed else setting in ("open", "close") and bool(value)
    if not is_known or (until != FOREVER and until not in LASTING):
        raise PageRefusedError("form", frames=found.visitor.frames)
    return Rule(setting, value, until, fields.get("reason", "").strip())


def _set(session: Session, found: Visit, rule: Rule, *, dry_run: bool) -> PolicyChange:
    visitor = found.visitor
    through = f"source {sources.sender_of_pages(session, visitor.school_id).source_id}"
    by = Authorship(visitor.person_ref, rule.reason, through)
    until = rule.until or None
    where = (session, visitor.school_id, visitor.class_ref or "", rule.value)
    match rule.setting:
        case "open":
            return policies.open_skill(*where, by=by, times=ScopeTimes(due=until), dry_run=dry_run)
        case "close":
            return policies.close_skill(*where, by=by, dry_run=dry_run)
        case _:
            values = {rule.setting: _value(rule)}
            return policies.set_policy(
                session, visitor.school_id, values, by=by, class_ref=visitor.class_ref, until=until, dry_run=dry_run
            )


def _value(rule: Rule) -> Any:  # noqa: ANN401 - a setting's
    return policies.parse_setting(f"{rule.setting}={rule.value}")[1]


def _sentence(found: Visit, rule: Rule, titles: Mapping[str, str]) -> str:
    spoken = found.spoken
    match rule.setting:
        case "tolerance":
            return spoken.text(DIAL[rule.value])
        case "slots":
            return spoken.plural("At most %(num)s task at once", "At most %(num)s tasks at once", int(rule.value))
        case "approve":
            is_on = rule.value == "on"
            return spoken.text(N_("I look at each task first") if is_on else N_("Tasks come without my approval"))
        case "open":
            return spoken.text(N_("Begin with: %(skill)s"), skill=titles.get(rule.value, rule.value))
        case _:
            return spoken.text(N_("End with: %(skill)s"), skill=titles.get(rule.value, rule.value))
