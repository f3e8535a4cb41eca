"""One harmless event of each format, to try a source with: the API takes it, counts it as ignored and keeps nothing."""

from __future__ import annotations

from typing import Any

from lms import caliper, formats
from lms.unread import PROBE as NAME

IRI = f"https://souschef.invalid/{NAME}"
"""`NAME` is the type, verb or form of the event, so that it is never listed among what is not read."""


def probe(format_name: str, *, at: str) -> tuple[str, Any]:
    """Return the path and the body of the test event; `at` is a time in ISO 8601.

    Raises:
        UnknownFormatError: there is no such format.
    """
    path = formats.format_named(format_name).door
    match path:
        case "/xapi/statements":
            actor = {"objectType": "Agent", "account": {"homePage": IRI, "name": NAME}}
            return path, {"actor": actor, "verb": {"id": IRI}, "object": {"id": IRI}, "timestamp": at}
        case "/caliper":
            event = {"type": NAME, "action": NAME, "eventTime": at}
            return path, {"sensor": IRI, "sendTime": at, "dataVersion": caliper.VERSIONS[0], "data": [event]}
        case "/canvas":
            return path, {"metadata": {"event_name": NAME, "event_time": at}, "body": {}}
        case "/surveys":
            return path, {"event_type": "form_response", "form_response": {"form_id": NAME, "submitted_at": at}}
        case _:
            return path, {"type": NAME, "id": at, "at": at}
