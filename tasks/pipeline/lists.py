"""The lists of one student: a list for each class with a scope, with its open work, orders and memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from learning import selection
from learning.selection import CurrentAssignment, DecisionMemory, ListFrame, Placement, TeacherOverride
from models.assignments.decision_inputs import as_current
from models.students.states import StateRow
from tasks.pipeline.load_inputs import DecisionInputs

CLASS_LEFT = "class_left"
CLASS_ENDED = "class_ended"
SCHOOL_LEFT = "school_left"
"""Why open work of a class is withdrawn: the roster took the student out of the class, the enrolment or term ended by
its date, or the student is no longer at the school."""
LISTS = "lists"
"""The key of what decisions leave to the next, list by list; before there were several lists it was not there."""


@dataclass(frozen=True, slots=True)
class ListsOfStudent:
    """The lists of one student before they are decided."""

    frames: tuple[ListFrame, ...]
    """In their order."""
    open: Mapping[int | None, list[CurrentAssignment]]
    orders: Mapping[int | None, list[TeacherOverride]]
    placement: Placement

    @property
    def order_lists(self) -> dict[int, int | None]:
        """Return the class of the list on which each override acts; of one that acts on several, the first's."""
        pairs = [(order.id, class_id) for class_id, orders in self.orders.items() for order in orders]
        return dict(reversed(pairs))


def lists_of(inputs: DecisionInputs, row: StateRow) -> ListsOfStudent:
    """Return the lists of a student with what belongs to each."""
    student = row.student_id
    key = inputs.policies[None].policy.tie_break_key
    frames = selection.in_order(list(_frames(inputs, student)), student, key=key)
    slots = as_current(inputs.open[student])
    open_work, placement = selection.place_open_work(
        slots,
        frames,
        reasons=_reasons_to_leave(inputs, student),
        scopes={class_id: each.scope for class_id, each in inputs.policies.items() if class_id is not None},
    )
    orders = selection.place_orders(inputs.overrides[student], frames, open_work, catalogue=inputs.materials.catalogue)
    return ListsOfStudent(tuple(frames), open_work, orders, placement)


def _frames(inputs: DecisionInputs, student: int) -> Iterator[ListFrame]:
    """Yield a list for each class with a scope.

    Without any there is one list: of the only class, which proposes or gives nothing, else for proposals of no class.
    """
    if not inputs.students[student].at_school:
        return
    membership = inputs.memberships[student]
    with_open_work = {row.class_id for row in inputs.open[student]}
    closing = [class_id for class_id in membership.closing if class_id in with_open_work]
    with_scope = [class_id for class_id in membership.now if inputs.policies[class_id].has_list]
    for class_id in with_scope:
        yield _frame(inputs, class_id)
    if not with_scope and not closing:
        # Where other classes of the school have a scope, each of these gives nothing, and one says so.
        without = [class_id for class_id in membership.now if inputs.policies[class_id].scope is not None]
        yield _frame(inputs, without[0] if without else membership.now[0] if len(membership.now) == 1 else None)
    for class_id in closing:
        yield _frame(inputs, class_id, is_closing=True)


def _frame(inputs: DecisionInputs, class_id: int | None, *, is_closing: bool = False) -> ListFrame:
    each = inputs.policies[class_id]
    return ListFrame(class_id, each.scope, each.policy.slots, is_closing)


def _reasons_to_leave(inputs: DecisionInputs, student: int) -> dict[int, str]:
    """Return why the student is no longer in each class of which something is open."""
    membership = inputs.memberships[student]
    gone = {row.class_id for row in inputs.open[student]} - {None, *membership.now}
    if not inputs.students[student].at_school:
        return {class_id: SCHOOL_LEFT for class_id in gone if class_id is not None}
    return {
        class_id: CLASS_ENDED if class_id in membership.ended else CLASS_LEFT
        for class_id in gone
        if class_id is not None
    }


def list_memory(carry: Mapping[str, Any], class_id: int | None) -> DecisionMemory:
    """Return what the last decision left to a list; from before there were several lists, each gets it."""
    own = carry.get(LISTS, {}).get(_key(class_id), {}) if LISTS in carry else carry
    return DecisionMemory.from_document(own)


def rest(carry: Mapping[str, Any], class_id: int | None, material: int) -> dict[str, Any]:
    """Return the memory of a student's lists after which a material does not come back to a class's list at once."""
    memory = list_memory(carry, class_id)
    own = replace(memory, replaced_materials=(*memory.replaced_materials, material)).document()
    return {**carry, LISTS: {**carry[LISTS], _key(class_id): own}} if LISTS in carry else own


def carry_of(decision: selection.StudentLists) -> dict[str, Any]:
    """Return what a decision leaves to the next, and why each list without an assignment has none."""
    documents = {}
    for each in decision.lists:
        documents[_key(each.class_id)] = each.memory.document()
        if each.no_assignment_reason is not None:
            documents[_key(each.class_id)]["nothing"] = each.no_assignment_reason.value
    return {LISTS: documents}


def _key(class_id: int | None) -> str:
    return "" if class_id is None else str(class_id)
