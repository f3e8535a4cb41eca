"""Write what a round of decisions changes: beliefs, interests, assignments and their record, and the feed last."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlmodel import Session

from learning import beliefs as belief
from learning.beliefs import SkillBelief
from learning.selection import Decision
from learning.selection.sentences import because_alternate
from models import learners, publish, tallies
from models.facts import BEGINNING
from models.learners import GapRow, InterestRow, StateRow
from models.publish import ChangeRow, DecisionRow, NeedRow, Placed
from tasks.table import Table

DECIMALS = 4
"""Published probabilities are rounded so, far finer than they are known; a smaller change is no news."""


@dataclass(frozen=True, slots=True)
class Served:
    """One student after the round."""

    state: StateRow
    beliefs: Mapping[int, SkillBelief]
    decision: Decision


def publish_round(
    session: Session, school_id: int, table: Table, served: Iterable[Served], *, before: Sequence[ChangeRow]
) -> Counter[str]:
    """Write what differs from what is published, and announce it."""
    round_ = list(served)
    changes = [*before, *_publish_beliefs(session, school_id, table, round_)]
    moved = [each for each in round_ if each.decision.changed]
    decisions = publish.keep_decisions(session, school_id, [decision_row(table, each) for each in moved])
    ended = [row for each in moved for row in endings(table, each)]
    changes += publish.end(session, ended)
    changes += publish.restate(session, [row for each in moved for row in restated(table, each)])
    placed = [row for each in moved for row in placings(table, each, decisions[each.state.student_id])]
    changes += publish.place(session, school_id, placed)
    needs = [
        NeedRow(each.state.student_id, n.skill, n.context, n.price) for each in round_ for n in each.decision.needs
    ]
    publish.replace_needs(session, school_id, [each.state.student_id for each in round_], needs)
    changed = {change.student_id for change in changes}
    learners.save(
        session, [saved(each, changed=each.state.student_id in changed) for each in round_], refreshed_at=table.read_at
    )
    publish.announce(session, school_id, changes)
    tallies.add(session, tallies.DECISION, _reasons(round_))
    return _counts(round_, placed=len(placed), ended=len(ended))


def _publish_beliefs(session: Session, school_id: int, table: Table, served: list[Served]) -> list[ChangeRow]:
    students = [each.state.student_id for each in served]
    gaps = [row for each in served for row in gap_rows(table, each)]
    with_gaps = learners.publish_gaps(session, school_id, students, gaps)
    interests = [row for each in served for row in interest_rows(table, each)]
    with_interests = learners.publish_interests(session, school_id, students, interests)
    versions = {each.state.student_id: each.state.version + 1 for each in served}
    return [
        *(ChangeRow(student, None, "gaps", "changed", versions[student]) for student in sorted(with_gaps)),
        *(ChangeRow(student, None, "interests", "changed", versions[student]) for student in sorted(with_interests)),
    ]


def gap_rows(table: Table, served: Served) -> Iterable[GapRow]:
    """Yield the standing on each skill that is in scope or was practised."""
    state = served.state
    rule = table.rules[table.learners[state.student_id].class_id]
    scope = set() if rule.scope is None else set(rule.scope.due)
    factor = table.terms.parameters.gap_variance_factor
    target = rule.policy.target
    for skill, each in sorted(served.beliefs.items()):
        if skill not in scope and not each.responses:
            continue
        level = belief.mastery(each)
        low, high = belief.interval(each, factor=factor)
        yield GapRow(
            student_id=state.student_id,
            skill_id=skill,
            mastery=round(level, DECIMALS),
            low=round(low, DECIMALS),
            high=round(high, DECIMALS),
            target=target,
            gap=round(max(0.0, target - level), DECIMALS),
            retention=round(each.retention, DECIMALS),
            level=belief.level(level).value,
            standing=belief.standing(each, target, sure=rule.policy.sure, factor=factor).value,
            responses=each.responses,
            evidence_until=None if state.last == BEGINNING else state.last[0],
            version=state.version + 1,
        )


def interest_rows(table: Table, served: Served) -> Iterable[InterestRow]:
    """Yield the interests of which anything at all is known."""
    state = served.state
    for topic, each in sorted(table.interests[state.student_id].items()):
        if each.updated_at is None and not each.vetoed:
            continue
        yield InterestRow(
            student_id=state.student_id,
            topic_id=table.shelf.topic_ids[topic],
            value=round(each.value, DECIMALS),
            confidence=round(each.confidence, DECIMALS),
            vetoed=each.vetoed,
            asked_at=_moment(each.asked_at),
            updated_at=_moment(each.updated_at),
            version=state.version + 1,
        )


def decision_row(table: Table, served: Served) -> DecisionRow:
    """Return the decision as it is kept."""
    decision = served.decision
    version = served.state.version + 1
    return DecisionRow(served.state.student_id, version, decision.record, decision.digest, table.as_of)


def endings(table: Table, served: Served) -> Iterable[tuple[int, str, str, int]]:
    """Yield (assignment id, state, why, version) of what leaves: an attempted one is done, the rest is withdrawn."""
    rows = {(row.slot, row.material_id): row for row in table.open[served.state.student_id]}
    for gone in served.decision.withdrawn:
        row = rows[gone.slot, gone.material]
        state = "done" if row.attempted_at is not None else "withdrawn"
        yield row.id, state, gone.detail or gone.trigger.value, served.state.version + 1


def restated(table: Table, served: Served) -> Iterable[tuple[int, str, int]]:
    """Yield (assignment id, state, version) of what stays in another state: a proposal that is now assigned."""
    rows = {(row.slot, row.material_id): row for row in table.open[served.state.student_id]}
    for kept in served.decision.kept:
        for material in kept.materials:
            row = rows[kept.slot, material]
            if row.state != kept.state:
                yield row.id, kept.state.value, served.state.version + 1


def placings(table: Table, served: Served, decision_id: int) -> Iterable[Placed]:
    """Yield what is newly assigned, place by place of each menu."""
    state = served.state
    for chosen in served.decision.chosen:
        for position, option in enumerate(chosen.menu):
            yield Placed(
                student_id=state.student_id,
                class_id=table.learners[state.student_id].class_id,
                slot=chosen.slot,
                menu_position=position,
                material_id=option.material,
                skill_id=chosen.skill,
                state=chosen.state.value,
                because_gap=chosen.because_gap,
                because_interest=chosen.because_interest
                if position == 0
                else because_alternate(option.context, table.shelf.catalogue.topics),
                predicted_success=round(option.predicted_success, DECIMALS),
                reason=" ".join((*chosen.reasons, *(f"rung:{rung.value}" for rung in chosen.rungs))),
                evidence_until=None if state.last == BEGINNING else state.last[0],
                version=state.version + 1,
                decision_id=decision_id,
            )


def saved(served: Served, *, changed: bool) -> StateRow:
    """Return the state as it is saved: the version rises where anything that is published has `changed`."""
    decision = served.decision
    return replace(
        served.state,
        version=served.state.version + (1 if changed else 0),
        carry=asdict(decision.carry),
        nothing=None if decision.nothing is None else decision.nothing.value,
        nothing_sentence=decision.nothing_sentence,
    )


def _counts(served: list[Served], *, placed: int, ended: int) -> Counter[str]:
    counts: Counter[str] = Counter({"students": len(served), "assigned": placed, "withdrawn": ended})
    counts["kept"] = sum(len(each.decision.kept) for each in served)
    counts["nothing"] = sum(each.decision.nothing is not None for each in served)
    return +counts


def _reasons(served: list[Served]) -> Counter[str]:
    """Count what chose the themes of what is newly assigned, and why there was nothing."""
    counts: Counter[str] = Counter()
    for each in served:
        for chosen in each.decision.chosen:
            counts[next((code for code in chosen.reasons if code.startswith(("teacher.", "context."))), "skill")] += 1
        if each.decision.nothing is not None:
            counts[f"nothing.{each.decision.nothing.value}"] += 1
    return counts


def _moment(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
