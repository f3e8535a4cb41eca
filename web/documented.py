"""What the OpenAPI page says of a door: bodies are read by us, strictly, so they are described by hand."""

from __future__ import annotations

from typing import Any

from lms import caliper

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
        "bad_request"
    ),
    401: "auth_missing, auth_failed",
    403: "wrong_door",
    405: "method_not_allowed",
    408: "body_timeout",
    413: "too_large",
    415: "unsupported_media",
    422: "unsupported_version, refused",
    429: "rate_limited",
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
_TEXTS = {"type": "array", "items": {"type": "string"}}
_WOULD = {
    "type": "object",
    "required": ["student", "now", "would_be", "why", "unmet", "anyway", "changes"],
    "properties": {
        "student": {"type": "string"},
        "now": _TEXTS,
        "would_be": _TEXTS,
        "why": _TEXTS,
        "unmet": {"type": "array", "items": _EVENT},
        "anyway": {"type": "boolean", "description": "The next refresh brings the same without it."},
        "changes": {"type": "boolean"},
    },
}
_ANSWERS: dict[str, dict[str, Any]] = {
    "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}},
    "counts": _COUNTS,
    "empty": {"type": "object"},
    "ordered": {
        "type": "object",
        "required": ["dry_run"],
        "properties": {
            "dry_run": {"type": "boolean"},
            "key": {"type": "string", "description": "By which an order is revoked."},
            "students": {"type": "array", "items": _WOULD, "description": "In a dry run."},
        },
    },
    "orders": {"type": "object", "required": ["orders"], "properties": {"orders": {"type": "array", "items": _EVENT}}},
    "policy": {"type": "object", "required": ["settings"], "properties": {"settings": _EVENT}},
    "scope": {"type": "object", "required": ["scope"], "properties": {"scope": {"type": "array", "items": _EVENT}}},
}
_SCHEMES: list[dict[str, list[str]]] = [{"basic": []}, {"bearer": []}]
SECURITY_SCHEMES = {
    "basic": {"type": "http", "scheme": "basic", "description": "Key and secret of a source."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "`key.secret` of a source."},
    "typeform": {"type": "apiKey", "in": "header", "name": "Typeform-Signature"},
    "webhook": {"type": "apiKey", "in": "header", "name": "webhook-signature"},
}


def sensors_message() -> dict[str, Any]:
    """Describe a request of a Caliper sensor."""
    content = {"application/json": {"schema": _SENSORS_MESSAGE}}
    return {"requestBody": {"required": True, "content": content}, "security": _SCHEMES}


def body(*, list_too: bool = False, signed: bool = False, parameters: tuple[str, ...] = ()) -> dict[str, Any]:
    """Describe a request: one event, or a list of them; `parameters` are ids in the query."""
    schema = {"oneOf": [_EVENT, {"type": "array", "items": _EVENT}]} if list_too else _EVENT
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "security": _SCHEMES + ([{"typeform": []}, {"webhook": []}] if signed else []),
        "parameters": [
            {"name": name, "in": "query", "required": True, "schema": {"type": "string", "format": "uuid"}}
            for name in parameters
        ],
    }


def order(required: tuple[str, ...], optional: tuple[str, ...], **others: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON Schema
    """Describe what a teacher's tool sends: texts, and `others` by their schema; `dry_run` is in the query."""
    texts = {name: {"type": "string"} for name in (*required, *optional)}
    schema = {"type": "object", "required": list(required), "properties": {**texts, **others}}
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "security": _SCHEMES,
        "parameters": [{"name": "dry_run", "in": "query", "schema": {"type": "boolean"}}],
    }


def asking(*parameters: str) -> dict[str, Any]:
    """Describe a question: `parameters` are texts in the query, all optional."""
    query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in parameters]
    return {"security": _SCHEMES, "parameters": query}


def everywhere() -> dict[int | str, dict[str, Any]]:
    """Describe what every path may answer."""
    return {405: _problem(405)}


def _problem(status: int) -> dict[str, Any]:
    return {"description": _PROBLEMS[status], "content": {"application/problem+json": {"schema": _PROBLEM}}}


def responses(answer: str) -> dict[int | str, dict[str, Any]]:
    """Describe the answers of a door: what a taken request gets, and each problem with its codes."""
    problems: dict[int | str, dict[str, Any]] = {status: _problem(status) for status in _PROBLEMS}
    if answer == "nothing":
        return {204: {"description": "Stored."}, **problems}
    taken = {"description": "Stored, or here already.", "content": {"application/json": {"schema": _ANSWERS[answer]}}}
    return {200: taken, **problems}
