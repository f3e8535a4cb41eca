"""What a load would say of a bundle of files beyond what its readers say, as far as the files alone show it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from config.time_zones import UnknownTimeZoneError, time_zone
from learning.surveys.questionnaire import Questionnaire, QuestionnaireError, lint
from lms.files import sense
from lms.files.bundle import Bundle
from lms.files.column_map import stem_of
from lms.files.cycles import find_cycles
from lms.files.problem import Severity
from lms.files.rows import SchoolRow
from lms.files.sense import UnknownName

DESCRIBED_IN = {"person": "users", "class": "classes", "skill": "skills", "topic": "topics", "material": "materials"}
"""The file that has the names of a kind."""


def note_all(bundle: Bundle, *, stored: Callable[[str], Collection[str]] | None = None, cycles: bool = True) -> None:
    """Note unknown names, cycles among prerequisites, and what is wrong with questionnaires.

    Args:
        bundle: the files, as they were read.
        stored: the names of a kind that are loaded already. A name that is neither there nor in the files is a row to
            leave out, unless the file that would have it has problems. None: an unknown name is only noted.
        cycles: whether a cycle is a problem.
    """
    incomplete = {stem_of(problem.file) for problem in bundle.problems}
    questionnaires, existing = _questionnaires(bundle), sense.existing_names(bundle)
    for each in (*sense.unknown_names(bundle), *_unknown_topics(bundle, questionnaires)):
        hint = sense.list_hint(each.name, existing[each.kind])
        if stored is None:
            _notice_unknown(bundle, each, hint)
        elif DESCRIBED_IN[each.kind] not in incomplete and each.name not in stored(each.kind):
            wrong = f"there is no {each.kind} {each.name!r}"
            hint = hint or "Add it to the files, or correct the name."
            bundle.note(each.at, each.column, wrong, hint, Severity.ROW)
    for cycle in find_cycles(bundle.prerequisites) if cycles else ():
        row = bundle.prerequisites[cycle[-2], cycle[-1]]
        wrong = f"this closes a cycle: {' needs '.join(cycle)}"
        bundle.note(row.at, "needs", wrong, "Remove one of the prerequisites, or load with --drop-cycles.")
    for school in bundle.schools.values():
        _note_time_zone(bundle, school)
    for ref, questionnaire in questionnaires.items():
        for finding in lint(questionnaire):
            hint = f"{finding.hint} A load needs --consent for it."
            bundle.notice(bundle.surveys[ref].at, finding.pointer, finding.detail, hint)


def _notice_unknown(bundle: Bundle, each: UnknownName, hint: str) -> None:
    hint = hint or "Add it to the files, if it is not loaded already, or correct the name."
    bundle.notice(each.at, each.column, f"there is no {each.kind} {each.name!r} in the files", hint)


def _note_time_zone(bundle: Bundle, school: SchoolRow) -> None:
    try:
        time_zone(school.timezone or "UTC")
    except UnknownTimeZoneError as error:
        bundle.note(school.at, "timezone", error.message.rstrip("."), error.hint)


def _questionnaires(bundle: Bundle) -> dict[str, Questionnaire]:
    """Return the questionnaires by ref; of one that cannot be read, note why."""
    found = {}
    for row in bundle.surveys.values():
        try:
            found[row.ref] = Questionnaire.from_document(dict(row.document))
        except QuestionnaireError as error:
            for finding in error.findings:
                bundle.note(row.at, finding.pointer, finding.detail, finding.hint)
    return found


def _unknown_topics(bundle: Bundle, questionnaires: dict[str, Questionnaire]) -> Iterator[UnknownName]:
    for ref, questionnaire in questionnaires.items():
        for number, question in enumerate(questionnaire.questions):
            for topic in sorted(question.spoken_of - bundle.topics.keys()):
                yield UnknownName("topic", topic, bundle.surveys[ref].at, f"/questions/{number}")
