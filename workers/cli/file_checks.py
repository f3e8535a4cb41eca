"""What a load would say of a bundle of files beyond what its readers say, as far as no database is needed."""

from __future__ import annotations

from config.time_zones import UnknownTimeZoneError, time_zone
from lms.files import sense
from lms.files.bundle import Bundle
from lms.files.cycles import find_cycles
from lms.files.rows import SchoolRow


def note_all(bundle: Bundle) -> None:
    """Note unknown names, cycles among prerequisites, and what is wrong with questionnaires."""
    sense.note_unknown_names(bundle)
    for cycle in find_cycles(bundle.prerequisites):
        row = bundle.prerequisites[cycle[-2], cycle[-1]]
        wrong = f"this closes a cycle: {' needs '.join(cycle)}"
        bundle.note(row.at, "needs", wrong, "Remove one of the prerequisites, or load with --drop-cycles.")
    for school in bundle.schools.values():
        _note_time_zone(bundle, school)
    _note_questionnaires(bundle)


def _note_time_zone(bundle: Bundle, school: SchoolRow) -> None:
    try:
        time_zone(school.timezone or "UTC")
    except UnknownTimeZoneError as error:
        bundle.note(school.at, "timezone", error.message.rstrip("."), error.hint)


def _note_questionnaires(bundle: Bundle) -> None:
    from learning.surveys.questionnaire import Questionnaire, QuestionnaireError, lint

    for row in bundle.surveys.values():
        try:
            parsed = Questionnaire.from_document(dict(row.document))
        except QuestionnaireError as error:
            for finding in error.findings:
                bundle.note(row.at, finding.pointer, finding.detail, finding.hint)
            continue
        for number, question in enumerate(parsed.questions):
            for topic in sorted(question.spoken_of - bundle.topics.keys()):
                sense.note_unknown(bundle, "topic", topic, row.at, f"/questions/{number}")
        for finding in lint(parsed):
            bundle.notice(row.at, finding.pointer, finding.detail, f"{finding.hint} A load needs --consent for it.")
