"""Locks of schools, jobs and migrations, and the timeouts of transactions that hold one for long.

Anybody who may connect can take an advisory lock, so a school and a job are locked by rows of ours, which no login of
an LMS can lock. Migrations and the shards of students have advisory locks, with all keys below; a key never changes,
as workers of two versions must see each other's.
"""

from sqlalchemy import Connection, text
from sqlmodel import Session

from config.errors import OperatorError
from models import engine
from models.events.incoming import SHARDS
from models.rows import execute

MIGRATION_KEY = 7_206_155_301
"""Held while migrations run, so that two starting processes do not migrate at once."""
FIRST_SHARD_KEY = 7_206_156 << 32
"""Key of shard 0 of school 0; the shards of one school follow each other, then those of the next."""


JOB = "job_ended"
"""The name in `tally` under which periodic jobs have a row each: their lock, and when they last ended."""
INSERT_JOB = """
    INSERT INTO souschef.tally (name, label, shard, value) VALUES (:name, :job, 0, 0) ON CONFLICT DO NOTHING
"""


class LoadInProgressError(OperatorError):
    """Two loads of one school would mix."""


def lift_timeouts(session: Session) -> None:
    """Let the statements of this transaction take longer than a task's may: a district has a million rows."""
    for name, value in (
        ("statement_timeout", "0"),
        ("lock_timeout", "60s"),
        ("idle_in_transaction_session_timeout", "10min"),
    ):
        execute(session, f"SET LOCAL {name} = '{value}'")


def lock_school(session: Session, school_id: int, ref: str) -> None:
    """Lock a school exclusively until the transaction ends; its workers take no such lock.

    It is the school's own row, which no login of an LMS can lock; rows that refer to it can still be written.

    Raises:
        LoadInProgressError: another load or erasure holds it.
    """
    statement = "SELECT FROM souschef.school WHERE id = :school FOR NO KEY UPDATE SKIP LOCKED"
    if execute(session, statement, {"school": school_id}).one_or_none() is None:
        raise LoadInProgressError(
            f"Another load of the school {ref} is under way, or an erasure in it.",
            "Wait for it to end, then try again.",
        )


def try_lock_job(session: Session, name: str) -> bool:
    """Lock a periodic job until the transaction ends; return False where another process holds it.

    It is the row of the job's last end, which no login of an LMS can lock.
    """
    # The holder's transaction does nothing else, for as long as the job takes.
    execute(session, "SET LOCAL idle_in_transaction_session_timeout = 0")
    with engine.transaction() as own:  # committed at once: a second job must not wait for the first to end
        execute(own, INSERT_JOB, {"name": JOB, "job": name})
    statement = "SELECT FROM souschef.tally WHERE name = :name AND label = :job AND shard = 0 FOR UPDATE SKIP LOCKED"
    return execute(session, statement, {"name": JOB, "job": name}).one_or_none() is not None


def record_job_end(session: Session, name: str) -> None:
    """Store, in the transaction that holds a job's lock, that the job has ended now."""
    statement = """
        UPDATE souschef.tally SET value = extract(epoch FROM (SELECT souschef.clock()))
         WHERE name = :name AND label = :job AND shard = 0
    """
    execute(session, statement, {"name": JOB, "job": name})


def seconds_since_job(session: Session, name: str) -> float | None:
    """Return the seconds since a job last ended, by our clock; None if it never has."""
    statement = """
        SELECT extract(epoch FROM (SELECT souschef.clock()))::double precision - value FROM souschef.tally
         WHERE name = :name AND label = :job AND shard = 0 AND value > 0
    """
    return execute(session, statement, {"name": JOB, "job": name}).scalar_one_or_none()


def wait_for_migrations(connection: Connection) -> None:
    """Lock the migrations until the transaction ends; wait while another process holds them."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_KEY})


def first_shard_key(school_id: int) -> int:
    """Return the key of a school's first shard; those of its others follow."""
    return FIRST_SHARD_KEY + school_id * SHARDS
