"""Decide again for students whose policy, catalogue, model version or clock changed without an event."""

from collections import Counter
from itertools import groupby

from models import engine
from models.students import people
from models.students import states as learner_states
from tasks.job import job
from tasks.pipeline.decide import decide
from tasks.pipeline.drain import Outcome, ordered_counts
from tasks.progress import Progress

STUDENTS_PER_TASK = 200
STUDENTS_PER_TRANSACTION = 100
"""Few enough not to keep an event of theirs waiting."""


@job("refresh_assignments")
def refresh_assignments(student_ids: list[int]) -> Outcome:
    """Choose and publish again for these students; what did not change is not written."""
    with engine.transaction() as session:
        schools = people.schools_of_people(session, student_ids)
    counts: Counter[str] = Counter()
    progress = Progress()
    in_order = sorted(schools, key=lambda student: (schools[student], student))
    for school_id, group in groupby(in_order, key=schools.__getitem__):
        students = list(group)
        for start in range(0, len(students), STUDENTS_PER_TRANSACTION):
            counts += _refresh(school_id, students[start : start + STUDENTS_PER_TRANSACTION])
            progress.report({**ordered_counts(counts), "of": len(schools)})
    return ordered_counts(counts)


def _refresh(school_id: int, students: list[int], *, wait_for_locks: bool = True) -> Counter[str]:
    """Decide in one transaction; where another transaction has locked the row of one student, for each one alone.

    A student whose row stays locked stays due, and the sweep enqueues the refresh again.
    """
    try:
        with engine.transaction() as session:
            if not wait_for_locks:
                engine.set_lock_timeout(session)
            states = learner_states.load_for_update(session, school_id, students)
            return decide(session, school_id, states=states, touched=dict.fromkeys(states))
    except Exception as error:
        if not engine.is_lock_timeout(error):
            raise
    if not wait_for_locks:
        return Counter(held=len(students))
    counts: Counter[str] = Counter()
    for student in students:
        counts += _refresh(school_id, [student], wait_for_locks=False)
    return counts
