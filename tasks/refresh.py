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
            with database.transaction() as session:
                states = learners.lock(session, school_id, students[start : start + SLICE])
                counts += decide(session, school_id, states=states, touched=dict.fromkeys(states))
            progress.so_far({**told(counts), "of": len(schools)})
    return told(counts)
