"""What a student answered in a survey question, separated from what the sender made of it on the way."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from typing import Any

from lms.json_fields import MAX_TEXT, get_path, localized_text, postgres_text

RATING = "http://learninglocker.net/xapi/moodle/feedback_item_rating"
_SEPARATOR = "[,]"


def from_interaction(
    definition: Mapping[str, Any], result: Mapping[str, Any], *, escaped: bool = False
) -> dict[str, Any] | None:
    """Return kind and answer of a `cmi.interaction` in a survey, or None where there is no answer.

    Moodle sends an unrated multiple choice with `null` for the answer, or with all options run together as the only
    one: that is nobody's answer. It also sends texts `escaped` for HTML.
    """
    response = result.get("response")
    interaction = definition.get("interactionType")
    if not isinstance(response, str) or not response.strip():
        return None
    response = postgres_text(html.unescape(response) if escaped else response, "/result/response").strip()[:MAX_TEXT]
    match interaction:
        case "choice" | "likert" | "sequencing":
            return _choice(definition, result, response)
        case "true-false":
            return _boolean(response)
        case "numeric":
            return _number(response)
        case _:
            return {"kind": "text", "answer": response}


def _choice(definition: Mapping[str, Any], result: Mapping[str, Any], response: str) -> dict[str, Any] | None:
    options = _options(definition)
    if options and (len(options) == 1 or slug(response) in ("".join(map(slug, options)), "-".join(map(slug, options)))):
        return None
    rating = get_path(result, "extensions", RATING)
    position = _position(options, response)
    place = {} if position is None else {"position": position, "options": len(options)}
    if _is_number(rating):
        return {"kind": "rating", "answer": rating, "label": _label(options, position, response), **place}
    if _SEPARATOR in response:
        parts = [part.strip() for part in response.split(_SEPARATOR) if part.strip()]
        return {"kind": "choices", "answer": [_label(options, _position(options, part), part) for part in parts]}
    return {"kind": "choice", "answer": _label(options, position, response), **place}


def _options(definition: Mapping[str, Any]) -> list[str]:
    """Return the texts of the options, or their ids where they have none, in the order shown."""
    shown = definition.get("choices") or definition.get("scale")
    if not isinstance(shown, list):
        return []
    found = [localized_text(get_path(option, "description")) or get_path(option, "id") for option in shown]
    return [text for text in found if isinstance(text, str)]


def _position(options: list[str], response: str) -> int | None:
    slugs = [slug(option) for option in options]
    return slugs.index(slug(response)) if slug(response) in slugs else None


def _label(options: list[str], position: int | None, response: str) -> str:
    return response if position is None else options[position]


def _boolean(response: str) -> dict[str, Any] | None:
    match response.lower():
        case "true" | "1" | "yes":
            return {"kind": "boolean", "answer": True}
        case "false" | "0" | "no":
            return {"kind": "boolean", "answer": False}
        case _:
            return None


def _number(response: str) -> dict[str, Any] | None:
    try:
        value = float(response)
    except ValueError:
        return None
    return {"kind": "number", "answer": value} if math.isfinite(value) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def slug(text: str) -> str:
    """Return a text as the id of an option is made from it: small letters, everything else one hyphen."""
    return re.sub(r"[\W_]+", "-", text.lower()).strip("-")
