"""The formats that a source can speak, by the names that `souschef source add --format` takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lms import caliper, canonical, canvas, moodle, openedx, typeform, xapi, xapi_statement
from lms.facts import Envelope, Parsed, SourceRules


class ReadEnvelope(Protocol):
    """Read from verb or type alone where an event belongs and whether it is new; refuses nothing."""

    def __call__(self, event: object, /, *, rules: SourceRules) -> Envelope:
        """Read one event."""


class Parse(Protocol):
    """Turn one event into facts or a retraction, or say why it holds none.

    Raises:
        PayloadError: it cannot be understood.
    """

    def __call__(self, event: object, /, *, rules: SourceRules) -> Parsed:
        """Parse one event."""


class Same(Protocol):
    """Return what two copies of an event that was sent twice have in common."""

    def __call__(self, event: object, /) -> object:
        """Leave out what a resend may change."""


class UnknownFormatError(ValueError):
    """There is no such format."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no format {name}: use one of {', '.join(FORMATS)}.")
        self.name = name


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is read, and the door that takes it."""

    envelope: ReadEnvelope
    parse: Parse
    door: str
    same: Same | None = None
    """None where an event's key is made of what it says, so that another content is another event."""


FORMATS: dict[str, Format] = {
    "moodle": Format(moodle.envelope, moodle.parse, "/xapi/statements"),
    "xapi": Format(xapi.envelope, xapi.parse, "/xapi/statements", xapi_statement.resend_identity),
    "openedx": Format(openedx.envelope, openedx.parse, "/xapi/statements", xapi_statement.resend_identity),
    "caliper": Format(caliper.envelope, caliper.parse, "/caliper", caliper.resend_identity),
    "canvas": Format(canvas.envelope, canvas.parse, "/canvas"),
    "typeform": Format(typeform.envelope, typeform.parse, "/surveys", typeform.resend_identity),
    "canonical": Format(canonical.envelope, canonical.parse, "/events", canonical.resend_identity),
}


def format_named(name: str) -> Format:
    """Return a format by its name.

    Raises:
        UnknownFormatError: there is no such format.
    """
    if name not in FORMATS:
        raise UnknownFormatError(name)
    return FORMATS[name]


def envelope(name: str, event: object, *, rules: SourceRules) -> Envelope:
    """Read an event's envelope in the format `name`."""
    return format_named(name).envelope(event, rules=rules)
