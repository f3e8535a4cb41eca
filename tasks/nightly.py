"""The nightly task: train the model, prune old data, retry parked events and mark all students for a refresh."""

from collections import Counter
from dataclasses import replace

from sqlmodel import Session

from learning.fitting.metrics import Windows, fit_factor
from learning.fitting.next_five import NextFive
from learning.mastery.snapshot import Snapshot
from learning.mastery.training_pass import OnlinePass
from models import catalogue, engine, locks
from models.access.schools import all_ids
from models.events import facts, inbox
from models.events.facts import BEGINNING
from models.students import model_versions, people, states
from models.students.model_versions import ModelVersions
from tasks.broker import enqueue
from tasks.job import job
from tasks.pipeline.drain import Outcome
from tasks.pipeline.prune import prune
from tasks.pipeline.update_states import responses_of
from tasks.progress import Progress
from tasks.refresh import STUDENTS_PER_TASK

FACTOR_WINDOWS = 5_000
"""The factor on intervals is fitted on this many latest windows of five responses; more would not change it."""
BATCH_OF_STUDENTS = 500
"""How many students' facts are in memory at once."""


@job("nightly", minutes=60)
def nightly() -> Outcome:
    """Train item and skill difficulties, mark all students for a refresh, retry parked events and prune old data.

    A second one that runs at the same time finds the lock taken and does nothing.
    """
    counts: Counter[str] = Counter()
    with engine.transaction() as lock_holder:
        if not locks.try_lock_job(lock_holder, "nightly"):
            return {"skipped": "another is running"}
        with engine.transaction() as session:
            schools = all_ids(session)
        for school_id in schools:
            counts += prune(school_id)
            counts += _retrain_school(school_id)
        locks.record_job_end(lock_holder, "nightly")
    for school_id in schools:
        with engine.transaction() as session:
            due = states.due(session, school_id=school_id)
        for start in range(0, len(due), STUDENTS_PER_TASK):
            enqueue("refresh_assignments", due[start : start + STUDENTS_PER_TASK])
    return dict(counts)


def _retrain_school(school_id: int) -> Counter[str]:
    counts: Counter[str] = Counter(schools=1)
    with engine.transaction() as session:
        before = model_versions.in_force(session, school_id)
        trained = _train_snapshot(session, school_id, before)
        if trained is not None:
            snapshot, responses = trained
            model_versions.save_snapshot(session, school_id, snapshot, responses=responses)
            counts["snapshots"] = 1
            counts["difficulties"] = catalogue.learn_difficulties(session, school_id, snapshot.items)
        counts["unparked"] = inbox.unpark(session, school_id=school_id)
        counts["marked"] = states.mark_due(session, school_id=school_id) + states.begin_enrolled(session, school_id)
    return counts


def _train_snapshot(session: Session, school_id: int, before: ModelVersions) -> tuple[Snapshot, int] | None:
    """Return the next snapshot and the number of its responses, or None where it equals the last one.

    Students come in the order of their ids and responses in their own order, so equal facts give an equal snapshot.
    """
    training, next_five, progress = OnlinePass(before.parameters), NextFive(), Progress()
    students = people.students_of(session, school_id)
    for start in range(0, len(students), BATCH_OF_STUDENTS):
        batch = students[start : start + BATCH_OF_STUDENTS]
        evidence = facts.load_evidence(session, dict.fromkeys(batch, BEGINNING))
        for student in sorted(evidence):
            next_five.start_student()
            for predicted in training.filtered(responses_of(evidence[student])):
                next_five.add(predicted.response, predicted.beliefs)
        progress.report({"school": school_id, "students": start + len(batch), "of": len(students)})
    windows = Windows.of(next_five.rows[-FACTOR_WINDOWS:])
    factor = fit_factor(windows, prior=before.parameters.gap_variance_factor)
    after = training.snapshot(version=before.snapshot.version + 1, variance_factor=factor)
    unchanged = replace(after, version=before.snapshot.version) == before.snapshot
    return None if not training.responses or unchanged else (after, training.responses)
