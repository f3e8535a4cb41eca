"""Write what decisions change: skill gaps, interests, assignments, decision records and, last, the feed."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from learning.mastery import beliefs as belief
from learning.mastery.beliefs import SkillBelief
from learning.selection import Policy, StudentLists
from learning.selection.explanations import because_alternate
from models.assignments import store
from models.assignments.store import CatalogueNeedRow, ChangeRow, DecisionRow, NewAssignment
from models.events import counters
from models.events.facts import BEGINNING
from models.students import states
from models.students.states import GapRow, InterestRow, StateRow
from tasks.pipeline.lists import carry_of
from tasks.pipeline.load_inputs import DecisionInputs
from tasks.pipeline.reword import explanations_of, reworded

DECIMALS = 4
"""Published probabilities are rounded, still far finer than their uncertainty; a smaller change is not published."""


@dataclass(frozen=True, slots=True)
class StudentDecision:
    """The decision for one student, all lists."""

    state: StateRow
    beliefs: Mapping[int, SkillBelief]
    decision: StudentLists
    order_lists: Mapping[int, int | None]
    """By teacher override: the class on whose list it acts."""


def publish_round(
    session: Session,
    school_id: int,
    inputs: DecisionInputs,
    decisions: Iterable[StudentDecision],
    *,
    earlier: Sequence[ChangeRow],
) -> Counter[str]:
    """Write what differs from what is published, and append the changes to the feed; return counts."""
    decisions = list(decisions)
    changes = [*earlier, *_publish_beliefs(session, school_id, inputs, decisions)]
    changed_decisions = [each for each in decisions if each.decision.has_changes]
    ids = store.insert_decisions(session, school_id, [decision_row(inputs, each) for each in changed_decisions])
    closed = [row for each in changed_decisions for row in closed_assignments(inputs, each)]
    changes += store.close_assignments(session, closed)
    moved = [row for each in changed_decisions for row in moved_assignments(inputs, each)]
    changes += store.move_assignments(session, moved)
    changes += store.update_states(session, [row for each in changed_decisions for row in new_states(inputs, each)])
    new = [row for each in changed_decisions for row in new_assignments(inputs, each, ids[each.state.student_id])]
    changes += store.insert_assignments(session, school_id, new)
    changes += _reword(session, inputs, decisions, changes)
    needs = [need for each in decisions for need in needs_of(each)]
    store.replace_needs(session, school_id, [each.state.student_id for each in decisions], needs)
    changed = {change.student_id for change in changes}
    rows = [state_row(each, changed=each.state.student_id in changed) for each in decisions]
    states.save(session, rows, refreshed_at=inputs.read_at)
    store.append_changes(session, school_id, changes)
    counters.add(session, counters.DECISION, _reasons(decisions))
    return _counts(decisions, assigned=len(new), closed=len(closed))


def _reword(
    session: Session, inputs: DecisionInputs, decisions: list[StudentDecision], changes: Sequence[ChangeRow]
) -> list[ChangeRow]:
    """Reword what is no longer true of work that stays, for students who are published anyway.

    Returns the changes for the feed, without those of assignments that have one already.
    """
    changed = {change.student_id for change in changes}
    in_feed = {change.assignment_id for change in changes}
    rows = [
        row
        for each in decisions
        if (student := each.state.student_id) in changed
        for row in reworded(each.decision, inputs.open[student], version=each.state.next_version)
    ]
    return [change for change in store.reword(session, rows) if change.assignment_id not in in_feed]


def _publish_beliefs(
    session: Session, school_id: int, inputs: DecisionInputs, decisions: list[StudentDecision]
) -> list[ChangeRow]:
    students = [each.state.student_id for each in decisions]
    gaps = [row for each in decisions for row in gap_rows(inputs, each)]
    with_gaps = states.publish_gaps(session, school_id, students, gaps)
    interests = [row for each in decisions for row in interest_rows(inputs, each)]
    with_interests = states.publish_interests(session, school_id, students, interests)
    versions = {each.state.student_id: each.state.next_version for each in decisions}
    return [
        *(ChangeRow(student, None, "gaps", "changed", versions[student]) for student in sorted(with_gaps)),
        *(ChangeRow(student, None, "interests", "changed", versions[student]) for student in sorted(with_interests)),
    ]


def gap_rows(inputs: DecisionInputs, decided: StudentDecision) -> Iterable[GapRow]:
    """Yield a row for each skill that is in scope or was practised."""
    state = decided.state
    policies = strictest_policies(inputs, decided)
    anywhere = policies.pop(None)
    factor = inputs.versions.variance_factor
    for skill, each in sorted(decided.beliefs.items()):
        if skill not in policies and not each.responses:
            continue
        policy = policies.get(skill, anywhere)
        target = policy.mastery_target
        mastery = belief.mastery(each)
        low, high = belief.interval(each, factor=factor)
        yield GapRow(
            student_id=state.student_id,
            skill_id=skill,
            mastery=round(mastery, DECIMALS),
            low=round(low, DECIMALS),
            high=round(high, DECIMALS),
            target=target,
            gap=round(max(0.0, target - mastery), DECIMALS),
            retention=round(each.retention, DECIMALS),
            level=belief.mastery_level(mastery).value,
            standing=belief.gap_status(
                each, target, likely=policy.likely_gap, sure=policy.gap_confidence, factor=factor
            ).value,
            responses=each.responses,
            evidence_until=None if state.last == BEGINNING else state.last[0],
            version=state.next_version,
        )


def strictest_policies(inputs: DecisionInputs, decided: StudentDecision) -> dict[int | None, Policy]:
    """Return by skill the policy with the highest target of the classes that have it in scope; None: of all lists."""
    found: dict[int | None, Policy] = {}
    for each in decided.decision.lists:
        own = inputs.policies[each.class_id]
        for skill in (None, *(() if own.scope is None else own.scope.due)):
            if skill not in found or own.policy.mastery_target > found[skill].mastery_target:
                found[skill] = own.policy
    found.setdefault(None, inputs.policies[None].policy)
    return found


def needs_of(decided: StudentDecision) -> list[CatalogueNeedRow]:
    """Return what the catalogue lacks for a student; what two lists lack is one row, at the higher price."""
    student = decided.state.student_id
    prices: dict[tuple[int, str], float] = {}
    for need in decided.decision.catalogue_needs:
        key = need.skill, need.context
        prices[key] = max(need.price, prices.get(key, need.price))
    return [CatalogueNeedRow(student, skill, context, price) for (skill, context), price in prices.items()]


def interest_rows(inputs: DecisionInputs, decided: StudentDecision) -> Iterable[InterestRow]:
    """Yield the interests with any evidence."""
    state = decided.state
    for topic, each in sorted(inputs.interests[state.student_id].items()):
        if each.updated_at is None and not each.vetoed:
            continue
        yield InterestRow(
            student_id=state.student_id,
            topic_id=inputs.materials.topic_ids[topic],
            value=round(each.value, DECIMALS),
            confidence=round(each.confidence, DECIMALS),
            vetoed=each.vetoed,
            asked_at=_timestamp(each.asked_at),
            updated_at=_timestamp(each.updated_at),
            version=state.next_version,
        )


def decision_row(inputs: DecisionInputs, decided: StudentDecision) -> DecisionRow:
    """Return the decision's record as it is stored."""
    decision, state = decided.decision, decided.state
    return DecisionRow(state.student_id, state.next_version, decision.record, decision.digest, inputs.as_of)


def closed_assignments(inputs: DecisionInputs, decided: StudentDecision) -> Iterable[tuple[int, str, str, int]]:
    """Yield (assignment id, state, reason, version): an attempted assignment is done, the rest is withdrawn."""
    rows = {(row.slot, row.material_id): row for row in inputs.open[decided.state.student_id]}
    for withdrawn in decided.decision.withdrawals:
        row = rows[withdrawn.slot, withdrawn.material]
        state = "done" if row.attempted_at is not None else "withdrawn"
        yield row.id, state, withdrawn.detail or withdrawn.trigger.value, decided.state.next_version


def moved_assignments(inputs: DecisionInputs, decided: StudentDecision) -> Iterable[tuple[int, int | None, int]]:
    """Yield (assignment id, class id, version) of open assignments that the student takes along to another class."""
    targets = {slot: target for slot, _, target in decided.decision.placement.moved}
    gone = {(each.slot, each.material) for each in decided.decision.withdrawals}
    for row in inputs.open[decided.state.student_id]:
        if row.slot in targets and (row.slot, row.material_id) not in gone:
            yield row.id, targets[row.slot], decided.state.next_version


def new_states(inputs: DecisionInputs, decided: StudentDecision) -> Iterable[tuple[int, str, int]]:
    """Yield (assignment id, state, version) of open assignments whose state changes: a proposal is now assigned."""
    rows = {(row.slot, row.material_id): row for row in inputs.open[decided.state.student_id]}
    for slot in decided.decision.unchanged_slots:
        for material in slot.materials:
            row = rows[slot.slot, material]
            if row.state != slot.state:
                yield row.id, slot.state.value, decided.state.next_version


def new_assignments(inputs: DecisionInputs, decided: StudentDecision, decision_id: int) -> Iterable[NewAssignment]:
    """Yield the new assignments: one for each option of each menu."""
    state = decided.state
    used = explanations_of(decided.decision, inputs.open[state.student_id])
    filled = [(each.class_id, slot) for each in decided.decision.lists for slot in each.filled_slots]
    for class_id, slot in filled:
        for position, option in enumerate(slot.menu):
            yield NewAssignment(
                student_id=state.student_id,
                class_id=class_id,
                slot=slot.slot,
                menu_position=position,
                material_id=option.material,
                skill_id=slot.skill,
                state=slot.state.value,
                because_gap=used[slot.slot].because_gap,
                because_interest=used[slot.slot].because_interest
                if position == 0
                else because_alternate(option.context, inputs.materials.catalogue.topics),
                predicted_success=round(option.predicted_success, DECIMALS),
                reason=" ".join((*slot.reasons, *(f"rung:{rung.value}" for rung in slot.fallbacks))),
                evidence_until=None if state.last == BEGINNING else state.last[0],
                version=state.next_version,
                decision_id=decision_id,
            )


def state_row(decided: StudentDecision, *, changed: bool) -> StateRow:
    """Return the state to save: its version increases if anything published has `changed`."""
    nothing = decided.decision.nothing
    return replace(
        decided.state,
        version=decided.state.version + (1 if changed else 0),
        carry=carry_of(decided.decision),
        nothing=None if nothing is None else nothing[0].value,
        nothing_sentence="" if nothing is None else nothing[1],
    )


def _counts(decisions: list[StudentDecision], *, assigned: int, closed: int) -> Counter[str]:
    counts: Counter[str] = Counter({"students": len(decisions), "assigned": assigned, "withdrawn": closed})
    counts["kept"] = sum(len(each.decision.unchanged_slots) for each in decisions)
    counts["nothing"] = sum(each.decision.nothing is not None for each in decisions)
    return +counts


def _reasons(decisions: list[StudentDecision]) -> Counter[str]:
    """Count the reasons for the contexts of new assignments, and for assigning nothing."""
    counts: Counter[str] = Counter()
    for each in decisions:
        for slot in each.decision.filled_slots:
            counts[next((code for code in slot.reasons if code.startswith(("teacher.", "context."))), "skill")] += 1
        if each.decision.nothing is not None:
            counts[f"nothing.{each.decision.nothing[0].value}"] += 1
    return counts


def _timestamp(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
