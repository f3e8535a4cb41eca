"""Moodle's logstore_xapi (recorded: Moodle 4.4, plugin 5.0.1) as facts.

Its statements carry no id, and `registration` names the cron process that sent them. `completed` carries the
gradebook's grade at the time of sending, not the attempt's: only the `answered` statements are evidence. An abandoned
attempt sends wrong, empty answers even for what was saved: no evidence at all. A short answer has no `success`: it is
unknown, not wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lms import xapi as plain_xapi
from lms import xapi_statement as xapi
from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, SourceRules
from lms.fields import at, content_digest, digest, key_of, names, number, plain, share, text_at

INFO = "http://lrs.learninglocker.net/define/extensions/info"
_ATTEMPT_TYPE = "http://adlnet.gov/expapi/activities/attempt"
_ABANDONED = "attempt_abandoned"
_SURVEY_MODULES = ("\\mod_feedback\\", "\\mod_survey\\", "\\mod_questionnaire\\", "\\mod_choice\\")
_ATTEMPT_NUMBER = re.compile(r"[?&]attempt=(\d{1,18})(?:&|$)", re.ASCII)
_WIDTH = 18
"""Digits of the largest number that a Moodle gives, so that numbers sort as text."""
_ID_NUMBER = re.compile(r"[?&]id=(\d{1,18})(?:&|$)", re.ASCII)


def envelope(statement: object, *, rules: SourceRules) -> Envelope:
    """Read from verb, type and event name where a statement belongs; logins, views and creations are noise."""
    around = xapi.around(statement)
    student, key = xapi.student_of(statement), _key(statement, around)
    verb = text_at(statement, "verb", "id")
    if verb is not None and verb != xapi.ANSWERED and verb not in xapi.GRADING:
        return Envelope(None, key, student, "ignored")
    if _is_survey(statement, around):
        if survey_of(statement, rules) is None:
            return Envelope(None, key, student, "not_collected")
        return Envelope(EventKind.SURVEY if verb == xapi.ANSWERED else None, key, student, "ignored")
    if verb in xapi.GRADING and not _is_about_work(statement):
        return Envelope(None, key, student, "ignored")
    return Envelope(EventKind.ASSESSMENT, key, student)


def parse(statement: object, *, rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    """Return the facts of one statement.

    Raises:
        PayloadError: it cannot be understood.
    """
    it = xapi.read(statement)
    if it.verb != xapi.ANSWERED and it.verb not in xapi.GRADING:
        return Ignored("ignored")
    if _is_survey(statement, it.around):
        survey = survey_of(statement, rules)
        return xapi.survey_facts(it, survey=survey, escaped=True) if survey else Ignored("not_collected")
    if _event_name(statement).endswith(_ABANDONED):
        return Ignored("abandoned")
    if it.verb == xapi.ANSWERED:
        attempt = next((one for one in it.around if xapi.type_of(one) == _ATTEMPT_TYPE), None)
        # An H5P activity inside Moodle speaks plain xAPI.
        return plain_xapi.parse(statement, rules=rules) if attempt is None else (_item_result(it, attempt),)
    if it.result.get("completion") is False:
        return Ignored("abandoned")
    return _score(it) if _is_about_work(statement) else Ignored("ignored")


def survey_of(statement: object, rules: SourceRules) -> str | None:
    """Return a feedback's name as the school allowed it: its ID number, its address or its course module id."""
    for activity in (*xapi.around(statement), at(statement, "object")):
        if xapi.type_of(activity).endswith(xapi.SURVEY_TYPES):
            module = _ID_NUMBER.search(activity["id"]) if isinstance(at(activity, "id"), str) else None
            for name in (xapi.external_id(activity), at(activity, "id"), module and module[1]):
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
        class_ref=xapi.class_of(it),
        # A question's id is its version: an edited question keeps its name, and with it its alignment.
        subject=names(it.object_id, plain(it.definition.get("name"))),
        attempt=f"{it.home}|{taken}",
        outcome=xapi.success_of(it.result),
        value={"assessment": quiz[0]} if quiz else {},
    )


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
        class_ref=xapi.class_of(it),
        subject=(quiz_attempt and _quiz(it)) or names(it.object_id, plain(it.definition.get("name"))),
        attempt=key_of(it.home, taken, *who) if who else f"{it.home}|{taken}",
        outcome=share(score["raw"], score["max"], minimum=score.get("min"), pointer="/result/score"),
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
    for activity in it.around:
        if xapi.type_of(activity).endswith("/assessment"):
            return names(xapi.external_id(activity), activity["id"], plain(at(activity, "definition", "name")))
    return ()


def _is_survey(statement: object, around: Sequence[Mapping[str, Any]]) -> bool:
    address = text_at(statement, "object", "id") or ""
    return (
        xapi.is_survey(statement, around)
        or _event_name(statement).startswith(_SURVEY_MODULES)
        or "/mod/feedback/" in address
    )


def _is_about_work(statement: object) -> bool:
    """Whether a grading verb speaks of an attempt or a task, not of a whole course or a page."""
    kind = xapi.type_of(at(statement, "object"))
    return kind == _ATTEMPT_TYPE or isinstance(at(statement, "result", "score"), Mapping)


def _event_name(statement: object) -> str:
    return text_at(statement, "context", "extensions", INFO, "event_name") or ""


def _key(statement: object, around: Sequence[Mapping[str, Any]]) -> bytes:
    """What a resend keeps: neither `registration` nor, in a replayed `completed`, the score."""
    account = at(statement, "actor", "account")
    verb, address = text_at(statement, "verb", "id"), text_at(statement, "object", "id")
    if verb is None or address is None or not isinstance(account, Mapping):
        return content_digest(statement)
    attempt = next((one["id"] for one in around if xapi.type_of(one) == _ATTEMPT_TYPE), "")
    return digest(
        "moodle",
        account.get("homePage"),
        account.get("name"),
        verb,
        address,
        attempt,
        at(statement, "timestamp"),
        _event_name(statement),
    )
