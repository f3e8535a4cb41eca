"""Authenticate a sender, and store a request's events: record, commit, then notify the workers."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from config import telemetry, tracing
from config.settings import settings
from models import engine
from models.access import schools, sources
from models.access.sources import Sender
from tasks.pipeline.record_events import IngestResult, Stamp, record
from web.notifier import WorkerNotifier
from web.problems import ProblemError

log = structlog.get_logger(__name__)

ROLE = "door"
"""The name of the API's database role."""


def authenticate(key: str, secret: str) -> Sender:
    """Return the sender with this credential.

    Raises:
        ProblemError: `auth_failed`.
    """
    with engine.transaction(role=ROLE, reads=engine.Reads.ONE_STATEMENT) as session:
        sender = sources.authenticate(session, key=key, secret=secret, secret_key=settings().secret_key_bytes())
    if sender is None:
        raise ProblemError("auth_failed")
    return sender


def ingest(
    sender: Sender, events: Sequence[object], notifier: WorkerNotifier, *, stamp: Stamp | None = None
) -> IngestResult:
    """Record the events, commit, then notify the workers.

    If the database fails, nothing was stored, or it is unknown whether it was; sending again does no harm.
    """
    with telemetry.span("record_events", events=len(events)), engine.transaction(role=ROLE) as session:
        result, recorded = record(session, sender, events, stamp=stamp)
        school = schools.ref_of(session, sender.school_id)
    notifier.notify(recorded.accepted, tracing.request_id())
    names = {"school_ref": school, "source_name": sender.name}
    log.info("received", school=sender.school_id, source=sender.source_id, **names, **result.counts())
    return result
