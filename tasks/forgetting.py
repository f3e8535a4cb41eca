"""Forget what has outlived its term: step by step, each step a transaction of its own."""

from collections import Counter

import structlog

from models import audit, database, reapplying, retention

log = structlog.get_logger(__name__)

MOST_STEPS = 400
"""Of one kind and night: two million rows; the next night goes on."""


def forget(school_id: int) -> Counter[str]:
    """Apply a school's terms, and empty what may have been left of who was erased; return counts."""
    counts: Counter[str] = Counter()
    with database.transaction() as session:
        terms = retention.terms(session, school_id)
    for term in terms.values():
        for _ in range(MOST_STEPS):
            with database.transaction() as session:
                done = retention.step(session, school_id, term)
            counts["pruned" if term.kind is retention.Kind.RAW else f"pruned_{term.kind}"] += done
            if done < retention.STEP:
                break
    with database.transaction() as session:
        counts["purged"] = reapplying.purge(session, school_id)
        head = audit.head(session, school_id)
    if head is not None:
        # In the log, which lies elsewhere: `souschef audit verify --noted` compares.
        log.info("access_head", school=school_id, number=head[0], hash=head[1].hex())
    return +counts
