"""Retention periods of a school, what is due, and pruning it in small steps.

A raw event loses its payload and keeps its row, because its key makes a resend a duplicate. When facts are deleted, the
student's state is computed again from those that are left.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete
from sqlmodel import Session, col, select

from config.errors import Exit, OperatorError
from models.assignments.store import ChangeRow, append_changes
from models.events import payloads
from models.privacy import audit
from models.rows import among, change, execute
from models.students import checkpoints
from models.students import states as learner_states
from models.tables import Decision, Fact, Interest, Retention, SkillGap

MAX_DAYS = 100_000
"""273 years."""
BATCH_SIZE = 5_000
"""Rows of one transaction."""
FEED_BATCH_SIZE = 100_000
"""Lines of the feed of one transaction: each step reads all old lines, to find what replaced them."""


class DataKind(StrEnum):
    """Kinds of data with a retention period."""

    RAW = "raw"
    """Payloads of events that were applied or dropped; the facts that they became stay."""
    WAITING = "waiting"
    """Payloads of events in quarantine, or that wait for a load."""
    DECISIONS = "decisions"
    """Assignments that have ended, and the records of decisions of which none is open."""
    FACTS = "facts"
    """Answers, choices and what surveys said of topics."""
    ACCESS = "access"
    """Entries of the access log."""
    FEED = "feed"
    """Lines of the change feed that a later line about the same assignment, gaps or interests has replaced."""


DAYS: dict[DataKind, int | None] = {
    DataKind.RAW: 14,
    DataKind.WAITING: 90,
    DataKind.DECISIONS: 400,
    DataKind.FACTS: None,
    DataKind.ACCESS: 730,
    DataKind.FEED: 90,
}
"""Default days; None is for ever."""

DUE = {
    DataKind.RAW: """
        SELECT id FROM souschef.inbox WHERE school_id = :school AND state IN ('done', 'dropped') AND payload <> ''
           AND finished_at < (SELECT souschef.clock()) - make_interval(days => :days)
    """,
    DataKind.WAITING: """
        SELECT id FROM souschef.inbox WHERE school_id = :school AND state IN ('quarantined', 'parked')
           AND received_at < (SELECT souschef.clock()) - make_interval(days => :days)
    """,
    DataKind.DECISIONS: """
        SELECT id FROM souschef.decision AS d
         WHERE school_id = :school AND decided_at < (SELECT souschef.clock()) - make_interval(days => :days)
           AND NOT EXISTS (SELECT FROM souschef.assignment AS a WHERE a.decision_id = d.id
                 AND (a.ended_at IS NULL OR a.ended_at >= (SELECT souschef.clock()) - make_interval(days => :days)))
    """,
    DataKind.FACTS: """
        SELECT id FROM souschef.fact
         WHERE school_id = :school AND occurred_at < (SELECT souschef.clock()) - make_interval(days => :days)
    """,
    DataKind.ACCESS: """
        SELECT number FROM souschef.access
         WHERE school_id = :school AND at < (SELECT souschef.clock()) - make_interval(days => :days)
    """,
    # The newest of the old lines about a thing stays, so a reader with an old cursor misses nothing.
    DataKind.FEED: """
        SELECT number FROM (
          SELECT number, row_number() OVER (
                   PARTITION BY kind, assignment_id, CASE WHEN assignment_id IS NULL THEN student_id END
                       ORDER BY number DESC) AS rank
            FROM souschef.change
           WHERE school_id = :school AND number < coalesce((
                   SELECT number FROM souschef.change WHERE school_id = :school
                      AND changed_at >= (SELECT souschef.clock()) - make_interval(days => :days)
                    ORDER BY number LIMIT 1), 9223372036854775807)) AS old
         WHERE rank > 1
    """,
}
"""Kind -> SQL for the rows that are due."""


@dataclass(frozen=True, slots=True)
class RetentionPeriod:
    """How long a school keeps one kind of data."""

    kind: DataKind
    days: int | None
    """None is for ever."""
    shipped: bool
    """Whether it is the default."""


@dataclass(frozen=True, slots=True)
class PruneStep:
    """What one step has pruned."""

    rows: int
    """Fewer than `BATCH_SIZE`: it was the last step."""
    last: int = 0
    """The id of its last row, after which the next step goes on."""


class InvalidRetentionError(OperatorError):
    """Not a kind, or not a number of days."""

    exit_code = Exit.WRONG_INPUT


def retention_periods(session: Session, school_id: int) -> dict[DataKind, RetentionPeriod]:
    """Return the retention periods of a school."""
    own = dict(session.exec(select(Retention.kind, Retention.days).where(Retention.school_id == school_id)).all())
    return {kind: RetentionPeriod(kind, own.get(kind.value, DAYS[kind]), kind.value not in own) for kind in DataKind}


def set_retention(session: Session, school_id: int, setting: str) -> DataKind:
    """Set a retention period from `KIND=DAYS`, `KIND=forever` or `KIND=default`; return the kind.

    Raises:
        InvalidRetentionError: it is none of these.
    """
    name, _, days = setting.partition("=")
    allowed = days in {"forever", "default"} or (days.isdecimal() and 0 < int(days) < MAX_DAYS)
    if name not in set(DataKind) or not allowed:
        kinds = ", ".join(DataKind)
        raise InvalidRetentionError(
            f"{setting!r} is not a retention period.",
            f"Write KIND=DAYS, =forever or =default; the kinds are {kinds}.",
        )
    change(session, delete(Retention).where(col(Retention.school_id) == school_id, col(Retention.kind) == name))
    if days != "default":
        session.add(Retention(school_id=school_id, kind=name, days=None if days == "forever" else int(days)))
        session.flush()
    return DataKind(name)


def due(session: Session, school_id: int, period: RetentionPeriod) -> int:
    """Return how many rows of a school are older than a retention period."""
    if period.days is None:
        return 0
    statement = f"SELECT count(*) FROM ({DUE[period.kind]}) AS due"  # noqa: S608 - a constant
    found = execute(session, statement, {"school": school_id, "days": period.days})
    return int(found.scalar_one())


def prune_step(session: Session, school_id: int, period: RetentionPeriod, *, after: int = 0) -> PruneStep:
    """Prune up to `BATCH_SIZE` rows that are due, above the id `after`: those of earlier steps are not read again."""
    if period.days is None:
        return PruneStep(0)
    if period.kind is DataKind.ACCESS:
        return PruneStep(audit.prune(session, school_id, days=period.days, limit=BATCH_SIZE))
    if period.kind is DataKind.FEED:
        return PruneStep(_shorten_feed(session, school_id, days=period.days))
    lock = "" if period.kind is DataKind.FACTS else "FOR UPDATE SKIP LOCKED"
    found = f"{DUE[period.kind]} AND id > :after ORDER BY id LIMIT :step {lock}"
    asked = {"school": school_id, "days": period.days, "step": BATCH_SIZE, "after": after}
    ids = list(execute(session, found, asked).scalars())
    return PruneStep(_prune(session, school_id, period.kind, ids), ids[-1]) if ids else PruneStep(0)


def _prune(session: Session, school_id: int, kind: DataKind, ids: list[int]) -> int:
    """Prune rows of one kind; return how many."""
    if kind is DataKind.FACTS:
        return _delete_facts(session, school_id, ids)
    if kind is DataKind.RAW:
        return payloads.clear_payloads(session, ids)
    if kind is DataKind.WAITING:
        return payloads.drop_events(session, ids, code="expired")
    # The assignments of a decision are deleted with it.
    return change(session, delete(Decision).where(among(Decision.id, ids)))


def _shorten_feed(session: Session, school_id: int, *, days: int) -> int:
    """Delete old lines of the feed that later ones have replaced; return how many."""
    statement = f"""
        DELETE FROM souschef.change WHERE school_id = :school AND number IN (
          SELECT number FROM souschef.change
           WHERE school_id = :school AND number IN ({DUE[DataKind.FEED]} LIMIT :limit) FOR UPDATE SKIP LOCKED)
    """  # noqa: S608 - a constant
    return execute(session, statement, {"school": school_id, "days": days, "limit": FEED_BATCH_SIZE}).rowcount


def _delete_facts(session: Session, school_id: int, ids: list[int]) -> int:
    """Delete facts and what was published from them, and mark the students for a refresh."""
    students = list(session.exec(select(Fact.student_id).where(among(Fact.id, ids)).distinct()))
    # As workers do: the state first, so that they never deadlock.
    states = learner_states.load_for_update(session, school_id, students)
    count = change(session, delete(Fact).where(among(Fact.id, ids)))
    checkpoints.delete(session, students)
    change(session, delete(SkillGap).where(among(SkillGap.student_id, students)))
    change(session, delete(Interest).where(among(Interest.student_id, students)))
    marked = f"""
        UPDATE souschef.learner_state SET refresh_due = true, version = {learner_states.NEXT_VERSION}
         WHERE student_id = ANY(CAST(:students AS bigint[]))
    """  # noqa: S608 - a constant
    execute(session, marked, {"students": students})
    changes = [
        ChangeRow(student, None, kind, "changed", row.next_version)
        for student, row in states.items()
        for kind in ("gaps", "interests")
    ]
    append_changes(session, school_id, changes)
    return count
