"""A policy in the shadow: the same inputs decided a second time with other settings, counted, and never published."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlmodel import Session

from learning import selection
from learning.selection import Decision, Fallback, Trigger
from models.access import school_time
from models.assignments import shadow_counts
from models.students.states import StateRow
from tasks.pipeline.load_inputs import DecisionInputs
from tasks.pipeline.publish import StudentDecision
from tasks.pipeline.student_inputs import student_inputs

log = structlog.get_logger(__name__)


def decide_again(
    session: Session, school_id: int, inputs: DecisionInputs, decisions: Sequence[StudentDecision]
) -> None:
    """Decide again for students of classes with a shadow, and count the differences; nothing else is written.

    An error here is logged and changes nothing of the decisions that count.
    """
    classes = {class_id for class_id, row in inputs.policies.items() if row.shadow is not None}
    if not classes:
        return
    day = inputs.read_at.astimezone(school_time.zone_of(session, school_id)).date()
    counts: dict[int | None, Counter[str]] = {}
    try:
        for each in decisions:
            for class_id, found in _differences(inputs, each).items():
                counts.setdefault(class_id, Counter()).update(found)
    except Exception as error:  # noqa: BLE001 - a policy that is only tried must not stop the one in force
        log.error("shadow_failed", error=type(error).__name__)  # noqa: TRY400 - its traceback holds what is decided
        return
    shadow_counts.add(session, school_id, day, counts)


def _differences(inputs: DecisionInputs, live: StudentDecision) -> dict[int | None, Counter[str]]:
    """Return the counts of each of a student's lists whose class has a shadow."""
    lists = [each for each in live.decision.lists if inputs.policies[each.class_id].shadow is not None]
    if not lists:
        return {}
    began = time.perf_counter()
    shadow = _decide(inputs, live.state)
    share = (time.perf_counter() - began) / len(lists)
    return {each.class_id: compared(each, shadow[each.class_id]) + Counter({"microseconds": round(1e6 * share)})
            for each in lists}  # fmt: skip


def _decide(inputs: DecisionInputs, row: StateRow) -> dict[int | None, Decision]:
    student = student_inputs(inputs, row)
    school = inputs.policies[None].shadow or inputs.policies[None].policy
    lists = [replace(each, policy=inputs.policies[each.class_id].shadow or each.policy) for each in student.lists]
    decision = selection.choose_lists(
        student.context,
        lists,
        catalogue=inputs.materials.catalogue,
        max_open=school.max_open,
        tie_break_key=school.tie_break_key,
        as_of=inputs.as_of.timestamp(),
        placement=student.placed.placement,
        record_unchanged=False,
    )
    return {each.class_id: each for each in decision.lists}


def compared(live: Decision, shadow: Decision) -> Counter[str]:
    """Return the counts of one decision for a list, and of the same in the shadow."""
    counts = Counter({"decisions": 1})
    first, other = _first(live), _first(shadow)
    if first[0] != other[0]:
        counts["differs"] += 1
        counts[f"code:{first[1]}>{other[1]}"] += 1
    for side, decision in (("live", live), ("shadow", shadow)):
        counts[f"slots_{side}"] += len(decision.filled_slots)
        counts[f"price_{side}"] += sum(round(10_000 * slot.price) for slot in decision.filled_slots)
        counts[f"ladder_{side}"] += sum(
            any(rung is not Fallback.TEACHER for rung in slot.fallbacks) for slot in decision.filled_slots
        )
        counts[f"churn_{side}"] += len(
            {each.slot for each in decision.withdrawals if each.trigger is not Trigger.ATTEMPTED}
        )
    return counts


def _first(decision: Decision) -> tuple[int | None, str]:
    """Return the material of a list's first slot after a decision, and why it is there."""
    slots = {slot.slot: (slot.materials[0], slot.reason) for slot in decision.unchanged_slots}
    slots |= {slot.slot: (slot.menu[0].material, slot.reasons[0]) for slot in decision.filled_slots}
    reason = decision.no_assignment_reason
    return slots[min(slots)] if slots else (None, reason.value if reason else "none")
