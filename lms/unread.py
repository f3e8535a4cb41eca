"""What an event was that is counted and not read: the verb, type or survey by which its sender knows it."""

from __future__ import annotations

from lms import caliper_entities as caliper
from lms import xapi_statement as xapi
from lms.json_fields import get_path, text_at

MAX_NAME = 200
PROBE = "souschef-test"
"""Stands in the name of the event of `souschef source test`, which is not listed."""
NOT_COLLECTED = "not_collected"
IGNORED = "ignored"
REASONS = (IGNORED, NOT_COLLECTED)
"""The reasons whose events are counted by name; in the others there is nothing to find."""


def name_of(door: str, event: object, reason: str) -> str:
    """Return the name under which an event that the route `door` did not store is counted; "" where it has none."""
    if reason not in REASONS:
        return ""
    match door, reason:
        case "/xapi/statements", "not_collected":
            found = _survey_of_statement(event)
        case "/xapi/statements", _:
            found = text_at(event, "verb", "id")
        case "/caliper", "not_collected":
            item = get_path(event, "object")
            found = caliper.iri_of(get_path(item, "isPartOf")) or caliper.iri_of(item)
        case "/caliper", _:
            found = f"{caliper.type_of(event)} {caliper.action_of(event)}".strip()
        case "/canvas", _:
            found = text_at(event, "metadata", "event_name")
        case "/surveys", _:
            found = text_at(event, "form_response", "form_id")
        case _:
            found = text_at(event, "survey" if reason == NOT_COLLECTED else "type")
    name = (found or "").strip()[:MAX_NAME]
    return name if name.isprintable() and PROBE not in name else ""


def _survey_of_statement(event: object) -> str | None:
    for activity in (*xapi.context_activities(event), get_path(event, "object")):
        if xapi.type_of(activity).endswith(xapi.SURVEY_TYPES):
            return xapi.external_id(activity) or text_at(activity, "id")
    return text_at(event, "object", "id")
