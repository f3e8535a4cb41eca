"""What a student chose: linked to the assignment that it was about, so that interests and the next decision know."""

from collections.abc import Iterable
from typing import Any

from sqlmodel import Session

from lms.facts import Fact, FactKind
from models import choices
from models.choices import Offer
from models.facts import NewFact
from models.publish import ChangeRow

ABOUT_ASSIGNMENTS = (FactKind.ASSIGNMENT_PICKED, FactKind.ASSIGNMENT_STARTED, FactKind.ASSIGNMENT_DONE)


def offers_of(session: Session, found: Iterable[Fact]) -> dict[int, Offer]:
    """Return the offers that facts are about, by assignment id."""
    ids = {assignment_id(fact) for fact in found if fact.kind in ABOUT_ASSIGNMENTS}
    return choices.offers(session, {each for each in ids if each is not None})


def assignment_id(fact: Fact) -> int | None:
    """Return the assignment that a fact names; None where what it names is no id of ours."""
    named = str(fact.value.get("assignment", ""))
    return int(named) if named.isascii() and named.isdecimal() and len(named) <= 18 else None  # noqa: PLR2004 - fits bigint


def told(offer: Offer) -> dict[str, Any]:
    """Return what is kept of a choice: the assignment, its context, and what was shown beside it."""
    return {
        "assignment": offer.assignment_id,
        "material": offer.material_id,
        "context": offer.context,
        "position": offer.position,
        "shown": list(offer.shown),
    }


def follow(session: Session, written: Iterable[tuple[NewFact, bool]]) -> list[ChangeRow]:
    """Mark the assignments that facts speak of as started or attempted; return the lines for the feed."""
    facts = [fact for fact, _ in written]
    named = {fact.value["assignment"] for fact in facts if fact.kind in ABOUT_ASSIGNMENTS}
    answered = {
        (fact.student_id, fact.value["material"])
        for fact in facts
        if fact.kind is FactKind.ITEM_RESULT and "material" in fact.value
    }
    return choices.note(session, named | choices.newest_for(session, answered))
