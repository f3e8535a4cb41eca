"""A teacher's overrides on a page: one question after the other, then a diff by name, then *Do it*, then the proof.

An override goes the way of `POST /orders`: an event that a worker applies. Whatever a form says, it can only concern
the class of the page and the students who are in it now.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config import tracing
from lms import canonical_overrides
from lms.facts import EventKind, OrderVerb
from models.access import sources
from models.access.page_sessions import Visitor
from models.events import own_pages
from models.reports import override_pages, student_pages
from models.reports.override_pages import ClassStudent, Moved, OverrideLine
from tasks.pipeline import overrides
from tasks.pipeline.overrides import OverrideDraft, RefusedError
from tasks.pipeline.preview import StudentPreview
from web.dependencies import state_of
from web.pages import events
from web.pages.access import OwnForm, TeacherVisit, Visit, in_snapshot, in_transaction
from web.pages.language import N_, Language
from web.pages.render import PageRefusedError
from web.pages.teacher import class_of, note_class, shown, unmet_names

router = APIRouter(prefix="/lti/s/{launch}/overrides", include_in_schema=False)
WHOLE_CLASS = ""
"""What stands for the whole class where a form asks for whom."""
VERBS: dict[OrderVerb, tuple[str, str]] = {
    OrderVerb.PIN: (N_("This one, now"), N_("Gives one task, or a task of one skill, at once.")),
    OrderVerb.MUST_DO: (N_("This first"), N_("Comes before everything else, until it was tried.")),
    OrderVerb.FORBID: (N_("Not this"), N_("Is not given, until you take it back.")),
    OrderVerb.HOLD: (N_("Leave it as it is"), N_("Nothing is exchanged meanwhile.")),
    OrderVerb.APPROVE: (N_("Approve what is proposed"), N_("Students see proposals only after this.")),
}
"""Verb -> its name and what it does."""
NAMES_WORK = frozenset({OrderVerb.PIN, OrderVerb.MUST_DO, OrderVerb.FORBID})
"""Verbs that make no sense without a skill or a material."""
LASTING: dict[str, str] = {"7d": N_("one week"), "14d": N_("two weeks"), "28d": N_("four weeks"), "1d": N_("one day")}
STATUS = {
    "pending": N_("Stored. It is not in force yet; look again in a moment."),
    "parked": N_("Stored. It names something that is not loaded yet."),
    "quarantined": N_("Not taken: Souschef could not read it. Tell your administrator."),
    "in force": N_("In force."),
    "done": N_("Done."),
    "ended": N_("Ended."),
    "revoked": N_("Taken back."),
}
WAIT_SECONDS = 1.5
PAUSE_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form has said so far, each checked against the class."""

    verb: OrderVerb | None = None
    who: str | None = None
    """The student's ref, `WHOLE_CLASS`, or None: not asked yet."""
    skill: str | None = None
    material: str | None = None
    until: str = "7d"
    reason: str = ""
    key: str = ""
    """Of the override to revoke, or the form's own, which makes a second click the same override."""

    def fields(self) -> dict[str, str]:
        """Return it as a form's hidden fields."""
        return {name: str(value) for name, value in asdict(self).items() if value is not None}

    def draft(self, visitor: Visitor) -> OverrideDraft:
        """Return the override."""
        if self.verb is None:
            raise PageRefusedError("form", frames=visitor.frames)
        if self.verb is OrderVerb.REVOKE:
            return OverrideDraft(self.verb, author=visitor.person_ref, key=self.key)
        return OverrideDraft(
            self.verb,
            author=visitor.person_ref,
            reason=self.reason,
            key=f"o-{self.key}",
            student=self.who or None,
            class_ref=None if self.who else visitor.class_ref,
            material=self.material,
            skill=None if self.material else self.skill,
            until=self.until,
        )


@router.get("")
async def list_page(request: Request, found: TeacherVisit) -> Response:
    """Show what is in force, and what is stored and waits for a worker."""

    def read(session: Session) -> dict[str, object]:
        class_id = class_of(found.visitor)
        return {
            **shown(session, found),
            "lines": [
                (line, override_text(line, found.spoken)) for line in override_pages.overrides(session, class_id)
            ],
            "unmet": unmet_names(session, found.visitor),
        }

    values = await in_snapshot(request, read)
    waiting = await in_transaction(request, lambda session: _waiting(session, found))
    await in_transaction(request, lambda session: note_class(session, found.visitor, "page overrides"))
    return found.page("overrides.html", {**values, "waiting": waiting, "tab": "overrides"})


@router.get("/new")
async def new_page(
    request: Request,
    found: TeacherVisit,
    verb: str = "",
    who: str | None = None,
    skill: str | None = None,
    material: str | None = None,
) -> Response:
    """Ask the next thing that is not known yet: what to do and for whom, on which skill, which material."""
    fields = {"verb": verb, "skill": skill or "", "material": material or ""}
    asked_so_far = {**fields, **({} if who is None else {"who": who}), **({} if skill is None else {"asked": "skill"})}
    return await _question(request, found, asked_so_far)


@router.post("/try")
async def try_it(request: Request, found: TeacherVisit, fields: OwnForm) -> Response:
    """Show what an override would change, by name; nothing is written but the access log."""

    def dry_run(session: Session) -> tuple[Asked, list[StudentPreview], str] | str:
        asked = _asked(session, found.visitor, fields)
        try:
            override = overrides.build_override(session, found.visitor.school_id, asked.draft(found.visitor))
            through = f"source {_sender(session, found.visitor).source_id}"
            previews = overrides.preview(session, found.visitor.school_id, override, through=through).students
        except RefusedError as error:
            session.rollback()
            return error.message
        return asked, list(previews), _sentence(session, found, asked)

    result = await in_transaction(request, dry_run)
    if isinstance(result, str):
        return await _question(request, found, {**fields, "asked": "skill"}, problem=result)
    asked, previews, sentence = result
    values = await in_snapshot(request, lambda session: shown(session, found))
    diff = {
        "sentence": sentence,
        "changed": [each for each in previews if each.changes],
        "same": sum(not each.changes for each in previews),
        "unmet": [each for preview in previews for each in preview.unmet],
        "fields": asked.fields(),
        "action": f"{found.path}/overrides/do",
        "back": f"{found.path}/overrides",
        "tab": "overrides",
    }
    return found.page("try.html", {**values, **diff})


@router.post("/do")
async def do_it(request: Request, found: TeacherVisit, fields: OwnForm) -> Response:
    """Store the override for the workers, and show the page that proves it."""

    def write(session: Session) -> tuple[str, Sequence[int]]:
        student_pages.lock_session(session, found.visitor.session_id)
        asked = _asked(session, found.visitor, fields)
        sender = _sender(session, found.visitor)
        override = overrides.build_override(session, found.visitor.school_id, asked.draft(found.visitor))
        key = events.key_of(canonical_overrides.write(override))
        if own_pages.own_events(session, found.visitor.school_id, [key]):
            return override.key, ()  # a second click
        submitted = overrides.submit(session, sender, override)
        return submitted.effect.key, submitted.events

    try:
        key, ids = await in_transaction(request, write)
    except RefusedError as error:
        return await _question(request, found, {**fields, "asked": "skill"}, problem=error.message)
    state_of(request).notifier.notify({EventKind.ORDER: ids}, tracing.request_id())
    return RedirectResponse(f"{found.path}/overrides/of/{key}", 303, headers={"Cache-Control": "no-store"})


@router.get("/of/{key}")
async def proof_page(request: Request, found: TeacherVisit, key: Annotated[str, Path(max_length=200)]) -> Response:
    """Show one override: in force, or stored until a worker runs; and what has changed since, by name."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        line, state, moved = await in_transaction(request, lambda session: _proof(session, found.visitor, key))
        if state != "pending" or time.monotonic() > until:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    if state is None:
        raise PageRefusedError("not_found", frames=found.visitor.frames)
    values = await in_snapshot(request, lambda session: shown(session, found))
    await in_transaction(request, lambda session: note_class(session, found.visitor, "page override"))
    proof = {
        "line": line,
        "sentence": "" if line is None else override_text(line, found.spoken),
        "state": state,
        "status": found.spoken.text(STATUS[state]),
        "moved": moved,
        "tab": "overrides",
    }
    return found.page("override.html", {**values, **proof})


async def _question(request: Request, found: Visit, fields: Mapping[str, str], *, problem: str = "") -> Response:
    def read(session: Session) -> dict[str, object]:
        asked = _asked(session, found.visitor, fields)
        needs_skill = asked.verb in NAMES_WORK
        step = "verb" if asked.verb is None or asked.who is None else "last"
        if step == "last" and needs_skill and not asked.skill:
            step = "skill"
        names = {each.ref: each.name for each in _students(session, found.visitor)}
        return {
            **shown(session, found),
            "step": step,
            "asked": asked,
            "names": names,
            "skills": override_pages.skills(session, class_of(found.visitor)) if step == "skill" else [],
            "materials": _materials(session, found.visitor, asked) if step == "last" and needs_skill else [],
        }

    values = await in_snapshot(request, read)
    texts = {verb.value: tuple(map(found.spoken.text, both)) for verb, both in VERBS.items()}
    lasting = {code: found.spoken.text(name) for code, name in LASTING.items()}
    await in_transaction(request, lambda session: note_class(session, found.visitor, "page new override"))
    more = {"verbs": texts, "lasting": lasting, "problem": problem, "form": secrets.token_hex(6), "tab": "overrides"}
    return found.page("new_override.html", {**values, **more})


def _asked(session: Session, visitor: Visitor, fields: Mapping[str, str]) -> Asked:
    """Return what a form says.

    Raises:
        PageRefusedError: `form`: it names a student, an override or a verb that this page does not have.
    """
    verbs = {verb.value: verb for verb in (*VERBS, OrderVerb.REVOKE)}
    verb, who, key = verbs.get(fields.get("verb", "")), fields.get("who"), fields.get("key", "")
    allowed = {WHOLE_CLASS, *(each.ref for each in _students(session, visitor))}
    own_key = verb is not OrderVerb.REVOKE and (key == "" or (key.isalnum() and len(key) <= 32))  # noqa: PLR2004 - `token_hex(6)`, and room
    is_theirs = own_key or bool(override_pages.overrides(session, class_of(visitor), key=key))
    if (fields.get("verb") and verb is None) or (who is not None and who not in allowed) or not is_theirs:
        raise PageRefusedError("form", frames=visitor.frames)
    until = fields.get("until", "")
    return Asked(
        verb=verb,
        who=who,
        skill=fields.get("skill") or None,
        material=fields.get("material") or None,
        until=until if until in LASTING else "7d",
        reason=fields.get("reason", "").strip(),
        key=key,
    )


def _students(session: Session, visitor: Visitor) -> list[ClassStudent]:
    return override_pages.class_students(session, class_of(visitor))


def _materials(session: Session, visitor: Visitor, asked: Asked) -> Sequence[object]:
    return override_pages.materials(session, visitor.school_id, asked.skill or "")


def _sender(session: Session, visitor: Visitor) -> sources.Sender:
    return sources.sender_of_pages(session, visitor.school_id)


def _waiting(session: Session, found: Visit) -> list[tuple[str, str]]:
    """Return (state, sentence) of the overrides of this class that no worker has applied yet."""
    names = {each.ref: each.name for each in _students(session, found.visitor)}
    events = override_pages.stored_events(session, _sender(session, found.visitor).source_id)
    own = [(state, orjson.loads(payload)) for state, payload in events if payload]
    ours = [
        (state, event)
        for state, event in own
        if event.get("class") == found.visitor.class_ref or event.get("student") in names
    ]
    return [(found.spoken.text(STATUS[state]), _event_text(event, names, found.spoken)) for state, event in ours]


def _event_text(event: Mapping[str, Any], names: Mapping[str, str], spoken: Language) -> str:
    verb = VERBS[OrderVerb(event["order"])][0]
    whom = names.get(str(event.get("student")), spoken.text(N_("the whole class")))
    about = event.get("material") or event.get("skill") or ""
    return f"{spoken.text(verb)} · {whom}" + (f" · {about}" if about else "")


def _proof(session: Session, visitor: Visitor, key: str) -> tuple[OverrideLine | None, str | None, list[Moved]]:
    """Return an override with where it stands and what has changed since; (None, state, []) while it waits."""
    lines = override_pages.overrides(session, class_of(visitor), key=key)
    events = override_pages.stored_events(session, _sender(session, visitor).source_id)
    payloads = [(state, orjson.loads(payload)) for state, payload in events if payload]
    waiting = next((state for state, event in payloads if key in (event.get("id"), event.get("revokes"))), None)
    if not lines:
        return None, waiting, []
    line = lines[0]
    affected = [line.student_id] if line.student_id else [each.id for each in _students(session, visitor)]
    since = line.revoked_at if line.status == "revoked" and line.revoked_at else line.given_at
    return line, waiting or line.status, override_pages.moved(session, affected, since)


def override_text(line: OverrideLine, spoken: Language) -> str:
    """Return an override in one line: what, for whom, about what."""
    verb, whom = VERBS[OrderVerb(line.kind)][0], line.name or spoken.text(N_("the whole class"))
    about = line.material or line.skill
    return f"{spoken.text(verb)} · {whom}" + (f" · {about}" if about else "")


def _sentence(session: Session, found: Visit, asked: Asked) -> str:
    if asked.verb is OrderVerb.REVOKE:
        [line] = override_pages.overrides(session, class_of(found.visitor), key=asked.key)
        return found.spoken.text(N_("Take back: %(what)s"), what=override_text(line, found.spoken))
    names = {each.ref: each.name for each in _students(session, found.visitor)}
    titles = {each.ref: each.title for each in override_pages.skills(session, class_of(found.visitor))}
    materials = override_pages.materials(session, found.visitor.school_id, asked.skill or "")
    titles |= {each.ref: each.title for each in materials}
    about = asked.material or asked.skill
    event = {"order": asked.verb, "student": asked.who, "material": titles.get(about or "", about)}
    return _event_text(event, names, found.spoken)
