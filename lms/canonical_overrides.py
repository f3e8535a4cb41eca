"""Teachers' orders among our own events, which are no facts about a student."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lms.canonical import ORDER
from lms.facts import Order, OrderVerb, PayloadError, SourceRules
from lms.json_fields import MAX_TEXT, mapping, parse_datetime, postgres_text, valid_name, valid_ref

DAYS = 28
"""An order that names no end lasts for so long: nobody remembers it for longer."""
_ENDLESS = frozenset({OrderVerb.REVOKE, OrderVerb.APPROVE})
"""What is done once has no end."""
_ABOUT_SOMETHING = frozenset({OrderVerb.PIN, OrderVerb.MUST_DO, OrderVerb.FORBID})


def parse(event: object, *, rules: SourceRules) -> Order:
    """Return a teacher's order.

    Raises:
        PayloadError: it cannot be understood, or is addressed to nobody.
    """
    top = mapping(event, "")
    if top.get("type") != ORDER:
        raise PayloadError("schema", "/type", "an order is due")
    value = top.get("order")
    if not isinstance(value, str) or value not in {verb.value for verb in OrderVerb}:
        raise PayloadError("schema", "/order")
    verb = OrderVerb(value)
    optional = {name: _optional(top, name) for name in ("student", "class", "material", "skill")}
    if verb is not OrderVerb.REVOKE and optional["student"] is None and optional["class"] is None:
        raise PayloadError("schema", "/student", "a student or a class is due")
    if verb in _ABOUT_SOMETHING and optional["material"] is None and optional["skill"] is None:
        raise PayloadError("schema", "/material", "a material or a skill is due")
    given_at = parse_datetime(top.get("at"), "/at", rules=rules)
    ending = None if verb in _ENDLESS else given_at + dt.timedelta(days=DAYS)
    return Order(
        verb=verb,
        key=valid_ref(top.get("revokes") if verb is OrderVerb.REVOKE else top.get("id"), "/id"),
        author=valid_ref(top.get("author"), "/author"),
        given_at=given_at,
        student=optional["student"],
        class_ref=optional["class"],
        material=optional["material"],
        skill=optional["skill"],
        reason=_text(top.get("reason"), "/reason"),
        # An end lies in the future, as no other time of an event does.
        expires_at=ending
        if top.get("expires_at") is None
        else parse_datetime(top["expires_at"], "/expires_at", rules=replace(rules, received_at=None)),
    )


def write(order: Order) -> dict[str, Any]:
    """Return an order as the event that `parse` reads."""
    event: dict[str, Any] = {
        "type": ORDER,
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
        event |= {"id": f"{order.key} revoked", "revokes": order.key}
    return {name: value for name, value in event.items() if value is not None}


def _optional(top: Mapping[str, Any], name: str) -> str | None:
    return None if top.get(name) is None else valid_name(top[name], f"/{name}")


def _text(value: object, pointer: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PayloadError("schema", pointer, "a text is due")
    return postgres_text(value, pointer)[:MAX_TEXT]
