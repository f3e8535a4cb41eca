"""The example school's whole term in this process, without doors and workers: for pages and tests that need it decided.

It records the same requests as the demo and calls the same tasks, a week at a time with a night after each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby

import orjson

from config.settings import settings
from lms import formats, strict_json
from models import clock, database, inbox, learners, reports, sources
from models.inbox import Incoming
from tasks.events import assessment_completed, survey_submitted
from tasks.maintenance import nightly
from tasks.refresh import refresh_assignments
from workers import demonstration, sending
from workers.demonstration import EXAMPLE, Batch

AFTER = dt.timedelta(hours=1)
"""So long after the last event of a week its night comes."""


def play() -> None:
    """Load the example school into the empty database that the settings name, and let its term pass."""
    demonstration.load(demonstration.quiet())
    for week in _weeks():
        for batch in week:
            record(batch)
        with database.transaction() as session:
            clock.set_to(session, week[-1].moment + AFTER)
        survey_submitted([])
        assessment_completed([])
        nightly()
        _refresh()


def _weeks() -> Iterator[Sequence[Batch]]:
    batches = demonstration.in_order(
        sending.read(EXAMPLE / "moodle_class.jsonl.gz"), sending.read(EXAMPLE / "surveys.jsonl")
    )
    for _, week in groupby(batches, key=lambda batch: batch.moment.isocalendar().week):
        yield list(week)


def record(batch: Batch) -> None:
    """Take a batch as its door would."""
    with database.transaction() as session:
        key = settings().secret_key_bytes()
        given = sources.credential(session, batch.source, secret_key=key)
        sender = sources.authenticate(session, key=given.key, secret=given.secret, secret_key=key)
        if sender is None:
            raise ValueError(batch.source)
        incoming = []
        for request in batch.requests:
            body = orjson.loads(request.body)
            for event in body if isinstance(body, list) else [body]:
                found = formats.envelope(sender.format, event, rules=sender.rules)
                if found.kind is not None:
                    incoming.append(Incoming(found.kind, found.key, found.student, strict_json.write(event)))
        inbox.record(session, sender, incoming)


def _refresh() -> None:
    with database.transaction() as session:
        left = reports.waiting(session)
        due = learners.due(session, limit=left)
    refresh_assignments(due)
