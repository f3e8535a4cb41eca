"""The tasks that a doorbell starts; their names are permanent and their messages carry ids only."""

from config.celery import job, wake
from lms.facts import EventKind
from tasks.drain import Outcome, drain

TASK_OF = {EventKind.ASSESSMENT: "assessment_completed", EventKind.SURVEY: "survey_submitted"}
"""Which task works off which kind of event."""


@job("assessment_completed")
def assessment_completed(inbox_ids: list[int]) -> Outcome:
    """Fold assessments into beliefs and refresh the assignments of the students whom they concern."""
    return _drain(EventKind.ASSESSMENT, inbox_ids)


@job("survey_submitted")
def survey_submitted(inbox_ids: list[int]) -> Outcome:
    """Fold survey answers into interests and refresh the assignments of the students who gave them."""
    return _drain(EventKind.SURVEY, inbox_ids)


def _drain(kind: EventKind, inbox_ids: list[int]) -> Outcome:
    outcome, more = drain(kind, inbox_ids)
    if more:
        wake(TASK_OF[kind], [])
    return outcome
