"""Moodle's logstore_xapi (recorded: Moodle 4.4, plugin 5.0.1) as facts.

Its statements carry no id, and `registration` names the cron process that sent them. `completed` carries the
gradebook's grade at the time of sending, not the attempt's: only the `answered` statements are evidence. An abandoned
attempt sends wrong, empty answers even for what was saved: no evidence at all. A short answer has no `success`: it is
unknown, not wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lms import numeric_answers
from lms import xapi as plain_xapi
from lms import xapi_statement as xapi
from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, Parsed, SourceRules
from lms.json_fields import (
    content_digest,
    digest,
    get_path,
    key_of,
    localized_text,
    names,
    number,
    score_fraction,
    text_at,
)

INFO = "http://lrs.learninglocker.net/define/extensions/info"
_ATTEMPT_TYPE = "http://adlnet.gov/expapi/activities/attempt"
_NO_EVIDENCE = {"attempt_abandoned": "abandoned", "question_manually_graded": "manual_grade"}
"""Ends of event names -> why not; a manual grade carries the score of the attempt's first question, not of its own."""
_SURVEY_MODULES = ("\\mod_feedback\\", "\\mod_survey\\", "\\mod_questionnaire\\", "\\mod_choice\\")
_ATTEMPT_NUMBER = re.compile(r"[?&]attempt=(\d{1,18})(?:&|$)", re.ASCII)
_WIDTH = 18
"""Digits of the largest number that a Moodle gives, so that numbers sort as text."""
_ID_NUMBER = re.compile(r"[?&]id=(\d{1,18})(?:&|$)", re.ASCII)


def envelope(statement: object, *, rules: SourceRules) -> Envelope:
    """Read from verb, type and event name where a statement belongs; logins, views and creations are noise."""
    around = xapi.context_activities(statement)
    types = xapi.types_of(around)
    event_name = _event_name(statement)
    student, key = xapi.student_of(statement), _key(statement, _attempt(around, types), event_name)
    verb = text_at(statement, "verb", "id")
    special = xapi.envelope_of_special(statement, key)
    if special is not None:
        return special
    if verb is not None and verb != xapi.ANSWERED and verb not in xapi.GRADING:
        return Envelope(None, key, student, "ignored")
    if _is_survey(statement, types, event_name):
        if survey_of(statement, rules) is None:
            return Envelope(None, key, student, "not_collected")
        return Envelope(EventKind.SURVEY if verb == xapi.ANSWERED else None, key, student, "ignored")
    if verb in xapi.GRADING and not _is_about_work(statement):
        return Envelope(None, key, student, "ignored")
    return Envelope(EventKind.ASSESSMENT, key, student)


def parse(statement: object, *, rules: SourceRules) -> Parsed:
    """Return the facts of one statement, or what it voids.

    Raises:
        PayloadError: it cannot be understood.
    """
    special = xapi.parse_special(statement)
    if special is not None:
        return special
    return _facts(statement, xapi.read(statement, rules=rules), rules=rules)


def _facts(statement: object, it: xapi.Statement, *, rules: SourceRules) -> Parsed:
    if it.verb != xapi.ANSWERED and it.verb not in xapi.GRADING:
        return Ignored("ignored")
    event_name = _event_name(statement)
    if _is_survey(statement, it.around_types, event_name):
        survey = survey_of(statement, rules)
        return xapi.survey_facts(it, survey=survey, escaped=True) if survey else Ignored("not_collected")
    for ending, reason in _NO_EVIDENCE.items():
        if event_name.endswith(ending):
            return Ignored(reason)
    if it.verb == xapi.ANSWERED:
        attempt = _attempt(it.around, it.around_types)
        # An H5P activity inside Moodle speaks plain xAPI.
        return plain_xapi.parse(statement, rules=rules) if attempt is None else (_item_result(it, attempt),)
    if it.result.get("completion") is False:
        return Ignored("abandoned")
    return _score(it) if _is_about_work(statement) else Ignored("ignored")


def survey_of(statement: object, rules: SourceRules) -> str | None:
    """Return a feedback's name as the school allowed it: its ID number, its address or its course module id."""
    for activity in (*xapi.context_activities(statement), get_path(statement, "object")):
        if xapi.type_of(activity).endswith(xapi.SURVEY_TYPES):
            module = _ID_NUMBER.search(activity["id"]) if isinstance(get_path(activity, "id"), str) else None
            for name in (xapi.external_id(activity), get_path(activity, "id"), module and module[1]):
                if isinstance(name, str) and name in rules.surveys:
                    return name
    return None


def _item_result(it: xapi.Statement, attempt: Mapping[str, Any]) -> Fact:
    taken, question = _number(str(attempt["id"]), _ATTEMPT_NUMBER), _number(it.object_id, _ID_NUMBER)
    quiz = _quiz(it)
    return Fact(
        kind=FactKind.ITEM_RESULT,
        key=key_of("item", it.home, taken, question),
        student=it.student,
        occurred_at=it.occurred_at,
        sequence=f"{taken.zfill(_WIDTH)}.{question.zfill(_WIDTH)}",
        statement=it.id,
        class_ref=xapi.class_of(it),
        subject=_question_names(it, quiz),
        attempt=f"{it.home}|{taken}",
        outcome=numeric_answers.outcome_of_number(it.definition, it.result.get("response"), xapi.success_of(it.result)),
        value={"assessment": quiz[0]} if quiz else {},
    )


def _question_names(it: xapi.Statement, quiz: tuple[str, ...]) -> tuple[str, ...]:
    """Return what names a question: its address, its name in its quiz (`QUIZ|NAME`), and its name alone.

    The address is of the question's version: an edited question keeps its name, and with it its alignment. Two quizzes
    that each have a `Q1` are two items where `alignments.csv` names the quiz.
    """
    name = localized_text(it.definition.get("name"))
    return names(it.object_id, *(f"{each}|{name}" for each in quiz if name), name)


def _score(it: xapi.Statement) -> tuple[Fact, ...] | Ignored:
    score = it.result.get("score")
    if not isinstance(score, Mapping) or score.get("raw") is None or score.get("max") is None:
        return Ignored("no_score")
    quiz_attempt = xapi.type_of({"definition": it.definition}) == _ATTEMPT_TYPE
    taken = _number(it.object_id, _ATTEMPT_NUMBER) if quiz_attempt else it.object_id
    who = () if quiz_attempt else (it.student,)
    fact = Fact(
        kind=FactKind.ATTEMPT_GRADED,
        key=key_of("attempt", it.home, taken, *who),
        student=it.student,
        occurred_at=it.occurred_at,
        sequence=f"{taken.zfill(_WIDTH)}.~",
        statement=it.id,
        class_ref=xapi.class_of(it),
        subject=(quiz_attempt and _quiz(it)) or _task(it),
        attempt=key_of(it.home, taken, *who) if who else f"{it.home}|{taken}",
        outcome=score_fraction(score["raw"], score["max"], minimum=score.get("min"), pointer="/result/score"),
        # Of a quiz attempt it is the highest grade of all attempts at the time of sending, which says nothing of this
        # one; of an assignment it is the teacher's own grade, and a later one replaces it.
        weight=0.0 if quiz_attempt else 1.0,
        revised_at=None if quiz_attempt else it.occurred_at,
        value={
            "scope": "gradebook" if quiz_attempt else "attempt",
            "raw": number(score["raw"], "/result/score/raw"),
            "max": number(score["max"], "/result/score/max"),
        },
    )
    return (fact,)


def _number(iri: str, pattern: re.Pattern[str]) -> str:
    """Return the number of an attempt or question, which Moodle numbers site by site; its address where it has none."""
    found = pattern.search(iri)
    return iri if found is None else str(int(found[1]))


def _quiz(it: xapi.Statement) -> tuple[str, ...]:
    quiz = it.first_around("/assessment")
    if quiz is None:
        return ()
    return names(xapi.external_id(quiz), quiz["id"], localized_text(get_path(quiz, "definition", "name")))


def _task(it: xapi.Statement) -> tuple[str, ...]:
    """Return what names a graded task: itself, and the assignment that it is the submission of."""
    own = (it.object_id, localized_text(it.definition.get("name")))
    head = it.object_id.partition("#")[0]
    whole = next((one for one in it.around if one["id"] == head), None)
    return names(*own, head, localized_text(get_path(whole, "definition", "name")))


def _is_survey(statement: object, around_types: Iterable[str], event_name: str) -> bool:
    address = text_at(statement, "object", "id") or ""
    return (
        xapi.is_survey(statement, around_types) or event_name.startswith(_SURVEY_MODULES) or "/mod/feedback/" in address
    )


def _is_about_work(statement: object) -> bool:
    """Whether a grading verb speaks of an attempt or a task, not of a whole course or a page."""
    kind = xapi.type_of(get_path(statement, "object"))
    return kind == _ATTEMPT_TYPE or isinstance(get_path(statement, "result", "score"), Mapping)


def _event_name(statement: object) -> str:
    return text_at(statement, "context", "extensions", INFO, "event_name") or ""


def _attempt(around: Sequence[Mapping[str, Any]], types: Sequence[str]) -> Mapping[str, Any] | None:
    """Return the attempt among the activities around a statement, whose types are these."""
    return around[types.index(_ATTEMPT_TYPE)] if _ATTEMPT_TYPE in types else None


def _key(statement: object, attempt: Mapping[str, Any] | None, event_name: str) -> bytes:
    """What a resend keeps: neither `registration` nor, in a replayed `completed`, the score."""
    account = get_path(statement, "actor", "account")
    verb, address = text_at(statement, "verb", "id"), text_at(statement, "object", "id")
    if verb is None or address is None or not isinstance(account, Mapping):
        return content_digest(statement)
    return digest(
        "moodle",
        account.get("homePage"),
        account.get("name"),
        verb,
        address,
        "" if attempt is None else attempt["id"],
        get_path(statement, "timestamp"),
        event_name,
    )
