"""A decision under construction: the slots that stay, the slots that are filled, and what is withdrawn."""

from __future__ import annotations

from dataclasses import dataclass, field

from learning.mastery.beliefs import GapStatus
from learning.selection.candidates import Candidate, CandidateSearch
from learning.selection.context import DecisionContext
from learning.selection.decision import Fallback, Trigger, UnmetOverride, Withdrawal
from learning.selection.fallbacks import fallbacks_of, ready_skills
from learning.selection.hard_rules import open_limit
from learning.selection.inputs import FixedOverride
from learning.selection.interest_choice import ContextChoice, build_menu, choose_context
from learning.selection.stability import (
    SlotStatus,
    current_value,
    entry_of,
    has_new_evidence,
    slot_status,
    without_ordered_elsewhere,
)


@dataclass(frozen=True, slots=True)
class SlotDraft:
    """A slot to fill; without a `choice` the teacher assigned this material."""

    slot: int
    menu: tuple[Candidate, ...]
    choice: ContextChoice | None
    best_candidates: tuple[Candidate, ...]
    """For the record."""
    fallbacks: tuple[Fallback, ...]
    override: FixedOverride | None = None
    broken_rules: tuple[str, ...] = ()
    """Codes of the hard rules that a teacher's override breaks."""


MAX_RECORDED_CANDIDATES = 5


@dataclass(slots=True)
class DecisionBuilder:
    """A decision under construction; each step adds to it."""

    ctx: DecisionContext
    unchanged: dict[int, SlotStatus] = field(default_factory=dict)
    drafts: list[SlotDraft] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    unmet_overrides: list[UnmetOverride] = field(default_factory=list)
    choice_count: int = 0
    """Choices on new evidence so far, those of earlier decisions included."""
    has_new_evidence: bool = False
    """Evidence is newer than at the last refresh that counted, so this refresh counts."""
    better_counts: dict[int, int] = field(default_factory=dict)
    replaced_materials: list[int] = field(default_factory=list)
    liked_topics: tuple[str, ...] = ()
    """The topics that were surely liked when it was last asked."""
    approved_slots: set[int] = field(default_factory=set)
    """Proposals that a teacher approves by pinning their skill or by a must-do for it."""
    _ready_gaps: list[int] | None = None

    @classmethod
    def start(cls, ctx: DecisionContext) -> DecisionBuilder:
        """Return a builder with the open assignments that stay."""
        memory = ctx.inputs.memory
        builder = cls(
            ctx,
            choice_count=memory.choice_count,
            has_new_evidence=has_new_evidence(ctx),
            better_counts=dict(memory.better_counts),
            replaced_materials=list(memory.replaced_materials),
            liked_topics=memory.liked_topics,
        )
        for assignment in ctx.inputs.open_assignments:
            status = without_ordered_elsewhere(ctx, slot_status(ctx, assignment))
            builder.withdrawals += status.withdrawals
            if status.materials:
                builder.unchanged[assignment.slot] = status
                ctx.open_materials.update(status.materials)
                # A started material may have left the catalogue since.
                if entry := entry_of(ctx, status.materials[0]):
                    ctx.add_use(entry)
        return builder

    def open_count(self) -> int:
        """Return how many assignments are open."""
        return len(self.unchanged) + len(self.drafts)

    def open_skills(self, *, instead_of: int | None = None) -> frozenset[int]:
        """Return the skills that have a slot, not counting the slot `instead_of`."""
        unchanged = {status.assignment.skill for slot, status in self.unchanged.items() if slot != instead_of}
        return frozenset(unchanged | {draft.menu[0].skill for draft in self.drafts})

    def ready_gaps(self) -> list[int]:
        """Return the skills in scope with a certain gap whose prerequisites are ready, the lowest mastery first."""
        if self._ready_gaps is None:
            self._ready_gaps = ready_skills(self.ctx, (GapStatus.GAP,))
        return self._ready_gaps

    def has_nearest(self) -> bool:
        """Whether a slot has the nearest material of a skill where none fits."""
        return any(status.assignment.is_nearest for status in self.unchanged.values()) or any(
            Fallback.NEAREST in draft.fallbacks for draft in self.drafts
        )

    def room(self) -> int:
        """H7: return how many more assignments may be open, on this list and on all lists of the student."""
        limit, max_open = open_limit(self.ctx)[0], self.ctx.inputs.others.max_open
        return (limit if max_open is None else min(limit, max_open)) - self.open_count()

    def has_room(self) -> bool:
        """H7: whether one more assignment may be open, on this list and on all lists of the student."""
        return self.room() > 0

    def update_minutes_left(self, *, instead_of: int | None = None) -> None:
        """H7: set how many more minutes may be open, not counting the slot `instead_of`.

        The first assignment may have any length. A limit above the longest material is no limit: so it seldom
        changes, and cached candidates stay valid.
        """
        ctx, entries = self.ctx, self.ctx.catalogue.entries
        unchanged = [
            entries[status.materials[0]].minutes
            for slot, status in self.unchanged.items()
            if slot != instead_of and status.materials[0] in entries
        ]
        open_minutes = unchanged + [draft.menu[0].entry.minutes for draft in self.drafts]
        left = open_limit(ctx)[1] - sum(open_minutes)
        replaced = self.unchanged.get(instead_of) if instead_of is not None else None
        if replaced is not None and replaced.materials[0] in entries:
            # What replaces an assignment may take as long: else a slow student's list could never change.
            left = max(left, entries[replaced.materials[0]].minutes)
        ctx.minutes_left = None if not open_minutes or left >= ctx.catalogue.max_minutes else left

    def first_free_slot(self) -> int:
        """Return the lowest slot number that is not in use on any list of the student."""
        used = set(self.unchanged) | {draft.slot for draft in self.drafts} | set(self.ctx.inputs.others.slots)
        return next(slot for slot in range(len(used) + 1) if slot not in used)

    def withdraw(self, slot: int, trigger: Trigger, detail: str = "") -> None:
        """Withdraw an excluded assignment; its materials count as used of late from now on, as at the next refresh."""
        status = self.unchanged.pop(slot)
        self.better_counts.pop(slot, None)
        self.replaced_materials += status.materials
        self.ctx.open_materials.difference_update(status.materials)
        self.ctx.recent_materials.update(status.materials)
        self.withdrawals += [Withdrawal(slot, material, trigger, detail) for material in status.materials]

    def exclude(self, slot: int) -> None:
        """Stop counting an unchanged slot's context and skill as in use."""
        self.ctx.remove_use(self.ctx.catalogue.entries[self.unchanged[slot].materials[0]])

    def restore(self, slot: int) -> None:
        """Count an excluded slot again."""
        self.ctx.add_use(self.ctx.catalogue.entries[self.unchanged[slot].materials[0]])

    def slot_value(self, slot: int) -> int:
        """Return the value of an unprotected slot today."""
        self.exclude(slot)
        value = current_value(self.ctx, self.unchanged[slot].assignment)
        self.restore(slot)
        return value

    def fill_slot(
        self, search: CandidateSearch, candidates: list[Candidate], *, slot: int, override: FixedOverride | None = None
    ) -> None:
        """Fill a slot from candidates, at least one: choose the context, then build the menu."""
        ctx = self.ctx
        every = ctx.policy.explore_every
        explore = self.has_new_evidence and override is None and every > 0 and (self.choice_count + 1) % every == 0
        choice = choose_context(ctx, search, candidates, explore=explore)
        options = build_menu(ctx, search, choice.candidate)
        fallbacks = fallbacks_of(ctx, options, search.relaxation) + ((Fallback.TEACHER,) if override else ())
        self.choice_count += self.has_new_evidence and override is None
        best = tuple(candidates[:MAX_RECORDED_CANDIDATES])
        self.drafts.append(SlotDraft(slot, tuple(options), choice, best, fallbacks, override))
        ctx.add_menu([candidate.entry for candidate in options])
        search.forget_skill(choice.candidate.skill)

    def least_valuable_slot(self) -> int | None:
        """Return the unprotected slot with the lowest value, or None."""
        ranked = [
            (self.slot_value(slot), slot) for slot, status in sorted(self.unchanged.items()) if not status.is_protected
        ]
        return min(ranked)[1] if ranked else None
