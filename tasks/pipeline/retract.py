"""Withdraw facts: those that are stored, and those that come with or after their retraction."""

from collections.abc import Collection, Sequence

from sqlmodel import Session

from models.assignments import activity
from models.assignments.store import ChangeRow
from models.events import retractions
from models.events.facts import NewFact
from models.events.inbox import BatchOutcome
from models.events.retractions import NewRetraction, StoredFact


def withdraw(
    session: Session,
    school_id: int,
    new: Sequence[NewFact],
    withdrawn: Sequence[NewRetraction],
    *,
    read_again: Collection[int],
    outcome: BatchOutcome,
) -> tuple[list[NewFact], list[StoredFact]]:
    """Record what is withdrawn; return which of the new facts stand, and the stored facts that do not any more.

    An event none of whose facts stands is dropped, also where it came before its retraction and is read again now.
    """
    retractions.forget_stale(session, read_again, withdrawn)
    retractions.record(session, school_id, withdrawn)
    valid = retractions.without_retracted(session, new)
    left = {fact.inbox_id for fact in valid}
    for event in {fact.inbox_id for fact in new} - left:
        outcome.done.remove(event)
        outcome.dropped[event] = retractions.CODE
    return valid, retractions.find_facts(session, withdrawn)


def update_assignments(session: Session, gone: Collection[StoredFact]) -> list[ChangeRow]:
    """Update the assignments whose attempts rested on withdrawn facts; return the changes for the feed."""
    answered = {(fact.student_id, fact.material_id) for fact in gone if fact.material_id is not None}
    return activity.apply_student_activity(session, activity.attempted_offers(session, answered))
