"""The names that parked events wait for: counted, listed, and as files that are half filled in."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from lms.files.columns import ALIGNMENTS, USERS, FileFormat
from lms.files.spreadsheet_text import marked_to_load
from models.events import parked
from tasks.pipeline import check_events
from tasks.pipeline.check_events import UnknownName
from workers.cli.views import listing
from workers.cli.views.tables import console

REMEDY = {
    "student": "souschef parked list --csv users",
    "item": "souschef parked list --csv alignments",
    "skill": "load it with skills.csv, with this as one of its names",
    "survey": "load its questionnaire",
    "topic": "load it with topics.csv",
    "class": "load it with classes.csv",
    "material": "load it with materials.csv",
    "order": "the override that is revoked has not come yet",
    "": "nothing: a load or the next sweep releases it",
}
"""Kind of name -> how to bring it."""


@dataclass(frozen=True, slots=True)
class WaitedFor:
    """One name, and the events that wait for it."""

    name: UnknownName
    events: int
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime


def count_names(session: Session, school_id: int, *, source: str | None = None) -> list[WaitedFor]:
    """Return the names that a school's parked events wait for, the most frequent first."""
    found: dict[UnknownName, WaitedFor] = {}
    for batch in parked.batches(session, school_id, source=source):
        received = {event.id: event.received_at for event in batch}
        for number, verdict in check_events.names_waited_for(session, school_id, batch).items():
            for name in verdict.unknown or (UnknownName("", verdict.code),):
                at, old = received[number], found.get(name)
                found[name] = (
                    WaitedFor(name, 1, at, at)
                    if old is None
                    else WaitedFor(name, old.events + 1, min(old.first_seen_at, at), max(old.last_seen_at, at))
                )
    return sorted(found.values(), key=lambda each: (-each.events, each.name.kind, each.name.name))


def rows(names: Sequence[WaitedFor]) -> list[dict[str, Any]]:
    """Return a row a name."""
    return [
        {
            "kind": each.name.kind,
            "name": each.name.name,
            "called": each.name.called,
            "events": each.events,
            "first_seen_at": each.first_seen_at,
            "last_seen_at": each.last_seen_at,
        }
        for each in names
    ]


def show(names: Sequence[WaitedFor]) -> None:
    """Print the names as a table, and how to bring each kind."""
    out = console()
    if not names:
        out.print("No event waits for a name.")
        return
    listing.show("names", rows(names))
    for kind in dict.fromkeys(each.name.kind for each in names):
        out.print(f"{(kind or 'other').capitalize()}: {REMEDY[kind]}.", markup=False)


def names_csv(names: Sequence[WaitedFor]) -> str:
    """Return the list as CSV."""
    return listing.as_csv(rows(names))


def alignments_csv(names: Sequence[WaitedFor]) -> str:
    """Return an `alignments.csv` of the unknown items: the skills are to be filled in."""
    items = [each for each in names if each.name.kind == "item"]
    filled = [{"item": each.name.name, "source": _note(each)} for each in items]
    return _half_filled(ALIGNMENTS, filled)


def users_csv(names: Sequence[WaitedFor], *, school: str) -> str:
    """Return a `users.csv` of the unknown students: ids and names are to be filled in."""
    students = [each.name.name for each in names if each.name.kind == "student"]
    return _half_filled(USERS, [{**_user(name), "orgSourcedIds": school, "role": "student"} for name in students])


def _user(name: str) -> dict[str, str]:
    """Return what OneRoster has for a sender's name: an account of an address, or an id."""
    home, separator, account = name.rpartition("|")
    if separator:
        return {"userIds": f"{{{home}:{account}}}"}
    return {"userIds": f"{{:{name}}}"} if ":" in name else {"sourcedId": name}


def _note(each: WaitedFor) -> str:
    return f"{each.name.called} ({each.events})" if each.name.called else f"({each.events})"


def _half_filled(file: FileFormat, filled: Sequence[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, [column.name for column in file.columns], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({column: marked_to_load(value) for column, value in row.items()} for row in filled)
    return out.getvalue()
