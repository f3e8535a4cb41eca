"""A finding of the doctor: its severity, a sentence, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import assert_never


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"
    """It may be intended."""
    WARNING = "warning"
    """It works, but will cause trouble."""
    ERROR = "error"
    """It does not work, or is not secure."""

    @property
    def exit_code(self) -> int:
        """The command's exit code if this is the worst severity."""
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
    """One result of a check."""

    severity: Severity
    about: str
    sentence: str
    fix: str = ""


def ok(about: str, sentence: str) -> Finding:
    """Return a finding that something is right."""
    return Finding(Severity.OK, about, sentence)


def note(about: str, sentence: str, fix: str = "") -> Finding:
    """Return a finding that may be intended."""
    return Finding(Severity.NOTE, about, sentence, fix)


def warning(about: str, sentence: str, fix: str) -> Finding:
    """Return a finding of something that works, but will cause trouble."""
    return Finding(Severity.WARNING, about, sentence, fix)


def error(about: str, sentence: str, fix: str) -> Finding:
    """Return a finding of something that does not work, or is not secure."""
    return Finding(Severity.ERROR, about, sentence, fix)


def finding_to_json(finding: Finding) -> dict[str, str]:
    """Return a finding as `--json` prints it: the fix also as `mend`, its name in 0.1."""
    return {**asdict(finding), "mend": finding.fix}


def worst(findings: Iterable[Finding]) -> Severity:
    """Return the worst severity among the findings; OK if there are none."""
    return max((finding.severity for finding in findings), key=ORDER.index, default=Severity.OK)


def humanize(seconds: float) -> str:
    """Return a duration in words."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
