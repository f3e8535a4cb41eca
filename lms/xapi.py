"""xAPI statements of any sender (cmi5, H5P, TinCan clients) as facts."""

from __future__ import annotations

from lms import xapi_statement as xapi
from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, Parsed, SourceRules
from lms.json_fields import finite_or_none, get_path, key_of, localized_text, names, text_at, valid_ref


def envelope(statement: object, *, rules: SourceRules) -> Envelope:
    """Read from verb and type alone where a statement belongs."""
    verb = text_at(statement, "verb", "id")
    key = xapi.key_for(statement)
    special = xapi.envelope_of_special(statement, key)
    if special is not None:
        return special
    is_survey = xapi.is_survey(statement, xapi.types_of(xapi.context_activities(statement)))
    if verb is None:
        # It makes no sense: the worker will say so with a code, unless it might be a survey that nobody allowed.
        kind = None if is_survey and not xapi.survey_of(statement, rules) else EventKind.ASSESSMENT
        return Envelope(kind, key, xapi.student_of(statement), "" if kind else "not_collected")
    if verb != xapi.ANSWERED and verb not in xapi.GRADING:
        return Envelope(None, key, xapi.student_of(statement), "ignored")
    if is_survey:
        if not xapi.survey_of(statement, rules):
            return Envelope(None, key, xapi.student_of(statement), "not_collected")
        return Envelope(EventKind.SURVEY if verb == xapi.ANSWERED else None, key, xapi.student_of(statement), "ignored")
    return Envelope(EventKind.ASSESSMENT, key, xapi.student_of(statement))


def parse(statement: object, *, rules: SourceRules) -> Parsed:
    """Return the facts of one statement, or what it voids.

    Raises:
        PayloadError: it cannot be understood.
    """
    special = xapi.parse_special(statement)
    if special is not None:
        return special
    it = xapi.read(statement, rules=rules)
    if xapi.is_survey(statement, it.around_types):
        survey = xapi.survey_of(statement, rules)
        return xapi.survey_facts(it, survey=survey) if survey and it.verb == xapi.ANSWERED else Ignored("not_collected")
    if it.verb == xapi.ANSWERED:
        return (_item_result(it, statement),)
    if it.verb in xapi.GRADING:
        return _attempt_graded(it, statement)
    return Ignored("ignored")


def _item_result(it: xapi.Statement, statement: object) -> Fact:
    attempt = _attempt_ref(statement, whole=it.around[0]["id"] if it.around else "")
    which = text_at(statement, "id") or it.occurred_at.isoformat()
    return Fact(
        kind=FactKind.ITEM_RESULT,
        key=key_of("item", attempt or which, it.object_id, it.student, which),
        student=it.student,
        occurred_at=it.occurred_at,
        sequence=f"{attempt or ''}.{it.object_id}",
        statement=it.id,
        class_ref=xapi.class_of(it),
        subject=names(it.object_id, localized_text(it.definition.get("name"))),
        attempt=attempt,
        outcome=xapi.outcome_of(it.result),
    )


def _attempt_graded(it: xapi.Statement, statement: object) -> tuple[Fact, ...] | Ignored:
    if it.result.get("completion") is False:
        return Ignored("abandoned")
    outcome = xapi.outcome_of(it.result)
    if outcome is None:
        return Ignored("no_score")
    which = text_at(statement, "id") or it.occurred_at.isoformat()
    attempt = _attempt_ref(statement, whole=it.object_id)
    fact = Fact(
        kind=FactKind.ATTEMPT_GRADED,
        key=key_of("attempt", it.student, it.object_id, which),
        student=it.student,
        occurred_at=it.occurred_at,
        sequence=f"{attempt or ''}.~",
        statement=it.id,
        class_ref=xapi.class_of(it),
        subject=names(it.object_id, localized_text(it.definition.get("name"))),
        attempt=attempt,
        outcome=outcome,
        value={"scope": "attempt", **_points(it)},
    )
    return (fact,)


def _points(it: xapi.Statement) -> dict[str, float | None]:
    score = it.result.get("score")
    raw, most = (get_path(score, "raw"), get_path(score, "max"))
    return {"raw": finite_or_none(raw), "max": finite_or_none(most)}


def _attempt_ref(statement: object, *, whole: str) -> str | None:
    """Return what groups the answers of an attempt at a whole with its grade: the registration, else nothing."""
    registration = text_at(statement, "context", "registration")
    return (
        None
        if registration is None
        else key_of("registration", valid_ref(registration, "/context/registration"), whole)
    )
