"""Turn parsed facts, with the names of an LMS, into facts with our ids, ready to be recorded."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from learning.surveys import questionnaire
from lms.facts import Fact, FactKind, PayloadError, Retraction
from lms.unread import MAX_NAME
from models.assignments.activity import OfferedAssignment
from models.catalogue import SchoolCatalogue
from models.events.facts import NewFact
from models.events.inbox import ClaimedEvent
from models.events.retractions import NewRetraction
from models.privacy import interest_switch
from models.students.people import Student
from models.tables.people import Role
from tasks.pipeline import text_embeddings
from tasks.pipeline.resolve_names import ResolvedNames, UnknownNameError, assignment_id


class IgnoredFactError(Exception):
    """The fact is valid, but must not or need not be stored."""

    def __init__(self, reason: str, *, name: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.name = name
        """What was not known, to be counted; never a person."""


@dataclass(frozen=True, slots=True)
class FactBuilder:
    """Build the facts of one batch."""

    names: ResolvedNames
    materials: SchoolCatalogue
    latest: dt.datetime
    """Later facts are refused: the sender's clock is wrong."""
    unread: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    """What was ignored, by (source id, reason, name)."""

    def build(self, event: ClaimedEvent, facts: Iterable[Fact]) -> tuple[list[NewFact], str]:
        """Return the facts of one event that are stored, and why the last of the others was not.

        Raises:
            UnknownNameError: a student, item or skill is not loaded yet.
            PayloadError: a fact is from the future.
        """
        built: list[NewFact] = []
        reason = "empty"
        for fact in facts:
            try:
                built.append(self._build_fact(event, fact))
            except IgnoredFactError as error:
                reason = error.reason
                self.unread[event.source_id, error.reason, error.name] += bool(error.name)
        return built, reason

    def retraction(self, event: ClaimedEvent, parsed: Retraction) -> NewRetraction:
        """Return what one event withdraws.

        Raises:
            UnknownNameError: it names a student who is not loaded yet.
        """
        student = self.names.students.get(parsed.student)
        if parsed.student and student is None:
            raise UnknownNameError("unknown_student", parsed.student)
        number = None if student is None else student.id
        return NewRetraction(event.source_id, event.id, parsed.key, parsed.statement, number, parsed.revised_at)

    def _build_fact(self, event: ClaimedEvent, fact: Fact) -> NewFact:
        if fact.occurred_at > self.latest:
            raise PayloadError("future_event")
        student = self.names.students.get(fact.student)
        if student is None:
            raise UnknownNameError("unknown_student", fact.student)
        if student.role != Role.STUDENT:
            raise IgnoredFactError("not_a_student")
        item, skill, value = self._subject(fact, student)
        return NewFact(
            student_id=student.id,
            source_id=event.source_id,
            kind=fact.kind,
            key=fact.key,
            occurred_at=fact.occurred_at,
            sequence=fact.sequence,
            inbox_id=event.id,
            class_id=self.names.classes.get(fact.class_ref) if fact.class_ref else None,
            item_id=item,
            skill_id=skill,
            attempt=fact.attempt,
            outcome=fact.outcome,
            weight=fact.weight,
            revised_at=fact.revised_at,
            statement=fact.statement,
            value=value,
        )

    def _subject(self, fact: Fact, student: Student) -> tuple[int | None, int | None, Mapping[str, Any]]:
        """Return (item id, skill id, value) of a fact: what it is about, and what is stored of it."""
        match fact.kind:
            case FactKind.ITEM_RESULT:
                return self._item(fact, student)
            case FactKind.SKILL_RESULT | FactKind.WISH:
                return None, _first_known(fact.subject, self.names.skills, code="unknown_skill"), fact.value
            case FactKind.SURVEY_ANSWER:
                return None, None, self._score_answer(fact, student)
            case (
                FactKind.ASSIGNMENT_PICKED
                | FactKind.ASSIGNMENT_STARTED
                | FactKind.ASSIGNMENT_DONE
                | FactKind.HELP_REQUESTED
                | FactKind.ASSIGNMENT_DECLINED
            ):
                return None, None, self._about_assignment(fact, student)
            case FactKind.INTEREST_FEEDBACK | FactKind.INTEREST_VETO:
                return None, None, self._about_topic(fact, student)
            case FactKind.ATTEMPT_GRADED | FactKind.CONSENT:
                return self._attempt_total(fact)
            case _:
                assert_never(fact.kind)

    def _about_topic(self, fact: Fact, student: Student) -> Mapping[str, Any]:
        """Return what is stored of what a student said of a topic; one that is not loaded is waited for."""
        if not student.interests_enabled:
            raise IgnoredFactError(interest_switch.CODE)
        if fact.value["topic"] not in self.materials.topic_ids:
            raise UnknownNameError("unknown_topic", fact.value["topic"])
        return fact.value

    def _about_assignment(self, fact: Fact, student: Student) -> Mapping[str, Any]:
        """Return what is stored of what a student did with an assignment; help may be asked for without one."""
        if fact.kind is FactKind.HELP_REQUESTED and "assignment" not in fact.value:
            return {}
        more = {"why": fact.value["why"]} if fact.kind is FactKind.ASSIGNMENT_DECLINED else {}
        return {**_choice(self._offer(fact, student)), **more}

    def _offer(self, fact: Fact, student: Student) -> OfferedAssignment:
        """Return the assignment that a fact is about, which must be the student's own."""
        offer = self.names.offers.get(assignment_id(fact) or 0)
        if offer is None or offer.student_id != student.id:
            raise IgnoredFactError("unknown_assignment")
        return offer

    def _item(self, fact: Fact, student: Student) -> tuple[int | None, int | None, Mapping[str, Any]]:
        """Return the subject of an answer: an assignment's material, an aligned item, a material's, or both."""
        if "assignment" in fact.value:
            offer = self._offer(fact, student)
            return None, offer.skill_id, {**fact.value, "material": offer.material_id}
        ids = self.names.material_items
        material = next((ids[name] for name in fact.subject if name in ids), None)
        value = fact.value if material is None else {**fact.value, "material": material}
        if material is not None and not any(name in self.names.items for name in fact.subject):
            # A material's question without an alignment of its own is about the material's skill.
            return None, self.materials.catalogue.entries[material].skills[0], value
        return _first_known(fact.subject, self.names.items, code="unknown_item"), None, value

    def _attempt_total(self, fact: Fact) -> tuple[int | None, None, Mapping[str, Any]]:
        """Return the subject of a total: the assessment, where the school has aligned it as a whole.

        A total never waits for a load: it stores the names, so that a later load finds it.
        """
        if fact.value.get("scope") != "attempt":
            return None, None, fact.value
        item = next((self.names.items[name] for name in fact.subject if name in self.names.items), None)
        return item, None, {**fact.value, "names": list(fact.subject)}

    def _score_answer(self, fact: Fact, student: Student) -> dict[str, Any]:
        """Return what an answer says about topics; the answer itself and all free text are dropped here."""
        if not student.interests_enabled:
            raise IgnoredFactError(interest_switch.CODE)
        survey = str(fact.value.get("survey", ""))
        if survey not in self.materials.questionnaires:
            raise UnknownNameError("unknown_survey", survey)
        question = self.materials.questionnaires[survey].question(fact.subject)
        if question is None:
            raise IgnoredFactError("unknown_question", name=f"{survey}: {fact.subject[0]}"[:MAX_NAME])
        return questionnaire.score(question, fact.value, reader=text_embeddings.reader(self.materials.topic_phrases))


def _choice(offer: OfferedAssignment) -> dict[str, Any]:
    """Return what is stored of a choice: the assignment, its context, and what was offered beside it."""
    return {
        "assignment": offer.assignment_id,
        "material": offer.material_id,
        "context": offer.context,
        "position": offer.position,
        "shown": list(offer.shown),
    }


def _first_known(names: tuple[str, ...], ids: Mapping[str, int], *, code: str) -> int:
    """Return the id of the most precise known name: names go from a question's version to the question."""
    for name in names:
        if name in ids:
            return ids[name]
    raise UnknownNameError(code)
