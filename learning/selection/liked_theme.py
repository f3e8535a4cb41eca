"""When a topic becomes known as liked, an unattempted default without one gives way to it, once."""

from __future__ import annotations

from learning.selection.builder import DecisionBuilder, SlotDraft
from learning.selection.candidates import Candidate, CandidateSearch
from learning.selection.context import DecisionContext
from learning.selection.decision import Trigger
from learning.selection.fallbacks import fallbacks_of
from learning.selection.interest_choice import ContextChoice, ContextReason, build_menu, interest_score
from learning.selection.material_index import ContextKey
from learning.selection.stability import current_value, entry_of


def give_way_to_liked(builder: DecisionBuilder, search: CandidateSearch) -> None:
    """Where a topic is surely liked that was not before, let defaults with no liked theme give way to liked ones.

    The skill stays, and so does the level: the new default is as hard as the old one, as an alternate of a menu is. So
    what a student has used is seen at once, and not only when the list is done; skills are not touched by it.
    """
    ctx = builder.ctx
    if ctx.policy.interest_tolerance == 0:
        return
    before, builder.liked_topics = frozenset(builder.liked_topics), liked_topics(ctx)
    if before.issuperset(builder.liked_topics):
        return
    for slot in sorted(builder.unchanged):
        if not builder.unchanged[slot].stays:
            _replace_if_liked(builder, search, slot)


def liked_topics(ctx: DecisionContext) -> tuple[str, ...]:
    """Return the topics that are surely liked now, sorted."""
    return tuple(sorted({context for context, _ in ctx.interest_scores if context is not None} - ctx.inputs.vetoes))


def _replace_if_liked(builder: DecisionBuilder, search: CandidateSearch, slot: int) -> None:
    ctx, status = builder.ctx, builder.unchanged[slot]
    entry = entry_of(ctx, status.materials[0])
    success = ctx.predict_success(entry) if entry else None
    if entry is None or success is None or interest_score(ctx, entry.context, entry.depth):
        return
    builder.exclude(slot)
    builder.update_minutes_left(instead_of=slot)
    # An alternate of its own menu may become the default.
    ctx.open_materials.difference_update(status.materials)
    default = Candidate(entry, success, current_value(ctx, status.assignment))
    candidates = (
        candidate
        for candidate in search.alternates(default, lambda key: _rank(ctx, key))
        if interest_score(ctx, candidate.entry.context, candidate.entry.depth)
    )
    liked = next(candidates, None)
    if liked is None:
        ctx.open_materials.update(status.materials)
        builder.restore(slot)
        return
    options = build_menu(ctx, search, liked)
    choice = ContextChoice(liked, ContextReason.INTEREST, default, 0, default, ContextReason.INTEREST.value)
    builder.drafts.append(
        SlotDraft(slot, tuple(options), choice, (liked, default), fallbacks_of(ctx, options, search.relaxation))
    )
    builder.withdraw(slot, Trigger.INTEREST_KNOWN)
    stays = {option.entry.id for option in options}
    builder.replaced_materials = [material for material in builder.replaced_materials if material not in stays]
    ctx.recent_materials.difference_update(stays)
    ctx.add_menu([option.entry for option in options])
    search.forget_skill(liked.skill)


def _rank(ctx: DecisionContext, key: ContextKey) -> tuple[int, int, str]:
    context, depth = key
    return -interest_score(ctx, context, depth), ctx.context_tie_break(context), depth
