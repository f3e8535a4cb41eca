"""What the doctor finds: how bad it is, what is so, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"
    """It may be meant so."""
    WARNING = "warning"
    """It works, and will cost somebody something."""
    ERROR = "error"
    """It does not work, or is open to anybody."""

    @property
    def exit_code(self) -> int:
        """Return what the command ends with where this is the worst."""
        match self:
            case Severity.OK | Severity.NOTE:
                return 0
            case Severity.WARNING:
                return 1
            case Severity.ERROR:
                return 2
            case _:
                assert_never(self)


ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    severity: Severity
    about: str
    sentence: str
    mend: str = ""


def ok(about: str, sentence: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Severity.OK, about, sentence)


def note(about: str, sentence: str, mend: str = "") -> Finding:
    """Return what may be meant so."""
    return Finding(Severity.NOTE, about, sentence, mend)


def warning(about: str, sentence: str, mend: str) -> Finding:
    """Return what will cost somebody something."""
    return Finding(Severity.WARNING, about, sentence, mend)


def error(about: str, sentence: str, mend: str) -> Finding:
    """Return what does not work, or is open to anybody."""
    return Finding(Severity.ERROR, about, sentence, mend)


def worst(findings: Iterable[Finding]) -> Severity:
    """Return the worst severity among the findings; ok where there are none."""
    return max((each.severity for each in findings), key=ORDER.index, default=Severity.OK)
