"""Turn a batch of events into facts: parse, resolve names, record; then decide for the students whom they concern."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import orjson
from sqlmodel import Session

from learning import questionnaire
from lms import formats
from lms.facts import Fact, FactKind, Ignored, PayloadError, SourceRules
from models import (
    bodies,
    catalogue,
    clock,
    facts,
    inbox,
    interest_switch,
    learners,
    people,
    roster,
    tombstones,
)
from models.choices import Offer
from models.facts import BEGINNING, END, Mark, NewFact
from models.inbox import Claimed, Ending
from models.people import Learner
from models.tables.people import AliasKind, Role
from tasks import choices, embedding
from tasks.decide import decide

FUTURE_TOLERANCE = dt.timedelta(minutes=5)
"""An event further ahead of the database's clock than this is not believed."""
_ON_ITEMS = (FactKind.ITEM_RESULT, FactKind.ATTEMPT_GRADED)


@dataclass(frozen=True, slots=True)
class Names:
    """What the names in a batch mean in this school."""

    students: Mapping[str, Learner]
    items: Mapping[str, int]
    material_items: Mapping[str, int]
    """Names by which an LMS reports answers to a material's own questions: the material's id."""
    skills: Mapping[str, int]
    classes: Mapping[str, int]
    offers: Mapping[int, Offer]


class Unresolved(Exception):  # noqa: N818 - not a failure: the event waits
    """The fact names something that the school has not loaded yet."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotKept(Exception):  # noqa: N818 - not a failure: there is nothing to keep
    """The fact is understood and is none of ours."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def apply(session: Session, school_id: int, events: list[Claimed]) -> Counter[str]:
    """Apply a batch of one school's events within the caller's transaction; return counts that tell the story."""
    ending = Ending()
    parsed = dict(_parse_all(events, ending))
    names = _resolve(session, school_id, parsed.values())
    shelf = catalogue.load(session, school_id)
    limit = clock.now(session) + FUTURE_TOLERANCE
    fresh: list[NewFact] = []
    for event in events:
        if event.id in parsed:
            fresh += _sort_out(event, parsed[event.id], names, shelf, limit=limit, ending=ending)
    tombstones.drop(session, school_id, events, ending)
    bodies.empty(session, [event for event, code in ending.dropped.items() if code == interest_switch.CODE])
    # What is parked or makes no sense today is not known better than before.
    reread = {event.id for event in events if event.again} & {*ending.done, *ending.dropped}
    wrong = facts.no_longer_told(session, reread, fresh)
    states = learners.lock(session, school_id, {fact.student_id for fact in fresh} | set(wrong.values()))
    facts.retract(session, wrong)
    written = facts.record(session, school_id, fresh)
    counts = Counter(ending.counts()) + Counter(fact.kind.value for fact, _ in written)
    anew = facts.with_totals(session, (fact for fact, _ in written)) | set(wrong.values())
    touched = _touched(written, anew=anew)
    if touched:
        followed = choices.follow(session, written)
        concerned = {student: states[student] for student in touched}
        counts += decide(session, school_id, states=concerned, touched=touched, changes=followed)
    inbox.finish(session, events, ending)
    return counts


def _touched(written: Iterable[tuple[NewFact, bool]], *, anew: Collection[int]) -> dict[int, Mark]:
    """Return from where on each student's state must be folded: a replaced fact may have stood anywhere before.

    Students in `anew` are folded from the beginning.
    """
    touched: dict[int, Mark] = dict.fromkeys(anew, BEGINNING)
    for fact, new in written:
        mark = END if not facts.is_evidence(fact) else fact.mark if new else BEGINNING
        touched[fact.student_id] = min(mark, touched.get(fact.student_id, END))
    return touched


def _parse_all(events: Iterable[Claimed], ending: Ending) -> Iterator[tuple[int, tuple[Fact, ...]]]:
    for event in events:
        rules = SourceRules(surveys=event.surveys)
        try:
            found = formats.named(event.format).parse(orjson.loads(event.payload), rules=rules)
        except PayloadError as error:
            ending.quarantined[event.id] = (error.code, error.pointer)
            continue
        if isinstance(found, Ignored):
            ending.dropped[event.id] = found.reason
        else:
            yield event.id, found


def _resolve(session: Session, school_id: int, batches: Iterable[tuple[Fact, ...]]) -> Names:
    """Look up every name of a batch at once."""
    found = [fact for batch in batches for fact in batch]
    persons = roster.resolve(session, school_id, AliasKind.PERSON, {fact.student for fact in found})
    who = people.learners(session, set(persons.values()))
    items = {name for fact in found if fact.kind in _ON_ITEMS for name in fact.subject}
    skills = {name for fact in found if fact.kind is FactKind.SKILL_RESULT for name in fact.subject}
    classes = {fact.class_ref for fact in found if fact.class_ref is not None}
    return Names(
        students={name: who[person] for name, person in persons.items()},
        items=roster.resolve(session, school_id, AliasKind.ITEM, items),
        material_items=roster.resolve(session, school_id, AliasKind.MATERIAL_ITEM, items),
        skills=roster.resolve(session, school_id, AliasKind.SKILL, skills),
        classes=roster.resolve(session, school_id, AliasKind.CLASS, classes),
        offers=choices.offers_of(session, found),
    )


def _sort_out(
    event: Claimed,
    found: tuple[Fact, ...],
    names: Names,
    shelf: catalogue.Shelf,
    *,
    limit: dt.datetime,
    ending: Ending,
) -> list[NewFact]:
    """Return what is kept of one event, and note how the event ends: done where anything is kept."""
    kept: list[NewFact] = []
    why_not = "empty"
    try:
        for fact in found:
            try:
                kept.append(_resolved(fact, event, names, shelf, limit=limit))
            except NotKept as error:
                why_not = error.reason
    except Unresolved as missing:
        ending.parked[event.id] = missing.code
        return []
    except PayloadError as error:
        ending.quarantined[event.id] = (error.code, error.pointer)
        return []
    if kept:
        ending.done.append(event.id)
    else:
        ending.dropped[event.id] = why_not
    return kept


def _resolved(
    fact: Fact,
    event: Claimed,
    names: Names,
    shelf: catalogue.Shelf,
    *,
    limit: dt.datetime,
) -> NewFact:
    """Return the fact with ids for names.

    Raises:
        Unresolved: the student, item or skill is not loaded yet.
        NotKept: nobody's business, or not to be collected.
        PayloadError: it comes from the future.
    """
    if fact.occurred_at > limit:
        raise PayloadError("future_event")
    student = names.students.get(fact.student)
    if student is None:
        raise Unresolved("unknown_student")
    if student.role != Role.STUDENT:
        raise NotKept("not_a_student")
    item, skill, value = _subject(fact, student, names, shelf)
    return NewFact(
        student_id=student.id,
        source_id=event.source_id,
        kind=fact.kind,
        key=fact.key,
        occurred_at=fact.occurred_at,
        sequence=fact.sequence,
        inbox_id=event.id,
        class_id=names.classes.get(fact.class_ref) if fact.class_ref else None,
        item_id=item,
        skill_id=skill,
        attempt=fact.attempt,
        outcome=fact.outcome,
        weight=fact.weight,
        revised_at=fact.revised_at,
        value=value,
    )


def _subject(
    fact: Fact, student: Learner, names: Names, shelf: catalogue.Shelf
) -> tuple[int | None, int | None, Mapping[str, Any]]:
    """Return (item id, skill id, value) of a fact: what it is about, and what is kept of what it says."""
    match fact.kind:
        case FactKind.ITEM_RESULT:
            return _item(fact, names, shelf)
        case FactKind.SKILL_RESULT:
            return None, _first(fact.subject, names.skills, code="unknown_skill"), fact.value
        case FactKind.SURVEY_ANSWER:
            return None, None, _scored(fact, student, shelf)
        case FactKind.ASSIGNMENT_PICKED | FactKind.ASSIGNMENT_STARTED | FactKind.ASSIGNMENT_DONE:
            offer = names.offers.get(choices.assignment_id(fact) or 0)
            if offer is None or offer.student_id != student.id:
                raise NotKept("unknown_assignment")
            return None, None, choices.told(offer)
        case FactKind.INTEREST_FEEDBACK | FactKind.INTEREST_VETO:
            if not student.interests_enabled:
                raise NotKept(interest_switch.CODE)
            return None, None, fact.value
        case FactKind.ATTEMPT_GRADED | FactKind.CONSENT:
            return _whole(fact, names)
        case _:
            assert_never(fact.kind)


def _item(fact: Fact, names: Names, shelf: catalogue.Shelf) -> tuple[int | None, int | None, Mapping[str, Any]]:
    """Return what an answer is to: an aligned item, a material's own question, or both."""
    material = next((names.material_items[name] for name in fact.subject if name in names.material_items), None)
    value = fact.value if material is None else {**fact.value, "material": material}
    if material is not None and not any(name in names.items for name in fact.subject):
        # A material's question that nobody aligned speaks of the skill that the material is for.
        return None, shelf.catalogue.entries[material].skills[0], value
    return _first(fact.subject, names.items, code="unknown_item"), None, value


def _whole(fact: Fact, names: Names) -> tuple[int | None, None, Mapping[str, Any]]:
    """Return what is about no single item: the assessment of a total, where the school has aligned it as a whole.

    A total waits for nothing: it keeps the names, so that a later load finds it.
    """
    if fact.value.get("scope") != "attempt":
        return None, None, fact.value
    item = next((names.items[name] for name in fact.subject if name in names.items), None)
    return item, None, {**fact.value, "names": list(fact.subject)}


def _first(subject: tuple[str, ...], ids: Mapping[str, int], *, code: str) -> int:
    """Return what the most precise name that is known means: a question's version, then its name."""
    for name in subject:
        if name in ids:
            return ids[name]
    raise Unresolved(code)


def _scored(fact: Fact, student: Learner, shelf: catalogue.Shelf) -> dict[str, Any]:
    """Return what an answer says of topics; the answer itself, and all free text, is left behind here."""
    if not student.interests_enabled:
        raise NotKept(interest_switch.CODE)
    asked = shelf.questionnaires.get(str(fact.value.get("survey", "")))
    if asked is None:
        raise Unresolved("unknown_survey")
    question = asked.question(fact.subject)
    if question is None:
        raise NotKept("unknown_question")
    return questionnaire.score(question, fact.value, reader=embedding.reader(shelf.topic_phrases))
