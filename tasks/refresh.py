"""Decide again for students whose policy, catalogue, snapshot or clock has moved without an event."""

from collections import Counter
from itertools import groupby

from config.celery import job
from config.progress import Progress
from models import database, learners, people
from tasks.decide import decide
from tasks.drain import Outcome, told

SLICE = 100
"""Students of one transaction: short enough not to keep an event of theirs waiting."""


@job("refresh_assignments")
def refresh_assignments(student_ids: list[int]) -> Outcome:
    """Choose and publish for these students anew; what has not changed is not written."""
    with database.transaction() as session:
        schools = people.schools_of(session, student_ids)
    counts: Counter[str] = Counter()
    progress = Progress()
    for school_id, group in groupby(sorted(schools, key=lambda pair: (schools[pair], pair)), key=schools.__getitem__):
        students = list(group)
        for start in range(0, len(students), SLICE):
            counts += _refresh(school_id, students[start : start + SLICE])
            progress.so_far({**told(counts), "of": len(schools)})
    return told(counts)


def _refresh(school_id: int, students: list[int], *, waiting: bool = True) -> Counter[str]:
    """Decide for students in one transaction; where somebody holds the row of one, for each by themselves.

    Whoever is held stays due, and the sweep rings again.
    """
    try:
        with database.transaction() as session:
            if not waiting:
                database.wait_for_nobody(session)
            states = learners.lock(session, school_id, students)
            return decide(session, school_id, states=states, touched=dict.fromkeys(states))
    except Exception as error:
        if not database.is_held(error):
            raise
    if not waiting:
        return Counter(held=len(students))
    counts: Counter[str] = Counter()
    for student in students:
        counts += _refresh(school_id, [student], waiting=False)
    return counts
