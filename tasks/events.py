"""The tasks that apply events; their names are permanent and their messages carry ids only."""

from lms.facts import EventKind
from tasks.broker import enqueue
from tasks.job import job
from tasks.pipeline.drain import Outcome, drain
from tasks.progress import Progress
from tasks.routing import TASK_FOR_KIND


@job("assessment_completed")
def assessment_completed(inbox_ids: list[int]) -> Outcome:
    """Update mastery from assessments, note what students do with their tasks, and refresh their assignments."""
    return _drain(EventKind.ASSESSMENT, inbox_ids)


@job("survey_submitted")
def survey_submitted(inbox_ids: list[int]) -> Outcome:
    """Update interests from survey answers and refresh the assignments of the students who answered."""
    return _drain(EventKind.SURVEY, inbox_ids)


@job("choice_made")
def choice_made(inbox_ids: list[int]) -> Outcome:
    """Record what students want more or less of, do not want to see, wish, or need help with."""
    return _drain(EventKind.CHOICE, inbox_ids)


@job("order_given")
def order_given(inbox_ids: list[int]) -> Outcome:
    """Put teacher overrides in force, or revoke them, and decide again for the students concerned."""
    return _drain(EventKind.ORDER, inbox_ids)


def _drain(kind: EventKind, inbox_ids: list[int]) -> Outcome:
    outcome, more_waiting = drain(kind, inbox_ids, on_progress=Progress().report)
    if more_waiting:
        enqueue(TASK_FOR_KIND[kind], [])
    return outcome
