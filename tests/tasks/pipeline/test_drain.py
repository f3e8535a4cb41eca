"""What happens to a batch that failed, for each kind of failure."""

import pytest
from psycopg import errors
from sqlalchemy.exc import IntegrityError, OperationalError

from models.engine import DatabaseUnreachableError
from models.events.inbox import LeaseLostError
from tasks.pipeline.drain import FailureAction, classify_failure

LOCKED = OperationalError("UPDATE", {}, errors.LockNotAvailable())
CONNECTION_LOST = OperationalError("UPDATE", {}, errors.AdminShutdown())
TOO_LARGE = OperationalError("INSERT", {}, errors.ProgramLimitExceeded())
REFUSED_ROW = IntegrityError("INSERT", {}, errors.UniqueViolation())


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (LOCKED, FailureAction.SPLIT),
        (CONNECTION_LOST, FailureAction.RELEASE),
        (DatabaseUnreachableError("The database does not answer."), FailureAction.RELEASE),
        (TOO_LARGE, FailureAction.RESCHEDULE),  # it will be too large again
        (REFUSED_ROW, FailureAction.RESCHEDULE),
        (ZeroDivisionError(), FailureAction.RESCHEDULE),
        (LeaseLostError(), FailureAction.DROP),
    ],
)
def test_a_failure_of_a_batch_has_one_action(error: Exception, action: FailureAction) -> None:
    assert classify_failure(error, wait_for_locks=True) is action


def test_a_single_shard_that_stays_locked_is_delayed() -> None:
    """It was split already."""
    assert classify_failure(LOCKED, wait_for_locks=False) is FailureAction.DELAY


@pytest.mark.parametrize("error", [CONNECTION_LOST, ZeroDivisionError(), LeaseLostError()])
def test_other_failures_of_a_single_shard_have_the_same_action(error: Exception) -> None:
    assert classify_failure(error, wait_for_locks=False) is classify_failure(error, wait_for_locks=True)
