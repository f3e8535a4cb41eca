"""Connections and forks: what a child does must not be heard on its parent's connections."""

import os
from select import select

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, InternalError, OperationalError

from models import clock, engine
from models.engine import MigrationsMissingError, Reads


def test_a_forked_child_leaves_its_parents_connection_alone(database_url: str) -> None:
    """A worker's main process sweeps while children are forked; closing a shared socket would end its session."""
    del database_url
    ours = backend()
    child = os.fork()
    if child == 0:  # pragma: no branch - the child ends here
        try:
            after_fork()
            os._exit(0 if backend() != ours else 3)
        except BaseException:  # noqa: BLE001 - whatever went wrong, the child must not go on as a test
            os._exit(4)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert backend() == ours


after_fork, transaction = engine.after_fork, engine.transaction


def backend() -> int:
    """The server process that serves our pooled connection."""
    with transaction() as session:
        return int(session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_any_query_on_a_database_without_migrations_fails_with_one_sentence(database_url: str) -> None:
    del database_url
    with transaction() as session:
        session.connection().execute(text("DROP SCHEMA lms CASCADE"))
    with pytest.raises(MigrationsMissingError, match="Run `souschef migrate`"), transaction() as session:
        session.connection().execute(text("SELECT * FROM lms.assignments"))


def test_the_server_notices_a_host_that_was_cut_off(database_url: str) -> None:
    """After 5 + 3 * 2 s, not after the minute of idle transactions; `make hosts` shows it with links taken down."""
    del database_url
    with transaction() as session:
        names = ("idle", "interval", "count")
        found = [session.connection().exec_driver_sql(f"SHOW tcp_keepalives_{name}").scalar_one() for name in names]
    assert found == ["5", "2", "3"]


def test_single_statements_are_committed_and_the_next_transaction_is_one_again(database_url: str) -> None:
    """Both meet the one connection of this process: what the first makes stays, what the second makes is undone."""
    del database_url

    def temporary_tables() -> list[str]:
        with transaction() as session:
            found = session.connection().execute(
                text("SELECT relname FROM pg_class WHERE relname ~ '^temporary_[12]$'")
            )
            return sorted(found.scalars())

    with transaction(reads=Reads.ONE_STATEMENT) as session:
        session.connection().execute(text("CREATE TEMP TABLE temporary_1 ()"))
    assert temporary_tables() == ["temporary_1"]
    with transaction() as session:
        session.connection().execute(text("CREATE TEMP TABLE temporary_2 ()"))
        session.rollback()
    assert temporary_tables() == ["temporary_1"]


def test_a_connection_that_the_server_has_closed_is_replaced_unseen(database_url: str) -> None:
    """As after a restart of the server: its socket is readable, and the next transaction gets another."""
    with transaction() as session:
        closed = session.connection().connection.dbapi_connection
        assert closed is not None
    ours = backend()
    with engine.engine_for(database_url, role="door").begin() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": ours})
    assert select([closed.fileno()], [], [], 30)[0], "the server has not closed it"
    assert backend() != ours


def test_a_transaction_that_reads_one_moment_cannot_write(database_url: str) -> None:
    del database_url
    with pytest.raises(InternalError, match="read-only"), transaction(reads=Reads.ONE_MOMENT) as session:
        clock.use_machine_time(session)


@pytest.mark.parametrize("reads", Reads)
def test_a_transaction_that_only_reads_leaves_the_next_one_on_its_connection_as_it_was(
    database_url: str, reads: Reads
) -> None:
    del database_url
    with transaction(reads=reads) as session:
        session.connection().execute(text("SELECT 1"))
    with transaction() as session:
        clock.set_to(session, clock.now(session))
        assert session.connection().exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"
        session.rollback()
    with transaction() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM souschef.clock_offset").scalar_one() == 0


def test_one_moment_does_not_move_while_others_write(database_url: str) -> None:
    del database_url
    count = text("SELECT count(*) FROM souschef.clock_offset")
    with transaction(reads=Reads.ONE_MOMENT) as session:
        before = session.connection().execute(count).scalar_one()
        with transaction() as other:
            clock.set_to(other, clock.now(other))
        assert session.connection().execute(count).scalar_one() == before == 0
    with transaction(reads=Reads.ONE_STATEMENT) as session:
        assert session.connection().execute(count).scalar_one() == 1


def offset(ahead: str) -> tuple[str, dict[str, str]]:
    statement = """
        INSERT INTO souschef.clock_offset VALUES (true, CAST(:ahead AS interval))
        ON CONFLICT (single) DO UPDATE SET ahead = clock_offset.ahead + excluded.ahead
    """
    return statement, {"ahead": ahead}


def hours_ahead() -> float:
    with transaction() as session:
        seconds = "SELECT extract(epoch FROM sum(ahead)) FROM souschef.clock_offset"
        return float(session.connection().exec_driver_sql(seconds).scalar_one() or 0) / 3600


def set_ahead(*hours: str, then: type[Exception] | None = None) -> None:
    with transaction() as session:
        engine.set_lock_timeout(session)
        for each in hours:
            engine.execute_with_commit(session, *offset(each))
        if then is not None:
            raise then


def test_a_statement_runs_with_the_commit_and_not_before(database_url: str) -> None:
    """Twice in one transaction, 1 h each: another transaction can lock the row until then."""
    del database_url
    for _ in range(2):
        with transaction() as session:
            for _ in range(2):
                engine.execute_with_commit(session, *offset("1 hour"))
            assert session.connection().execute(text("SELECT 1")).scalar_one() == 1
            with transaction() as other:
                other.connection().execute(text("LOCK TABLE souschef.clock_offset"))
    assert hours_ahead() == 4


def test_a_statement_with_the_commit_is_forgotten_with_a_rollback(database_url: str) -> None:
    del database_url
    with transaction() as session:
        engine.execute_with_commit(session, *offset("1 hour"))
        session.rollback()
        session.connection().execute(text("SELECT 1"))
    with pytest.raises(LookupError):
        set_ahead("1 hour", then=LookupError)
    assert hours_ahead() == 0


def test_a_statement_that_fails_with_the_commit_undoes_all_and_is_an_error_as_any_other(database_url: str) -> None:
    """The connection goes on: the next transaction of the process gets the same one."""
    del database_url
    ours = backend()
    with pytest.raises(DataError, match="invalid input syntax"):
        set_ahead("5 hours", "no interval")
    assert (hours_ahead(), backend()) == (0, ours)


def test_a_statement_with_the_commit_waits_for_a_lock_no_longer_than_any_other(database_url: str) -> None:
    del database_url
    set_ahead("1 hour")
    with transaction() as holder:
        holder.connection().execute(text("SELECT FROM souschef.clock_offset FOR UPDATE"))
        with pytest.raises(OperationalError) as caught:
            set_ahead("1 hour")
    assert engine.is_lock_timeout(caught.value)
    assert hours_ahead() == 1


def test_no_statement_is_prepared_meanwhile(database_url: str) -> None:
    """Statements are prepared at their sixth run; a prepared one has a plan that does not know its parameters."""
    del database_url

    def prepared_after_runs(marker: str) -> int:
        statement = text(f"SELECT /* {marker} */ count(*) FROM unnest(CAST(:ids AS bigint[]))")
        for _ in range(10):
            session.connection().execute(statement, {"ids": [1, 2]})
        count = text("SELECT count(*) FROM pg_prepared_statements WHERE starts_with(statement, :beginning)")
        return int(session.connection().execute(count, {"beginning": f"SELECT /* {marker} */"}).scalar_one())

    with transaction() as session:
        with engine.unprepared(session):
            assert prepared_after_runs("planned each time") == 0
        assert prepared_after_runs("planned once") == 1
