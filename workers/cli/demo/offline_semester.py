"""Run the example school's whole semester in this process, without API and workers, for pages and tests.

It records the same requests as the demo and calls the same tasks, with the nightly task after each week.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby

import orjson

from config.settings import settings
from lms import formats, strict_json
from models import clock, engine
from models.access import sources
from models.events import inbox
from models.events.incoming import NewEvent
from models.reports import status
from models.students import states
from tasks.events import assessment_completed, survey_submitted
from tasks.nightly import nightly
from tasks.refresh import refresh_assignments
from workers.cli import replay_client
from workers.cli.demo import replay
from workers.cli.demo.replay import EXAMPLE, Batch

AFTER = dt.timedelta(hours=1)
"""The nightly task runs so long after the last event of a week."""


def run_semester() -> None:
    """Load the example school into the settings' empty database, and run its semester."""
    for _ in weeks_of_semester():
        pass


def weeks_of_semester() -> Iterator[dt.datetime]:
    """Run the semester as `run_semester` does; yield the moment of the last event after each week."""
    replay.load(replay.quiet_console())
    for week in _weeks():
        for batch in week:
            record(batch)
        with engine.transaction() as session:
            clock.set_to(session, week[-1].moment + AFTER)
        survey_submitted([])
        assessment_completed([])
        nightly()
        _refresh()
        yield week[-1].moment


def _weeks() -> Iterator[Sequence[Batch]]:
    batches = replay.batches_in_order(
        replay_client.read(EXAMPLE / "moodle_class.jsonl.gz"), replay_client.read(EXAMPLE / "surveys.jsonl")
    )
    for _, week in groupby(batches, key=lambda batch: batch.moment.isocalendar().week):
        yield list(week)


def record(batch: Batch) -> None:
    """Record a batch as the API does."""
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        credential = sources.credential(session, batch.source, secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
        if sender is None:
            raise ValueError(batch.source)
        incoming = []
        for request in batch.requests:
            body = orjson.loads(request.body)
            for event in body if isinstance(body, list) else [body]:
                envelope = formats.envelope(sender.format, event, rules=sender.rules)
                if envelope.kind is not None:
                    incoming.append(NewEvent(envelope.kind, envelope.key, envelope.student, strict_json.write(event)))
        inbox.record(session, sender, incoming)


def _refresh() -> None:
    with engine.transaction() as session:
        pending = status.waiting(session)
        due = states.due(session, limit=pending)
    refresh_assignments(due)
