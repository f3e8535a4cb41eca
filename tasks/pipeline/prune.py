"""Delete what is older than its retention period, in steps with a transaction each."""

from collections import Counter

import structlog

from models import engine
from models.access import lti_courses, lti_keys, lti_scores, lti_unknown, page_sessions
from models.assignments import shadow_counts
from models.events import retractions, unread
from models.imports import file_findings
from models.privacy import audit, reapply, retention
from models.students import merging

log = structlog.get_logger(__name__)

MAX_STEPS = 400
"""For one kind of data in one run: two million rows; the next run goes on."""


def prune(school_id: int) -> Counter[str]:
    """Apply a school's retention periods and finish its erasures; return counts."""
    counts: Counter[str] = Counter()
    with engine.transaction() as session:
        periods = retention.retention_periods(session, school_id)
    for period in periods.values():
        step = retention.PruneStep(0)
        for _ in range(MAX_STEPS):
            with engine.transaction() as session:
                step = retention.prune_step(session, school_id, period, after=step.last)
            counts["pruned" if period.kind is retention.DataKind.RAW else f"pruned_{period.kind}"] += step.rows
            if step.rows < retention.BATCH_SIZE:
                break
    fact_days = periods[retention.DataKind.FACTS].days
    if fact_days is not None:
        with engine.transaction() as session:
            counts["retractions_deleted"] = retractions.prune(session, school_id, days=fact_days)
    with engine.transaction() as session:
        counts["closed"] = page_sessions.forget_ended(session, school_id) + lti_unknown.forget_old(session, school_id)
        counts["merges"] = merging.forget_old(session, school_id)
        counts["file_findings"] = file_findings.forget_old(session, school_id)
        counts["scores_forgotten"] = lti_scores.forget_old(session, school_id)
        counts["courses_forgotten"] = lti_courses.forget_old(session, school_id)
        counts["unread"] = unread.forget_old(session, school_id)
        counts["shadow_days"] = shadow_counts.prune(session)
        counts["keys_deleted"] = lti_keys.forget_retired(session, school_id)
    with engine.transaction() as session:
        counts["purged"] = reapply.purge(session, school_id)
        head = audit.head(session, school_id)
    if head is not None:
        # In the log, which is stored elsewhere: `souschef audit verify --noted` compares.
        log.info("audit_head", school=school_id, number=head[0], hash=head[1].hex())
    return +counts
