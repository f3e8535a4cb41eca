"""What is said of each assignment of a list: of new ones, and of those that stay where it is true no more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from learning.selection import FilledSlot, StudentLists, UnchangedSlot
from learning.selection.rewording import another_task, another_theme, says_the_same
from models.assignments.decision_inputs import OpenRow
from models.assignments.store import Reworded

TEACHER = "teacher."


@dataclass(frozen=True, slots=True)
class Texts:
    """The two explanations of one slot."""

    because_gap: str
    because_interest: str


def explanations_of(decision: StudentLists, rows: Sequence[OpenRow]) -> Mapping[int, Texts]:
    """Return what is said of each slot of a student's lists after a decision; never the same twice in one.

    What stays keeps its sentences unless the answers, the standing or the interest that they tell of have changed.
    """
    by_material = _by_material(rows)
    every: dict[int, Texts] = {}
    for each in decision.lists:
        found: dict[int, Texts] = {}
        for unchanged in each.unchanged_slots:
            menu = [by_material[unchanged.slot, material] for material in unchanged.materials]
            _say(found, unchanged.slot, _unchanged(unchanged, menu))
        for filled in each.filled_slots:
            _say(found, filled.slot, _new(filled))
        every |= found
    return every


def reworded(decision: StudentLists, rows: Sequence[OpenRow], *, version: int) -> Iterator[Reworded]:
    """Yield each open assignment whose sentences have changed, with the new ones."""
    texts, by_material = explanations_of(decision, rows), _by_material(rows)
    unchanged = [slot for each in decision.lists for slot in each.unchanged_slots]
    for number, material in ((slot.slot, material) for slot in unchanged for material in slot.materials):
        row, new = by_material[number, material], texts[number]
        # An alternate's theme is explained by the menu.
        interest = new.because_interest if row.menu_position == 0 else row.because_interest
        if (new.because_gap, interest) != (row.because_gap, row.because_interest):
            yield Reworded(row.id, new.because_gap, interest, version)


def _by_material(rows: Sequence[OpenRow]) -> dict[tuple[int, int], OpenRow]:
    return {(row.slot, row.material_id): row for row in rows}


def _say(found: dict[int, Texts], slot: int, texts: Texts) -> None:
    gaps, themes = ({getattr(each, name) for each in found.values()} for name in Texts.__slots__)
    found[slot] = Texts(another_task(texts.because_gap, gaps), another_theme(texts.because_interest, themes))


def _new(slot: FilledSlot) -> Texts:
    return Texts(slot.because_gap, slot.because_interest)


def _unchanged(slot: UnchangedSlot, menu: Sequence[OpenRow]) -> Texts:
    default = min(menu, key=lambda row: row.menu_position)
    gap, interest = default.because_gap, default.because_interest
    if default.reason.startswith(TEACHER):
        return Texts(gap, interest)
    if slot.because_gap and not says_the_same(gap, slot.because_gap):
        gap = slot.because_gap
    # Where the student has picked an alternate, its theme comes first, and the menu has explained it.
    is_default = default is menu[0] and default.menu_position == 0
    if is_default and slot.because_interest and not says_the_same(interest, slot.because_interest):
        interest = slot.because_interest
    return Texts(gap, interest)
