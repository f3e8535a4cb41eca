"""Which Celery task applies which kind of event; importing it loads neither Celery nor the learner model."""

from lms.facts import EventKind

TASK_FOR_KIND = {
    EventKind.ASSESSMENT: "assessment_completed",
    EventKind.SURVEY: "survey_submitted",
    EventKind.CHOICE: "choice_made",
    EventKind.ORDER: "order_given",
}
