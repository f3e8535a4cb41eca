"""Teachers' orders among our own events, which are no facts about a student."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from lms.canonical import ORDER
from lms.facts import Order, OrderVerb, PayloadError
from lms.fields import MAX_TEXT, instant, mapping, ref, storable

DAYS = 28
"""An order that names no end lasts for so long: nobody remembers it for longer."""
_ENDLESS = frozenset({OrderVerb.REVOKE, OrderVerb.APPROVE})
"""What is done once has no end."""
_ABOUT_SOMETHING = frozenset({OrderVerb.PIN, OrderVerb.MUST_DO, OrderVerb.FORBID})


def parse(event: object) -> Order:
    """Return a teacher's order.

    Raises:
        PayloadError: it cannot be understood, or is addressed to nobody.
    """
    top = mapping(event, "")
    if top.get("type") != ORDER:
        raise PayloadError("schema", "/type", "an order is due")
    told = top.get("order")
    if not isinstance(told, str) or told not in {verb.value for verb in OrderVerb}:
        raise PayloadError("schema", "/order")
    verb = OrderVerb(told)
    optional = {name: _optional(top, name) for name in ("student", "class", "material", "skill")}
    if verb is not OrderVerb.REVOKE and optional["student"] is None and optional["class"] is None:
        raise PayloadError("schema", "/student", "a student or a class is due")
    if verb in _ABOUT_SOMETHING and optional["material"] is None and optional["skill"] is None:
        raise PayloadError("schema", "/material", "a material or a skill is due")
    given_at = instant(top.get("at"), "/at")
    ending = None if verb in _ENDLESS else given_at + dt.timedelta(days=DAYS)
    return Order(
        verb=verb,
        key=ref(top.get("revokes") if verb is OrderVerb.REVOKE else top.get("id"), "/id"),
        author=ref(top.get("author"), "/author"),
        given_at=given_at,
        student=optional["student"],
        class_ref=optional["class"],
        material=optional["material"],
        skill=optional["skill"],
        reason=_text(top.get("reason"), "/reason"),
        expires_at=ending if top.get("expires_at") is None else instant(top["expires_at"], "/expires_at"),
    )


def _optional(top: Mapping[str, Any], name: str) -> str | None:
    return None if top.get(name) is None else ref(top[name], f"/{name}")


def _text(value: object, pointer: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PayloadError("schema", pointer, "a text is due")
    return storable(value, pointer)[:MAX_TEXT]
