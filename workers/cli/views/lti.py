"""Show registrations, their courses, and what loading a course's roster did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.imports.session import LoadReport
from tasks.lti.services import SENTENCES
from workers.cli.views import load as views_load


def platforms(rows: Sequence[Mapping[str, Any]], courses: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield registrations as text, each with its courses."""
    for row in rows:
        state = "  revoked" if row["revoked_at"] else ""
        deployments = ", ".join(row["deployments"]) or "none yet"
        switches = ["scores"] * row["scores_enabled"] + ["emails"] * row["match_emails"]
        yield f"{row['id']}  {row['school']}  {row['product'] or '-'}  {row['issuer']}  {row['client_id']}{state}"
        yield f"   deployments: {deployments}{'; ' if switches else ''}{', '.join(switches)}"
        yield from (_course(each) for each in courses if each["registration_id"] == row["id"])
    if not rows:
        yield "No LMS is registered yet: souschef lti invite"


def _course(row: Mapping[str, Any]) -> str:
    failed = f"; its service {SENTENCES.get(row['failure'], 'failed')}" if row["failure"] else ""
    return f"   course {row['id']}: {row['title'] or row['name']}, class {row['class'] or 'not known yet'}{failed}"


@dataclass(frozen=True, slots=True)
class Roster:
    """What loading a course's roster did, or would do."""

    report: LoadReport
    left_out: Sequence[str]
    has_names: bool
    """Whether the LMS has shared a name at all."""

    def lines(self, *, dry_run: bool, seconds: float) -> Iterator[str]:
        """Yield it as text."""
        yield from views_load.lines(self.report, dry_run=dry_run, seconds=seconds)
        for each in self.left_out:
            yield f"  left out: {each}"
        if not self.has_names:
            yield "  The LMS shares no names. To load them, let it share the launcher's name, and run this again."

    def summary(self, *, dry_run: bool, seconds: float) -> dict[str, Any]:
        """Return it as JSON."""
        summary = views_load.summary(self.report, dry_run=dry_run, seconds=seconds)
        return {**summary, "left_out": list(self.left_out), "has_names": self.has_names}
