"""The task that tells LMSs how many tasks each student did this week, each night where a school has switched it on."""

from models import engine, locks
from tasks.job import job
from tasks.lti import scores
from tasks.pipeline.drain import Outcome


@job("lti_scores", minutes=30)
def lti_scores() -> Outcome:
    """Send this week's numbers of tasks; what failed is shown by the doctor and sent the next night.

    A second one that runs at the same time finds the lock taken and does nothing.
    """
    with engine.transaction() as lock_holder:
        if not locks.try_lock_job(lock_holder, "lti_scores"):
            return {"skipped": "another is running"}
        return dict(scores.send_all())
