"""How long a school keeps what, what is due, and forgetting it: in small steps, by the one clock.

A raw event loses its body and keeps its row, because its key is what makes a resend a duplicate. Facts that go are no
longer believed from: the student's state is folded anew from those that are left.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text
from sqlmodel import Session

from config.errors import Exit, Mendable
from models import audit_pruning, learners
from models.publish import ChangeRow, announce

STEP = 5_000
"""Rows of one transaction."""


class Kind(StrEnum):
    """What a school keeps for a time."""

    RAW = "raw"
    """Bodies of events that were applied or dropped; the facts that they became stay."""
    WAITING = "waiting"
    """Bodies of events in quarantine, or that wait for a load."""
    DECISIONS = "decisions"
    """Assignments that have ended, and the records of decisions of which none is open."""
    FACTS = "facts"
    """Answers, choices and what surveys said of topics."""
    ACCESS = "access"
    """Entries of the access log."""


DAYS: dict[Kind, int | None] = {
    Kind.RAW: 14,
    Kind.WAITING: 90,
    Kind.DECISIONS: 400,
    Kind.FACTS: None,
    Kind.ACCESS: 730,
}
"""As shipped; None is for ever."""

FOUND = {
    Kind.RAW: """
        SELECT id FROM souschef.inbox WHERE school_id = :school AND state IN ('done', 'dropped') AND payload <> ''
           AND finished_at < (SELECT souschef.clock()) - make_interval(days => :days)
    """,
    Kind.WAITING: """
        SELECT id FROM souschef.inbox WHERE school_id = :school AND state IN ('quarantined', 'parked')
           AND received_at < (SELECT souschef.clock()) - make_interval(days => :days)
    """,
    Kind.DECISIONS: """
        SELECT id FROM souschef.decision AS d
         WHERE school_id = :school AND decided_at < (SELECT souschef.clock()) - make_interval(days => :days)
           AND NOT EXISTS (SELECT FROM souschef.assignment AS a WHERE a.decision_id = d.id
                 AND (a.ended_at IS NULL OR a.ended_at >= (SELECT souschef.clock()) - make_interval(days => :days)))
    """,
    Kind.FACTS: """
        SELECT id FROM souschef.fact
         WHERE school_id = :school AND occurred_at < (SELECT souschef.clock()) - make_interval(days => :days)
    """,
    Kind.ACCESS: """
        SELECT number FROM souschef.access
         WHERE school_id = :school AND at < (SELECT souschef.clock()) - make_interval(days => :days)
    """,
}
"""Kind -> the rows that are due."""
FORGOTTEN = {
    Kind.RAW: "UPDATE souschef.inbox SET payload = '' WHERE id = ANY(CAST(:ids AS bigint[]))",
    Kind.WAITING: """
        WITH gone AS (DELETE FROM souschef.quarantine WHERE inbox_id = ANY(CAST(:ids AS bigint[])))
        UPDATE souschef.inbox SET state = 'dropped', code = 'expired', payload = '', leased_until = NULL,
               finished_at = (SELECT souschef.clock())
         WHERE id = ANY(CAST(:ids AS bigint[]))
    """,
    # What was assigned goes with its decision.
    Kind.DECISIONS: "DELETE FROM souschef.decision WHERE id = ANY(CAST(:ids AS bigint[]))",
}
"""Kind -> what is done with rows that are due."""


@dataclass(frozen=True, slots=True)
class Term:
    """How long a school keeps one kind of thing."""

    kind: Kind
    days: int | None
    """None is for ever."""
    shipped: bool
    """Whether it is the term that Souschef comes with."""


class NoSuchTerm(Mendable):
    """A kind or a number of days that is none."""

    exit_code = Exit.WRONG_INPUT


def schools(session: Session, *, ref: str | None = None) -> dict[str, int]:
    """Return the ids of all schools by ref, or of one."""
    statement = text("""
        SELECT ref, id FROM souschef.school WHERE CAST(:ref AS text) IS NULL OR ref = :ref ORDER BY ref
    """)
    found: dict[str, int] = dict(session.connection().execute(statement, {"ref": ref}).all())
    return found


def terms(session: Session, school_id: int) -> dict[Kind, Term]:
    """Return the terms of a school."""
    statement = text("SELECT kind, days FROM souschef.retention WHERE school_id = :school")
    own = {kind: days for kind, days in session.connection().execute(statement, {"school": school_id})}  # noqa: C416 - dict() of rows is typed as rows
    return {kind: Term(kind, own.get(kind.value, DAYS[kind]), kind.value not in own) for kind in Kind}


def set_term(session: Session, school_id: int, said: str) -> Kind:
    """Set a term from `KIND=DAYS`, `KIND=forever` or `KIND=default`; return the kind.

    Raises:
        NoSuchTerm: it is none of these.
    """
    name, _, days = said.partition("=")
    if name not in set(Kind) or not (days in {"forever", "default"} or (days.isdecimal() and 0 < int(days) < 100_000)):  # noqa: PLR2004 - 273 years
        kinds = ", ".join(Kind)
        raise NoSuchTerm(f"{said!r} is no term.", f"Say KIND=DAYS, =forever or =default; the kinds are {kinds}.")
    connection, parameters = session.connection(), {"school": school_id, "kind": name}
    connection.execute(text("DELETE FROM souschef.retention WHERE school_id = :school AND kind = :kind"), parameters)
    if days != "default":
        made = text("INSERT INTO souschef.retention (school_id, kind, days) VALUES (:school, :kind, :days)")
        connection.execute(made, {**parameters, "days": None if days == "forever" else int(days)})
    return Kind(name)


def due(session: Session, school_id: int, term: Term) -> int:
    """Return how many rows of a school have outlived a term."""
    if term.days is None:
        return 0
    statement = text(f"SELECT count(*) FROM ({FOUND[term.kind]}) AS due")  # noqa: S608 - our own text
    found = session.connection().execute(statement, {"school": school_id, "days": term.days})
    return int(found.scalar_one())


def step(session: Session, school_id: int, term: Term) -> int:
    """Forget up to `STEP` rows that have outlived a term; return how many. Fewer than that: it was the last step."""
    if term.days is None:
        return 0
    if term.kind is Kind.ACCESS:
        return audit_pruning.prune(session, school_id, days=term.days, most=STEP)
    connection = session.connection()
    lock = "" if term.kind is Kind.FACTS else "FOR UPDATE SKIP LOCKED"
    found = text(f"{FOUND[term.kind]} ORDER BY id LIMIT :step {lock}")
    ids = list(connection.execute(found, {"school": school_id, "days": term.days, "step": STEP}).scalars())
    if not ids:
        return 0
    if term.kind is Kind.FACTS:
        return _forget_facts(session, school_id, ids)
    return connection.execute(text(FORGOTTEN[term.kind]), {"ids": ids}).rowcount


def _forget_facts(session: Session, school_id: int, ids: list[int]) -> int:
    """Delete facts; take back what was published from them, and have the students decided for anew."""
    whose = text("SELECT DISTINCT student_id FROM souschef.fact WHERE id = ANY(CAST(:ids AS bigint[]))")
    connection = session.connection()
    students = list(connection.execute(whose, {"ids": ids}).scalars())
    # As workers do: the state first, so that neither waits for the other in a circle.
    states = learners.lock(session, school_id, students)
    gone = text("DELETE FROM souschef.fact WHERE id = ANY(CAST(:ids AS bigint[]))")
    count = connection.execute(gone, {"ids": ids}).rowcount
    for table in ("skill_gap", "interest"):
        published = text(f"DELETE FROM souschef.{table} WHERE student_id = ANY(CAST(:students AS bigint[]))")  # noqa: S608 - our own names
        connection.execute(published, {"students": students})
    marked = text("""
        UPDATE souschef.learner_state SET refresh_due = true, version = version + 1
         WHERE student_id = ANY(CAST(:students AS bigint[]))
    """)
    connection.execute(marked, {"students": students})
    lines = [
        ChangeRow(student, None, kind, "changed", row.version + 1)
        for student, row in states.items()
        for kind in ("gaps", "interests")
    ]
    announce(session, school_id, lines)
    return count
