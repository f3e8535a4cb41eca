"""The tasks that a doorbell starts; their names are permanent and their messages carry ids only."""

from config.celery import job, wake
from lms.facts import EventKind
from tasks.drain import Outcome, drain

TASK_OF = {
    EventKind.ASSESSMENT: "assessment_completed",
    EventKind.SURVEY: "survey_submitted",
    EventKind.CHOICE: "choice_made",
    EventKind.ORDER: "order_given",
}
"""Which task works off which kind of event."""


@job("assessment_completed")
def assessment_completed(inbox_ids: list[int]) -> Outcome:
    """Fold assessments into beliefs and refresh the assignments of the students whom they concern."""
    return _drain(EventKind.ASSESSMENT, inbox_ids)


@job("survey_submitted")
def survey_submitted(inbox_ids: list[int]) -> Outcome:
    """Fold survey answers into interests and refresh the assignments of the students who gave them."""
    return _drain(EventKind.SURVEY, inbox_ids)


@job("choice_made")
def choice_made(inbox_ids: list[int]) -> Outcome:
    """Take in what students picked, started, finished, want more or less of, or do not want to see."""
    return _drain(EventKind.CHOICE, inbox_ids)


@job("order_given")
def order_given(inbox_ids: list[int]) -> Outcome:
    """Put teachers' orders in force, or take them back, and decide anew for the students whom they concern."""
    return _drain(EventKind.ORDER, inbox_ids)


def _drain(kind: EventKind, inbox_ids: list[int]) -> Outcome:
    outcome, more = drain(kind, inbox_ids)
    if more:
        wake(TASK_OF[kind], [])
    return outcome
