"""Preview a teacher's change: decide with it and without it, and write nothing."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import Session

from learning.selection import AssignmentState, StudentLists, Trigger, Withdrawal
from learning.selection.explanations import UNMET_OVERRIDE_SENTENCES
from models.assignments.decision_inputs import OpenRow
from models.assignments.overrides import TeacherOverrideRow
from models.students import people
from models.students import states as learner_states
from tasks.pipeline.decide import decide_for
from tasks.pipeline.load_inputs import DecisionInputs, load_inputs
from tasks.pipeline.update_states import recomputed_states

WITHDRAWN = {
    Trigger.ATTEMPTED: "it was attempted",
    Trigger.TEACHER: "it makes room for what a teacher ordered",
    Trigger.BETTER: "something else fits better by far",
    Trigger.HOLD_LIMIT: "it lay untouched for too long",
    Trigger.MAX_OPEN: "more was open than the school allows for all classes together",
    Trigger.ENROLMENT: "the student is no longer in its class, or the class has no scope",
    Trigger.INTEREST_KNOWN: "a theme that is liked fits as well",
}
"""Why an assignment is withdrawn, by trigger; hard rules have sentences of their own."""
BROKEN_RULES = {
    "H1.scope": "the class is not at its skill",
    "H1.active": "it is not in use now",
    "H1.language": "it is in another language",
    "H1.licence": "its licence is not allowed",
    "H2.prerequisite": "what it builds on is not secure",
    "H3.level": "it has become too easy or too hard",
    "H4.need": "its skill is secure",
    "H5.forbidden": "a teacher has ruled it out",
    "H5.veto": "the student does not want its theme",
    "H5.reading": "it reads too hard",
}
UNCHANGED = {
    "teacher.pin": "A teacher has pinned it.",
    "teacher.must_do": "A teacher wants it done.",
    "teacher.hold": "A teacher holds it.",
}


@dataclass(frozen=True, slots=True)
class Unmet:
    """A teacher override that cannot be met for a student."""

    student: str
    name: str
    order: int
    code: str
    because: str


@dataclass(frozen=True, slots=True)
class StudentPreview:
    """One student: the open assignments now and with the change, by slot, and why they differ."""

    student: str
    name: str
    now: tuple[str, ...]
    would_be: tuple[str, ...]
    why: tuple[str, ...]
    unmet: tuple[Unmet, ...]
    anyway: bool
    """The next refresh would change the same without it."""
    acts_on: str | None
    """The class on whose list a new override acts; None where there is none, or the student has no class."""

    @property
    def changes(self) -> bool:
        """True if the student would see anything else."""
        return self.now != self.would_be


@dataclass(frozen=True, slots=True)
class _DecisionRound:
    inputs: DecisionInputs
    decisions: dict[int, StudentLists]
    order_lists: dict[int, Mapping[int, int | None]]
    """By student and override: the class on whose list it acts."""


def preview_change(
    session: Session, school_id: int, students: Collection[int], change: Callable[[], object]
) -> list[StudentPreview]:
    """Make a change within the caller's transaction and return its effect on each student, ordered by name.

    Nothing but the change is written, and nothing is locked: the caller rolls back, or decides afterwards.
    """
    before = _decide_all(session, school_id, students)
    change()
    after = _decide_all(session, school_id, students)
    names = people.student_names(session, students)
    materials = people.material_titles(session, _materials(before) | _materials(after))
    class_refs = people.class_refs(session, after.inputs.policies)
    previews = []
    for student, (ref, name) in names.items():
        now = tuple(_label(materials, row.material_id, row.state) for row in _defaults(before.inputs.open[student]))
        without, would = (_open_labels(each, student, materials) for each in (before, after))
        decision = after.decisions[student]
        previews.append(
            StudentPreview(
                student=ref,
                name=name,
                now=now,
                would_be=would,
                why=tuple(dict.fromkeys(_explain(decision, materials))) if now != would else (),
                unmet=_unmet(decision, ref, name),
                anyway=now != would == without,
                acts_on=class_refs.get(_new_list(before, after, student) or 0),
            )
        )
    return sorted(previews, key=lambda preview: (preview.name, preview.student))


def find_unmet(session: Session, school_id: int, students: Collection[int]) -> list[Unmet]:
    """Return the overrides that cannot be met for these students now; nothing is written or locked."""
    if not students:
        return []
    decided = _decide_all(session, school_id, students)
    names = people.student_names(session, students)
    return [each for student, name in names.items() for each in _unmet(decided.decisions[student], *name)]


def preview_to_json(previews: Sequence[StudentPreview]) -> list[dict[str, Any]]:
    """Return previews as JSON, one object for each student."""
    return [{**asdict(preview), "changes": preview.changes} for preview in previews]


def override_to_json(override: TeacherOverrideRow, unmet: Sequence[Unmet]) -> dict[str, Any]:
    """Return an override as JSON, with the students for whom it cannot be met."""
    content = to_json(asdict(override))
    content["class"] = content.pop("class_ref")
    own = [each for each in unmet if each.order == override.number]
    return {**content, "unmet": [{"student": e.student, "code": e.code, "because": e.because} for e in own]}


def to_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its times as ISO 8601."""
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row.items()}


def _decide_all(session: Session, school_id: int, students: Collection[int]) -> _DecisionRound:
    states = learner_states.load(session, students)
    inputs = load_inputs(session, school_id, states)
    # As in a refresh, where nothing was written.
    updated = recomputed_states(session, states, versions=inputs.versions)
    decided = {student: decide_for(inputs, state) for student, state in updated.items()}
    return _DecisionRound(
        inputs,
        {student: each.decision for student, each in decided.items()},
        {student: each.order_lists for student, each in decided.items()},
    )


def _new_list(before: _DecisionRound, after: _DecisionRound, student: int) -> int | None:
    """Return the class on whose list an override acts that was not there before; None without one."""
    new = after.order_lists[student].keys() - before.order_lists[student].keys()
    return next((after.order_lists[student][number] for number in sorted(new)), None)


def _open_labels(decided: _DecisionRound, student: int, titles: dict[int, tuple[str, str]]) -> tuple[str, ...]:
    decision = decided.decisions[student]
    defaults = {slot.slot: (slot.materials[0], slot.state.value) for slot in decision.unchanged_slots}
    defaults |= {slot.slot: (slot.menu[0].material, slot.state.value) for slot in decision.filled_slots}
    return tuple(_label(titles, *defaults[number]) for number in sorted(defaults))


def _defaults(rows: list[OpenRow]) -> Iterator[OpenRow]:
    """Yield the first row of each slot; started work comes first, as in `decision_inputs.as_current`."""
    seen = set()
    for row in sorted(rows, key=lambda row: (row.slot, row.state != AssignmentState.STARTED, row.menu_position)):
        if row.slot not in seen:
            seen.add(row.slot)
            yield row


def _label(titles: dict[int, tuple[str, str]], material: int, state: str) -> str:
    ref, title = titles[material]
    return f"{title} [{ref}]{' (proposed)' if state == AssignmentState.PROPOSED else ''}"


def _explain(decision: StudentLists, titles: dict[int, tuple[str, str]]) -> Iterator[str]:
    for slot in decision.filled_slots:
        title = titles[slot.menu[0].material][1]
        yield f"{title}: {slot.because_gap} {slot.because_interest}".strip()
    for unchanged in decision.unchanged_slots:
        if unchanged.reason in UNCHANGED:
            yield f"{titles[unchanged.materials[0]][1]}: {UNCHANGED[unchanged.reason]}"
    explained: set[int] = set()
    for withdrawn in decision.withdrawals:
        if withdrawn.slot not in explained:
            explained.add(withdrawn.slot)
            yield f"{titles[withdrawn.material][1]} is withdrawn: {_withdrawal_reason(withdrawn)}."
    if decision.nothing is not None:
        yield decision.nothing[1]


def _withdrawal_reason(withdrawn: Withdrawal) -> str:
    if withdrawn.detail == "forbid":
        return BROKEN_RULES["H5.forbidden"]
    if withdrawn.detail == "own_slot":
        return "a teacher's order gives it a place of its own"
    return BROKEN_RULES.get(withdrawn.detail) or WITHDRAWN.get(withdrawn.trigger, withdrawn.detail)


def _unmet(decision: StudentLists, ref: str, name: str) -> tuple[Unmet, ...]:
    return tuple(
        Unmet(ref, name, each.override_id, each.reason, UNMET_OVERRIDE_SENTENCES[each.reason])
        for each in decision.unmet_overrides
    )


def _materials(decided: _DecisionRound) -> set[int]:
    materials = {row.material_id for rows in decided.inputs.open.values() for row in rows}
    for decision in decided.decisions.values():
        materials |= {option.material for slot in decision.filled_slots for option in slot.menu}
        materials |= {material for slot in decision.unchanged_slots for material in slot.materials}
        materials |= {withdrawn.material for withdrawn in decision.withdrawals}
    return materials
