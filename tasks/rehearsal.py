"""What a teacher's order would change, for whom, and why: the decision itself, with it and without it, not written."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from sqlmodel import Session

from learning.selection import AssignmentState, Decision, Trigger, Withdrawn
from learning.selection.sentences import UNMET
from models import learners, titles
from models.kitchen import OpenRow
from tasks.decide import serve
from tasks.folding import folded
from tasks.table import Table, set_table

WITHDRAWN = {
    Trigger.ATTEMPTED: "it was attempted",
    Trigger.TEACHER: "it makes room for what a teacher ordered",
    Trigger.BETTER: "something else fits better by far",
    Trigger.HOLD_LIMIT: "it lay untouched for too long",
}
"""Why an assignment goes, by its trigger; broken rules have sentences of their own."""
BROKEN = {
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
KEPT = {
    "teacher.pin": "A teacher has pinned it.",
    "teacher.must_do": "A teacher wants it done.",
    "teacher.hold": "A teacher holds it.",
}


@dataclass(frozen=True, slots=True)
class Unmet:
    """An order that cannot be followed for a student."""

    student: str
    name: str
    order: int
    code: str
    because: str


@dataclass(frozen=True, slots=True)
class Would:
    """One student: what lies open now, what would, and why; the defaults of the menus, by slot."""

    student: str
    name: str
    now: tuple[str, ...]
    would_be: tuple[str, ...]
    why: tuple[str, ...]
    unmet: tuple[Unmet, ...]
    anyway: bool
    """The next refresh would bring the same without it."""

    @property
    def changes(self) -> bool:
        """Whether the student would see anything else."""
        return self.now != self.would_be


@dataclass(frozen=True, slots=True)
class _Round:
    table: Table
    decisions: dict[int, Decision]


def rehearse(session: Session, school_id: int, students: Collection[int], change: Callable[[], object]) -> list[Would]:
    """Make a change within the caller's transaction and return what the decision makes of it, by the students' names.

    Nothing but the change is written, and nothing is locked: the caller rolls back, or decides for good.
    """
    before = _decided(session, school_id, students)
    change()
    after = _decided(session, school_id, students)
    called = titles.of_students(session, students)
    materials = titles.of_materials(session, _materials(before) | _materials(after))
    lines = []
    for student, (ref, name) in called.items():
        now = tuple(_label(materials, row.material_id, row.state) for row in _defaults(before.table.open[student]))
        without, would = (_lying(each, student, materials) for each in (before, after))
        decision = after.decisions[student]
        lines.append(
            Would(
                student=ref,
                name=name,
                now=now,
                would_be=would,
                why=tuple(dict.fromkeys(_why(decision, materials))) if now != would else (),
                unmet=_unmet(decision, ref, name),
                anyway=now != would == without,
            )
        )
    return sorted(lines, key=lambda line: (line.name, line.student))


def unmet(session: Session, school_id: int, students: Collection[int]) -> list[Unmet]:
    """Return the orders that cannot be followed for these students now; nothing is written or locked."""
    if not students:
        return []
    found = _decided(session, school_id, students)
    called = titles.of_students(session, students)
    return [each for student, names in called.items() for each in _unmet(found.decisions[student], *names)]


def _decided(session: Session, school_id: int, students: Collection[int]) -> _Round:
    states = learners.look(session, students)
    table = set_table(session, school_id, states)
    # As in a refresh, where nothing was written.
    after = folded(session, states, touched=dict.fromkeys(states), terms=table.terms)
    return _Round(table, {student: serve(table, state).decision for student, state in after.items()})


def _lying(found: _Round, student: int, called: dict[int, tuple[str, str]]) -> tuple[str, ...]:
    decision = found.decisions[student]
    slots = {kept.slot: (kept.materials[0], kept.state.value) for kept in decision.kept}
    slots |= {chosen.slot: (chosen.menu[0].material, chosen.state.value) for chosen in decision.chosen}
    return tuple(_label(called, *slots[slot]) for slot in sorted(slots))


def _defaults(rows: list[OpenRow]) -> Iterator[OpenRow]:
    """Yield the first row of each slot; what was started comes first, as in `kitchen.as_current`."""
    seen = set()
    for row in sorted(rows, key=lambda row: (row.slot, row.state != AssignmentState.STARTED, row.menu_position)):
        if row.slot not in seen:
            seen.add(row.slot)
            yield row


def _label(called: dict[int, tuple[str, str]], material: int, state: str) -> str:
    ref, title = called[material]
    return f"{title} [{ref}]{' (proposed)' if state == AssignmentState.PROPOSED else ''}"


def _why(decision: Decision, called: dict[int, tuple[str, str]]) -> Iterator[str]:
    for chosen in decision.chosen:
        title = called[chosen.menu[0].material][1]
        yield f"{title}: {chosen.because_gap} {chosen.because_interest}".strip()
    for kept in decision.kept:
        if kept.reason in KEPT:
            yield f"{called[kept.materials[0]][1]}: {KEPT[kept.reason]}"
    gone: set[int] = set()
    for each in decision.withdrawn:
        if each.slot not in gone:
            gone.add(each.slot)
            yield f"{called[each.material][1]} goes: {_gone(each)}."
    if decision.nothing_sentence:
        yield decision.nothing_sentence


def _gone(each: Withdrawn) -> str:
    if each.detail == "forbid":
        return BROKEN["H5.forbidden"]
    if each.detail == "own_slot":
        return "a teacher's order gives it a place of its own"
    return BROKEN.get(each.detail) or WITHDRAWN.get(each.trigger, each.detail)


def _unmet(decision: Decision, ref: str, name: str) -> tuple[Unmet, ...]:
    return tuple(Unmet(ref, name, each.order, each.why, UNMET[each.why]) for each in decision.unmet)


def _materials(found: _Round) -> set[int]:
    named = {row.material_id for rows in found.table.open.values() for row in rows}
    for decision in found.decisions.values():
        named |= {option.material for chosen in decision.chosen for option in chosen.menu}
        named |= {material for kept in decision.kept for material in kept.materials}
        named |= {gone.material for gone in decision.withdrawn}
    return named
