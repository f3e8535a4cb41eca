"""OpenAPI descriptions that FastAPI cannot derive, because the API reads bodies itself, strictly and within limits."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from lms import caliper, canonical_fields

_EVENT = {"type": "object", "additionalProperties": True}
_SENSORS_MESSAGE = {
    "type": "object",
    "required": ["sensor", "sendTime", "dataVersion", "data"],
    "properties": {
        "sensor": {"type": "string"},
        "sendTime": {"type": "string", "format": "date-time"},
        "dataVersion": {"enum": list(caliper.VERSIONS)},
        "data": {"type": "array", "items": _EVENT},
    },
}
_PROBLEMS = {
    400: (
        "bad_json, bad_encoding, too_deep, number_range, duplicate_key, bad_unicode, not_an_object, no_envelope, "
        "bad_request, bad_multipart, alternate_syntax"
    ),
    401: "auth_missing, auth_failed",
    403: "wrong_door",
    405: "method_not_allowed",
    408: "body_timeout",
    413: "too_large",
    415: "unsupported_media",
    422: "unsupported_version, refused",
    429: "rate_limited, too_many_at_once",
    503: "unavailable, overloaded",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "reason": {"type": "string"},
    },
}
_COUNTS = {
    "type": "object",
    "required": ["accepted", "duplicates", "ignored", "quarantined"],
    "properties": {name: {"type": "integer"} for name in ("accepted", "duplicates", "ignored", "quarantined")},
}
_VERDICTS = {
    "type": "object",
    "required": ["dry_run", "events"],
    "properties": {
        "dry_run": {"const": True},
        "events": {
            "type": "array",
            "description": "Of each event, in their order, what would become of it.",
            "items": {
                "type": "object",
                "required": ["outcome"],
                "properties": {
                    "outcome": {"enum": ["applied", "duplicate", "ignored", "parked", "quarantined"]},
                    "code": {"type": "string"},
                    "pointer": {"type": "string", "description": "Where in the event the fault lies."},
                    "detail": {"type": "string"},
                    "unknown": {"type": "array", "items": _EVENT, "description": "Names that are not loaded."},
                    "unread_fields": {"type": "array", "items": {"type": "string"}},
                    "facts": {"type": "array", "items": _EVENT, "description": "What was understood."},
                },
            },
        },
    },
}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_PREVIEW = {
    "type": "object",
    "required": ["student", "now", "would_be", "why", "unmet", "anyway", "changes"],
    "properties": {
        "student": {"type": "string"},
        "now": _TEXTS,
        "would_be": _TEXTS,
        "why": _TEXTS,
        "unmet": {"type": "array", "items": _EVENT},
        "anyway": {"type": "boolean", "description": "The next refresh changes the same without it."},
        "acts_on": {
            "type": ["string", "null"],
            "description": "The class on whose list it acts; null where there is none.",
        },
        "changes": {"type": "boolean"},
    },
}
_RESPONSES: dict[str, dict[str, Any]] = {
    "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}},
    "counts": _COUNTS,
    "counts_or_verdicts": {"anyOf": [_COUNTS, _VERDICTS]},
    "empty": {"type": "object"},
    "ordered": {
        "type": "object",
        "required": ["dry_run"],
        "properties": {
            "dry_run": {"type": "boolean"},
            "key": {"type": "string", "description": "Revokes the override."},
            "students": {"type": "array", "items": _PREVIEW, "description": "In a dry run."},
        },
    },
    "orders": {"type": "object", "required": ["orders"], "properties": {"orders": {"type": "array", "items": _EVENT}}},
    "policy": {"type": "object", "required": ["settings"], "properties": {"settings": _EVENT}},
    "scope": {"type": "object", "required": ["scope"], "properties": {"scope": {"type": "array", "items": _EVENT}}},
}
_SCHEMES: list[dict[str, list[str]]] = [{"basic": []}, {"bearer": []}]
SECURITY: dict[str, Any] = {"security": _SCHEMES}
"""For a route without a body that needs a credential."""
SECURITY_SCHEMES = {
    "basic": {"type": "http", "scheme": "basic", "description": "Key and secret of a source."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "`key.secret` of a source."},
    "typeform": {"type": "apiKey", "in": "header", "name": "Typeform-Signature"},
    "webhook": {"type": "apiKey", "in": "header", "name": "webhook-signature"},
}


def sensors_message() -> dict[str, Any]:
    """Describe the request of a Caliper sensor."""
    content = {"application/json": {"schema": _SENSORS_MESSAGE}}
    return {"requestBody": {"required": True, "content": content}, "security": _SCHEMES}


def events_body(*, list_too: bool = False, signed: bool = False) -> dict[str, Any]:
    """Describe a request: one event, or also a list of them."""
    schema = {"oneOf": [_EVENT, {"type": "array", "items": _EVENT}]} if list_too else _EVENT
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "security": _SCHEMES + ([{"typeform": []}, {"webhook": []}] if signed else []),
    }


def own_events_body() -> dict[str, Any]:
    """Describe a request of our own events: one, or a list of them, by the schema of each type."""
    one = {
        "oneOf": [canonical_fields.schema_of(each) for each in canonical_fields.TYPES],
        "discriminator": {"propertyName": "type"},
    }
    schema = {"oneOf": [one, {"type": "array", "items": _EVENT}]}
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}, "security": _SCHEMES}


def model_body(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a request by its model."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    content = {"application/json": {"schema": _inline(schema, definitions)}}
    return {"requestBody": {"required": True, "content": content}, "security": _SCHEMES}


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Replace references by what they refer to."""
    if isinstance(schema, list):
        return [_inline(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {name: _inline(part, definitions) for name, part in schema.items()}


def common_responses() -> dict[int | str, dict[str, Any]]:
    """Describe the responses of every path."""
    return {405: _problem(405)}


def _problem(status: int) -> dict[str, Any]:
    return {"description": _PROBLEMS[status], "content": {"application/problem+json": {"schema": _PROBLEM}}}


def responses(kind: str) -> dict[int | str, dict[str, Any]]:
    """Describe the responses of a route: success, and each problem with its codes."""
    problems: dict[int | str, dict[str, Any]] = {status: _problem(status) for status in _PROBLEMS}
    if kind == "nothing":
        return {204: {"description": "Stored."}, **problems}
    success = {
        "description": "Done; a duplicate is not stored again.",
        "content": {"application/json": {"schema": _RESPONSES[kind]}},
    }
    return {200: success, **problems}
