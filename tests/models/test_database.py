"""Connections and forks: what a child does must not be heard on its parent's connections."""

import os

import pytest
from sqlalchemy import text

from models import database
from models.database import MigrationsMissing


def test_a_forked_child_leaves_its_parents_connection_alone(database: str) -> None:
    """A worker's main process sweeps while children are forked; closing a shared socket would end its session."""
    del database
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


after_fork, transaction = database.after_fork, database.transaction


def backend() -> int:
    """The server process that serves our pooled connection."""
    with transaction() as session:
        return int(session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_a_database_without_migrations_is_told_in_one_sentence_by_any_query(database: str) -> None:
    del database
    with transaction() as session:
        session.connection().execute(text("DROP SCHEMA lms CASCADE"))
    with pytest.raises(MigrationsMissing, match="Run `souschef migrate`"), transaction() as session:
        session.connection().execute(text("SELECT * FROM lms.assignments"))
