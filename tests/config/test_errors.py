"""The exit code of a failure stands on its class."""

import pytest

from config.errors import Exit, OperatorError
from models.engine import DatabaseRefusedError, DatabaseUnreachableError, MigrationsMissingError


def test_an_exit_code_does_not_depend_on_the_name_of_a_class() -> None:
    """A class that is called like one of ours keeps its own code; one of ours keeps its code under another name."""
    stranger: type[OperatorError] = type("DatabaseRefusedError", (OperatorError,), {"exit_code": 9})
    renamed: type[OperatorError] = type("Renamed", (OperatorError,), dict(vars(DatabaseRefusedError)))
    assert (stranger("").exit_code, renamed.exit_code) == (9, Exit.DATABASE_UNREACHABLE)


@pytest.mark.parametrize(
    ("failure", "code"),
    [(DatabaseRefusedError, 4), (DatabaseUnreachableError, 4), (MigrationsMissingError, 5), (OperatorError, 1)],
)
def test_the_documented_codes_of_the_database_are_declared(failure: type[OperatorError], code: int) -> None:
    assert vars(failure)["exit_code"] == code
