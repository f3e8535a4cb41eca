"""A school's own facts as a log of responses, for evaluating and fitting."""

from collections.abc import Iterator

from sqlmodel import Session

from config.errors import Exit, Mendable
from learning.parameters import Parameters
from learning.response_log import ResponseLog, log_of
from learning.state import Response
from models import database, facts, fits, learners, people, terms
from models.facts import BEGINNING
from tasks.folding import responses_of
from workers.response_files import progress

SLICE = 500
"""Students whose facts are read at once."""


class NoSuchSchool(Mendable):
    """The school is not there, or was not named among several."""

    exit_code = Exit.WRONG_INPUT


def read_school(ref: str | None, *, seed: int) -> tuple[ResponseLog, Parameters]:
    """Return a school's log, a seeded fifth of its students held out, and the parameters that are in force.

    Raises:
        NoSuchSchool: it is not there, or there are several and none was named.
    """
    with database.transaction() as session:
        school_id = _school(session, ref)
        names = fits.skill_refs(session, school_id)
        students = people.students_of(session, school_id)
        with progress("Reading facts", len(students)) as advance:

            def rows() -> Iterator[tuple[str, list[Response]]]:
                for start in range(0, len(students), SLICE):
                    found = facts.evidence(session, dict.fromkeys(students[start : start + SLICE], BEGINNING))
                    for student in sorted(found):
                        yield str(student), responses_of(found[student])
                        advance(1)

            log = log_of(rows(), names=names, seed=seed)
        return log, terms.in_force(session, school_id).parameters


def put_in_force(ref: str | None, parameters: Parameters) -> int:
    """Put fitted parameters in force, mark every student for a refresh with them, and return their version."""
    with database.transaction() as session:
        school_id = _school(session, ref)
        saved = fits.save(session, school_id, parameters)
        learners.mark_due(session, school_id=school_id)
        return saved.version


def take_out_of_force(ref: str | None) -> int | None:
    """Go back to the parameters before; return the version that was left, None where it is the shipped one."""
    with database.transaction() as session:
        school_id = _school(session, ref)
        left = fits.go_back(session, school_id)
        if left is not None:
            learners.mark_due(session, school_id=school_id)
        return left


def _school(session: Session, ref: str | None) -> int:
    try:
        return fits.school_named(session, ref)
    except fits.SchoolUnknown as error:
        raise NoSuchSchool(str(error), "Name it with --school, or a file with --data.") from None
