"""All that a round of decisions rests on, loaded at once for a few students of one school."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session

from learning import interests as interest
from learning import selection
from learning.interests import Interest
from models import catalogue, clock, facts, kitchen, people, terms
from models.learners import StateRow
from models.people import Learner
from models.terms import Terms


@dataclass(frozen=True, slots=True)
class Table:
    """All that was loaded for a round of decisions."""

    shelf: catalogue.Shelf
    terms: Terms
    read_at: dt.datetime
    """When the loading began: what begins or ends later is not in it."""
    as_of: dt.datetime
    learners: Mapping[int, Learner]
    rules: Mapping[int | None, kitchen.Rules]
    orders: Mapping[int, selection.Orders]
    open: Mapping[int, list[kitchen.OpenRow]]
    history: Mapping[int, tuple[selection.Use, ...]]
    paces: Mapping[int, selection.Pace]
    recent: Mapping[int, kitchen.Recent]
    interests: Mapping[int, Mapping[str, Interest]]


def set_table(session: Session, school_id: int, students: Mapping[int, StateRow]) -> Table:
    """Load what the decisions for these students rest on."""
    read_at = clock.now(session)
    who = people.learners(session, students)
    classes = {student: learner.class_id for student, learner in who.items()}
    current = terms.in_force(session, school_id)
    rules = {
        class_id: replace(rule, policy=replace(rule.policy, variance_factor=current.parameters.gap_variance_factor))
        for class_id, rule in kitchen.rules(session, school_id, set(classes.values())).items()
    }
    pace_days = max(rule.policy.pace_days for rule in rules.values())
    shelf = catalogue.load(session, school_id)
    # The hour, not the second: two refreshes of one hour with the same evidence come to the same end.
    as_of = read_at.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    return Table(
        shelf=shelf,
        terms=current,
        read_at=read_at,
        as_of=as_of,
        learners=who,
        rules=rules,
        orders=kitchen.orders(session, classes),
        open=kitchen.open_assignments(session, students),
        history=kitchen.history(session, students),
        paces=kitchen.paces(session, students, days=pace_days),
        recent=kitchen.recent_answers(session, students),
        interests=_interests(session, who, shelf, as_of=as_of),
    )


def _interests(
    session: Session, who: Mapping[int, Learner], shelf: catalogue.Shelf, *, as_of: dt.datetime
) -> dict[int, dict[str, Interest]]:
    """Return each student's interest vector; empty where the switch is off."""
    found = {}
    topics = sorted(shelf.topic_ids)
    for student, rows in facts.interests(session, who).items():
        evidence = [
            interest.evidence_from(
                row.kind.value, at=row.mark[0].timestamp(), key=row.mark[2], attempt=row.attempt, value=row.value
            )
            for row in rows
        ]
        known = [each for each in evidence if each is not None]
        switch = who[student].interests_enabled
        found[student] = interest.vector(known, topics=topics, as_of=as_of.timestamp(), switch=switch) if switch else {}
    return found
