"""Find the school of each event of a source that serves several: the one whose roster has the student."""

from collections.abc import Iterable, Mapping

from sqlmodel import Session

from lms.facts import Fact, Retraction
from models.access import source_schools
from models.events.inbox import BatchOutcome, ClaimedEvent
from models.tables.people import AliasKind

IN_SEVERAL_SCHOOLS = "student_in_several_schools"
"""The code of an event whose student several schools have, and whose class does not tell which is meant."""
Parsed = tuple[Fact, ...] | Retraction


def keep_own(
    session: Session,
    school_id: int,
    events: Iterable[ClaimedEvent],
    parsed: Mapping[int, Parsed],
    outcome: BatchOutcome,
) -> dict[int, Parsed]:
    """Return the events of this school; record in `outcome` which are another school's, and which may be of several."""
    events = list(events)
    by_source = source_schools.schools_served(session, {event.source_id for event in events})
    if not by_source:
        return dict(parsed)
    shared = {event.id: by_source[event.source_id] for event in events if event.source_id in by_source}
    among = frozenset().union(*by_source.values())
    students = {_student(parsed[event]) for event in shared if event in parsed} - {""}
    people = source_schools.schools_that_know(session, among, AliasKind.PERSON, students)
    refs = {ref for event in shared if event in parsed for ref in _classes(parsed[event])}
    classes = source_schools.schools_that_know(session, among, AliasKind.CLASS, refs)
    own: dict[int, Parsed] = {}
    for event, found in parsed.items():
        candidates = people.get(_student(found), frozenset()) & shared.get(event, frozenset())
        if len(candidates) > 1:
            by_class = frozenset().union(*(classes.get(ref, frozenset()) for ref in _classes(found))) & candidates
            if len(by_class) != 1:
                outcome.parked[event] = IN_SEVERAL_SCHOOLS
                continue
            candidates = by_class
        if candidates and candidates != {school_id}:
            outcome.moved[event] = next(iter(candidates))
        else:
            own[event] = found
    return own


def _student(parsed: Parsed) -> str:
    facts = parsed if isinstance(parsed, tuple) else (parsed,)
    return next((fact.student for fact in facts if fact.student), "")


def _classes(parsed: Parsed) -> set[str]:
    return {fact.class_ref for fact in parsed if fact.class_ref} if isinstance(parsed, tuple) else set()
