"""The doors for a teacher's tool: orders, rules and scope, tried first with `?dry_run=true`.

An order becomes an event in the inbox, as at `/events`: it is committed before the answer, and a worker puts it in
force. A rule or a skill is set at once, and a worker decides anew. The learner model is loaded by the first request
that needs it, not with the doors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config import trace
from config.errors import Mendable
from lms.facts import Order, OrderVerb, PayloadError
from lms.fields import MAX_TEXT, ref, storable
from models import audit, database, orders
from models.sources import Sender
from web import documented, intake
from web.bodies import admitted
from web.door import Document, identified, of, serve
from web.problems import Problem

router = APIRouter(tags=["Teachers"])
FORMATS = ("canonical",)
VERBS = {verb.value: verb for verb in OrderVerb}
NAMES = ("student", "class", "material", "skill", "until", "id", "revokes", "reason")
ORDER = documented.order(("author",), NAMES, order={"enum": list(VERBS)})
POLICY = documented.order(("author", "reason"), ("class", "until"), settings={"type": "object"})
SCOPE = documented.order(
    ("author", "reason", "class", "skill"), ("opens", "due", "closes"), action={"enum": ["open", "close"]}
)


@router.post("/orders", openapi_extra=ORDER, responses=documented.responses("ordered"))
async def post_order(request: Request) -> Response:
    """Give, approve or revoke; the answer's `key` revokes it. It is in force within seconds, and ends by itself."""
    dry_run, doorbell = _dry_run(request), of(request).doorbell

    def work(sender: Sender, document: Document) -> Response:
        from tasks import ordering
        from tasks.told import would_as_told

        told = _texts(document, ("order", "author", *NAMES))
        verb = VERBS.get(told["order"] or "")
        if verb is None:
            raise Problem("refused", reason=f"`order` is one of {', '.join(VERBS)}.")

        def make(session: Session) -> tuple[Order, list[dict[str, Any]]]:
            order = ordering.order(
                session,
                verb,
                author=_due(told, "author"),
                reason=told["reason"] or "",
                key=_due(told, "revokes") if verb is OrderVerb.REVOKE else told["id"],
                student=told["student"],
                class_ref=told["class"],
                material=told["material"],
                skill=told["skill"],
                until=told["until"],
            )
            if not dry_run:
                ordering.check(session, sender.school_id, order)
                return order, []
            through = f"source {sender.source_id}"
            done = ordering.give(session, sender.school_id, order, through=through, dry_run=True)
            return order, would_as_told(done.students)

        order, would = _done(make)
        if dry_run:
            return JSONResponse({"dry_run": True, "students": would})
        intake.take(sender, [_event(order)], doorbell)
        return JSONResponse({"dry_run": False, "key": order.key})

    return await serve(request, work, formats=FORMATS)


@router.get(
    "/orders", openapi_extra=documented.asking("class", "student", "all"), responses=documented.responses("orders")
)
async def get_orders(request: Request) -> Response:
    """List the orders in force, with `all=true` those that ended too; and for whom one cannot be met, and why."""
    asked = _query(request, ("class", "student", "all"))

    def work(session: Session, sender: Sender) -> dict[str, Any]:
        from tasks import ordering
        from tasks.told import given_as_told

        found, unmet = ordering.standing(
            session, sender.school_id, student=asked["student"], class_ref=asked["class"], past=asked["all"] == "true"
        )
        whom = orders.of_orders(session, {each.number for each in found})
        audit.record(session, author=f"source {sender.source_id}", action="orders", students=whom)
        return {"orders": [given_as_told(each, unmet) for each in found]}

    return await _answered(request, work)


@router.post("/policy", openapi_extra=POLICY, responses=documented.responses("ordered"))
async def post_policy(request: Request) -> Response:
    """Set rules of a class, or of the school: the dial, approve mode, pacing; null takes a setting back."""
    dry_run, doorbell = _dry_run(request), of(request).doorbell

    def work(sender: Sender, document: Document) -> Response:
        from tasks import rulings
        from tasks.told import would_as_told

        told = _texts(document, ("author", "reason", "class", "until"))
        settings = document.get("settings")
        if not isinstance(settings, dict) or not settings:
            raise Problem("refused", reason="`settings` is an object of names and values.")
        if dry_run and told["class"] is None:
            raise Problem("refused", reason="A dry run is of one class here; `souschef policy set` tries a school's.")

        def make(session: Session) -> rulings.Ruled:
            return rulings.set_policy(
                session,
                sender.school_id,
                settings,
                act=rulings.Act(told["author"] or "", told["reason"] or "", f"source {sender.source_id}"),
                class_ref=told["class"],
                until=told["until"],
                dry_run=dry_run,
            )

        ruled = _done(make)
        if dry_run:
            return JSONResponse({"dry_run": True, "students": would_as_told(ruled.would)})
        doorbell.ring_for_students(ruled.students, trace.request_id())
        return JSONResponse({"dry_run": False})

    return await serve(request, work, formats=FORMATS)


@router.get("/policy", openapi_extra=documented.asking("class"), responses=documented.responses("policy"))
async def get_policy(request: Request) -> Response:
    """Show every rule of a class, or of the school: its value, where it comes from, until when, by whom and why."""
    asked = _query(request, ("class",))

    def work(session: Session, sender: Sender) -> dict[str, Any]:
        from tasks import rulings

        return {"settings": rulings.in_force(session, sender.school_id, asked["class"])}

    return await _answered(request, work)


@router.post("/scope", openapi_extra=SCOPE, responses=documented.responses("ordered"))
async def post_scope(request: Request) -> Response:
    """Open a skill to a class, or close it: now, or at the times that are given."""
    dry_run, doorbell = _dry_run(request), of(request).doorbell

    def work(sender: Sender, document: Document) -> Response:
        from tasks import rulings
        from tasks.told import would_as_told

        told = _texts(document, ("author", "reason", "class", "skill", "opens", "due", "closes", "action"))
        class_ref, skill, action = _due(told, "class"), _due(told, "skill"), told["action"] or "open"
        if action not in ("open", "close"):
            raise Problem("refused", reason="`action` is open or close.")

        def make(session: Session) -> rulings.Ruled:
            act = rulings.Act(told["author"] or "", told["reason"] or "", f"source {sender.source_id}")
            where = session, sender.school_id, class_ref, skill
            opens, due, closes = told["opens"], told["due"], told["closes"]
            if action == "close":
                return rulings.close_skill(*where, act=act, closes=closes, dry_run=dry_run)
            return rulings.open_skill(*where, act=act, opens=opens, due=due, closes=closes, dry_run=dry_run)

        ruled = _done(make)
        if dry_run:
            return JSONResponse({"dry_run": True, "students": would_as_told(ruled.would)})
        doorbell.ring_for_students(ruled.students, trace.request_id())
        return JSONResponse({"dry_run": False})

    return await serve(request, work, formats=FORMATS)


@router.get("/scope", openapi_extra=documented.asking("class"), responses=documented.responses("scope"))
async def get_scope(request: Request) -> Response:
    """List which skills are open to each class, or to one: since when, until when, by whom and why."""
    asked = _query(request, ("class",))

    def work(session: Session, sender: Sender) -> dict[str, Any]:
        from tasks import rulings
        from tasks.told import plain

        return {"scope": [plain(asdict(each)) for each in rulings.scope(session, sender.school_id, asked["class"])]}

    return await _answered(request, work)


async def _answered(request: Request, work: Callable[[Session, Sender], dict[str, Any]]) -> Response:
    door = of(request)
    async with admitted(door.limits):
        sender = await identified(request, formats=FORMATS)
        return JSONResponse(await door.run(lambda: _done(lambda session: work(session, sender))))


def _done(make: Callable[[Session], Any]) -> Any:  # noqa: ANN401 - whatever it makes
    """Return what is made in a transaction of its own.

    Raises:
        Problem: `refused` with the reason, or `unavailable`.
    """
    from tasks.ordering import Refused

    try:
        with database.transaction(role=intake.ROLE) as session:
            return make(session)
    except Refused as error:
        raise Problem("refused", reason=error.sentence) from None
    except (SQLAlchemyError, Mendable) as error:
        raise intake.unavailable(error) from None


def _event(order: Order) -> dict[str, Any]:
    """Return an order as the event that `/events` would take."""
    told: dict[str, Any] = {
        "type": "order",
        "order": order.verb.value,
        "id": order.key,
        "author": order.author,
        "at": order.given_at.isoformat(),
        "student": order.student,
        "class": order.class_ref,
        "material": order.material,
        "skill": order.skill,
        "reason": order.reason,
        "expires_at": None if order.expires_at is None else order.expires_at.isoformat(),
    }
    if order.verb is OrderVerb.REVOKE:
        told |= {"id": f"{order.key} revoked", "revokes": order.key}
    return {name: value for name, value in told.items() if value is not None}


def _texts(document: Document, names: tuple[str, ...]) -> dict[str, str | None]:
    if not isinstance(document, dict):
        raise Problem("not_an_object")
    return {name: _text(document.get(name), name) for name in names}


def _query(request: Request, names: tuple[str, ...]) -> dict[str, str | None]:
    return {name: _text(request.query_params.get(name), name) for name in names}


def _text(value: object, name: str) -> str | None:
    if value is None:
        return None
    try:
        if name == "reason" and isinstance(value, str):
            return storable(value, "/reason")[:MAX_TEXT]
        return ref(value, f"/{name}")
    except PayloadError:
        raise Problem("refused", reason=f"`{name}` is a short text.") from None


def _due(told: Mapping[str, str | None], name: str) -> str:
    said = told[name]
    if said is None:
        raise Problem("refused", reason=f"`{name}` is missing.")
    return said


def _dry_run(request: Request) -> bool:
    said = request.query_params.get("dry_run", "false")
    if said not in ("true", "false"):
        raise Problem("bad_request")
    return said == "true"
