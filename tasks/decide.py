"""Fold, choose and publish for a few students of one school: the whole effect of what happened, in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlmodel import Session

from learning import mastery, selection
from learning.beliefs import SkillBelief
from learning.selection import Carry, Place
from models import kitchen
from models.facts import BEGINNING, Mark
from models.learners import StateRow
from models.people import Learner
from models.publish import ChangeRow
from tasks.folding import folded
from tasks.publishing import Served, publish_round
from tasks.table import Table, set_table


def decide(
    session: Session,
    school_id: int,
    *,
    states: Mapping[int, StateRow],
    touched: Mapping[int, Mark | None],
    changes: Sequence[ChangeRow] = (),
) -> Counter[str]:
    """Fold what is new, choose and publish for the students of `states`, whose rows the caller has locked.

    Args:
        session: the transaction of the whole effect.
        school_id: whose students they are.
        states: the locked rows.
        touched: the earliest mark of what was written of each student; None where nothing was (a refresh).
        changes: what has changed on their assignments already, to be announced with the rest.

    Returns:
        Counts: students, assigned, withdrawn, kept and what there was nothing for.
    """
    table = set_table(session, school_id, states)
    after = folded(session, states, touched=touched, terms=table.terms)
    served = [serve(table, after[student]) for student in sorted(states)]
    return publish_round(session, school_id, table, served, before=changes)


def serve(table: Table, state: StateRow) -> Served:
    """Believe and choose for one student whose state is up to date; nothing is written."""
    student = state.student_id
    learner = table.learners[student]
    rule = table.rules[learner.class_id]
    scope = None if rule.scope is None else rule.scope.due
    learned = mastery.LearnerState.from_bytes(state.state)
    as_of = table.as_of.timestamp()
    relevant = table.shelf.catalogue.relevant(scope) | set(learned.skills)
    believed = mastery.beliefs(
        learned, sorted(relevant), snapshot=table.terms.snapshot, parameters=table.terms.parameters, as_of=as_of
    )
    decision = selection.choose(
        _place(table, state, learner, believed, responses=learned.responses),
        catalogue=table.shelf.catalogue,
        policy=rule.policy,
        scope=rule.scope,
        orders=table.orders[student],
        as_of=as_of,
    )
    return Served(state, believed, decision)


def _place(
    table: Table, state: StateRow, learner: Learner, believed: Mapping[int, SkillBelief], *, responses: float
) -> Place:
    student = state.student_id
    return Place(
        student=student,
        beliefs=believed,
        responses=responses,
        interests=table.interests[student],
        interest_switch=learner.interests_enabled,
        reading_level=learner.reading_level if learner.reading_level is not None else learner.grade,
        language=learner.language,
        history=table.history[student],
        tallies=table.recent[student].tallies,
        current=kitchen.as_current(table.open[student]),
        evidence_until=None if state.last == BEGINNING else state.last[0].timestamp(),
        evidence=table.recent[student].cited,
        pace=table.paces.get(student),
        carry=_carry(state),
    )


def _carry(state: StateRow) -> Carry:
    """Return what the last decision left, with tuples where JSON keeps lists."""
    kept = dict(state.carry)
    beaten, rested = kept.pop("beaten", ()), kept.pop("rested", ())
    return Carry(**kept, beaten=tuple((slot, count) for slot, count in beaten), rested=tuple(rested))
