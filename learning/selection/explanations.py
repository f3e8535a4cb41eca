"""The sentences that explain an assignment to a teacher: for the gap, for what rests on it, and for the interest.

They contain no student's name (the LMS knows it), no codes and no percent signs, and together they read at grade 8 or
below by the Flesch-Kincaid formula (`learning.text.readability`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from learning.mastery.beliefs import GapStatus
from learning.mastery.wording import Evidence, SkillStatus, skill_status
from learning.selection.builder import SlotDraft
from learning.selection.catalogue import Topic
from learning.selection.context import DecisionContext, SkillView
from learning.selection.decision import NOT_ENROLLED_SENTENCE, Fallback, NoAssignmentReason
from learning.selection.fixed_point import SCALE
from learning.selection.hard_rules import is_due_for_review
from learning.selection.interest_choice import ContextReason, interest_confidence, interest_score, neutral_reason
from learning.selection.policy_fixed import DAY_SECONDS
from learning.selection.value import due_part

MIN_DAYS_WORTH_SAYING = 7
"""Minimum of days since the last answer that a sentence mentions."""
PAIR = 2
"""English says `both` and `neither` of two."""


class Explainer:
    """Says why the slots of one decision have the skills and difficulties that they have."""

    __slots__ = ("_ctx", "_deepest")

    def __init__(self, ctx: DecisionContext) -> None:
        self._ctx = ctx
        self._deepest = _deepest_gap(ctx)

    def filled(self, draft: SlotDraft) -> str:
        """Return the sentences for a slot that is filled."""
        if draft.override is not None:
            return _sentence(f"a teacher asked for this work on {self._ctx.skill_title(draft.menu[0].skill)}")
        return self.unchanged(draft.menu[0].skill, is_nearest=Fallback.NEAREST in draft.fallbacks)

    def unchanged(self, skill: int, *, is_nearest: bool = False) -> str:
        """Return the sentences for automatic work on a skill, as they are true now; "" where nothing is believed."""
        ctx = self._ctx
        view = ctx.skill_view(skill)
        if view is None:
            # An automatic choice always has a belief; a teacher's may not.
            return ""
        if skill in ctx.inputs.stretch:
            return self._ahead(skill)
        dependent = self._dependent(skill)
        if skill not in ctx.scope and dependent is not None:
            first = f"{ctx.skill_title(skill)} comes first, because {ctx.skill_title(dependent)} rests on it"
            evidence = _evidence(ctx, skill, view)
            return _sentence(f"{first}: {evidence}" if evidence else first)
        if is_nearest:
            title, evidence = ctx.skill_title(skill), _evidence(ctx, skill, view)
            return _sentence(f"no task fits {title} yet, so this is the nearest{f': {evidence}' if evidence else ''}")
        more = self._why_now(skill, view, dependent)
        text = _sentence(_status(ctx, skill, view))
        return f"{text} {_sentence(more)}" if more else text

    def _why_now(self, skill: int, view: SkillView, dependent: int | None) -> str:
        """Return one reason why this skill comes now, apart from how the student stands on it; "" where there is none.

        First of all that the deepest gap rests on it, then what the class does, then what else rests on it.
        """
        if view.gap_status is GapStatus.MET:
            return ""
        if dependent is not None and dependent == self._deepest:
            return self._rests(dependent)
        due = (self._ctx.inputs.scope or {}).get(skill)
        if due is not None and due_part(self._ctx, skill, view):
            return f"it is due on {_day(due)}" if due >= self._ctx.inputs.as_of else f"it was due on {_day(due)}"
        if skill in self._ctx.inputs.unit:
            return "the class works on it now"
        return "" if dependent is None else self._rests(dependent)

    def _ahead(self, skill: int) -> str:
        """Return why a skill of the next grade comes now."""
        ctx = self._ctx
        bases = [need for need in sorted(ctx.catalogue.prerequisites.get(skill, ())) if need in ctx.scope]
        rests = f", which builds on {ctx.skill_title(bases[0])}" if bases else ""
        return _sentence(
            f"nothing that is open is below its goal, so this looks ahead to {ctx.skill_title(skill)}{rests}"
        )

    def _rests(self, dependent: int) -> str:
        """Return what rests on the skill, and that it comes first where that is the deepest gap."""
        title, due = self._ctx.skill_title(dependent), (self._ctx.inputs.scope or {}).get(dependent)
        if due is not None and due >= self._ctx.inputs.as_of:
            title = f"{title}, due on {_day(due)},"
        return f"it comes first, because {title} rests on it" if dependent == self._deepest else f"{title} rests on it"

    def _dependent(self, skill: int) -> int | None:
        """Return the skill in scope to name as resting on this one: the deepest gap, else the nearest one below target.

        Of several as near, the one with the lowest mastery.
        """
        ctx = self._ctx
        level, seen, nearest = [skill], {skill}, None
        while level:
            dependents = sorted({d for s in level for d, _ in ctx.catalogue.unlocks.get(s, ())} - seen)
            views = {d: view for d in dependents if (view := ctx.skill_view(d))}
            if self._deepest in views:
                return self._deepest
            in_scope = [
                (view.mastery, d)
                for d, view in views.items()
                if d in ctx.scope and view.mastery < ctx.policy.mastery_target
            ]
            nearest = min(in_scope)[1] if in_scope and nearest is None else nearest
            seen.update(dependents)
            level = list(views)
        return nearest


def _deepest_gap(ctx: DecisionContext) -> int | None:
    """Return the skill in scope with the lowest mastery, where that is below the target."""
    views = ((ctx.skill_view(skill), skill) for skill in ctx.scope)
    below = [
        (view.mastery, skill)
        for view, skill in views
        if view and view.mastery < ctx.policy.mastery_target and view.gap_status is not GapStatus.MET
    ]
    return min(below)[1] if below else None


def _status(ctx: DecisionContext, skill: int, view: SkillView) -> str:
    """Return how the student stands on a skill, with the answers that show it."""
    title = ctx.skill_title(skill)
    correct, total = ctx.inputs.answer_counts.get(skill, (0, 0))
    if not view.belief.responses and not total:
        return _without_answers(ctx, title)
    status = skill_status(view.gap_status, _evidence_of(ctx, skill, view))
    if status is SkillStatus.SECURE:
        again = f"it is time to look at {title} again{_days_since(ctx, view)}"
        return (
            again if is_due_for_review(ctx, skill) else f"work on {title} goes well, so here it comes in a new setting"
        )
    is_doubted = view.gap_status is GapStatus.GAP or view.mastery < ctx.policy.mastery_target
    right_in_vain = status is SkillStatus.UNCLEAR and view.gap_status is GapStatus.GAP
    if right_in_vain or (0 < correct == total and is_doubted):
        return f"{_answers(correct, total, on=title)}; other work makes us less sure"
    if status is SkillStatus.NOT_KNOWN:
        return _too_few(total or view.belief.responses, title)
    return f"{_short(ctx, status, title, view)}: {_evidence(ctx, skill, view)}"


def _short(ctx: DecisionContext, status: SkillStatus, title: str, view: SkillView) -> str:
    """Return what a status says before the answers that show it."""
    numbers = f"(mastery {view.mastery / SCALE:.2f}, goal {ctx.policy.mastery_target / SCALE:.2f})"
    match status:
        case SkillStatus.GAP:
            return f"this fits a likely gap in {title}"
        case SkillStatus.NEARLY:
            return f"it looks as if {title} is nearly there {numbers}"
        case SkillStatus.LOOKS_SECURE:
            return f"{title} looks secure {numbers}, but that is not certain yet"
        case _ if view.gap_status is GapStatus.MET:
            return f"{title} looks secure by other work {numbers}, but not by its own"
        case _:
            return f"it is not clear yet how well {title} goes {numbers}"


def _evidence_of(ctx: DecisionContext, skill: int, view: SkillView) -> Evidence:
    correct, total = ctx.inputs.answer_counts.get(skill, (0, 0))
    target = ctx.policy.mastery_target
    return Evidence(view.mastery / SCALE, target / SCALE, view.belief.responses, right=correct, marked=total)


def _too_few(count: int, title: str) -> str:
    marked = f"{count} {'answer has' if count == 1 else 'answers have'} been marked"
    return f"only {marked} on {title} so far, so this finds out"


def _without_answers(ctx: DecisionContext, title: str) -> str:
    """Say that there is no evidence on this skill yet."""
    if ctx.inputs.responses < ctx.policy.low_evidence_student:
        return f"this finds out where to start with {title}, as there are few answers so far"
    return f"there are no answers on {title} yet, so the level is a guess from other work"


def _evidence(ctx: DecisionContext, skill: int, view: SkillView) -> str:
    """Return the evidence in numbers; "" where there is none."""
    correct, total = ctx.inputs.answer_counts.get(skill, (0, 0))
    if total:
        return _answers(correct, total)
    count = view.belief.responses
    return f"there {'is' if count == 1 else 'are'} {count} answer{'' if count == 1 else 's'} so far" if count else ""


def _answers(correct: int, total: int, *, on: str = "") -> str:
    """Return how many of the last marked answers were right; what is not marked is not among them."""
    about = f" on {on}" if on else ""
    if total == 1:
        return f"the only marked answer{about} was {'right' if correct else 'wrong'}"
    if on and correct == total:
        return f"{'both answers' if total == PAIR else f'all {total} answers'}{about} were right"
    return f"{_count_phrase(correct, total)} of the last {total} marked answers{about} {_was(correct)} right"


def _was(correct: int) -> str:
    return "was" if correct <= 1 else "were"


def _count_phrase(correct: int, total: int) -> str:
    if correct == 0:
        return "neither" if total == PAIR else "none"
    if correct == total:
        return "both" if total == PAIR else "all"
    return str(correct)


def _days_since(ctx: DecisionContext, view: SkillView) -> str:
    if view.belief.last_at is None:
        return ""
    days = max(ctx.inputs.as_of - view.belief.last_at, 0) // DAY_SECONDS
    return f": last practised {days} days ago" if days >= MIN_DAYS_WORTH_SAYING else ""


def _day(seconds: int) -> str:
    moment = dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]}"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def because_interest(ctx: DecisionContext, draft: SlotDraft) -> str:
    """Return the sentence for this context, or for none."""
    if draft.choice is None:
        return "The teacher chose this very task, so its theme was not a question."
    context, reason = draft.menu[0].entry.context, draft.choice.reason
    if (
        context is not None
        and reason is ContextReason.EXPLORE
        and interest_confidence(ctx, context) >= ctx.policy.min_interest_confidence
    ):
        return f"It is about {ctx.topic_title(context)}, for a change."
    if context is not None:
        return f"It is about {ctx.topic_title(context)}{_THEME_ENDINGS[reason]}."
    if reason is ContextReason.NOT_SERVED:
        return _not_served_sentence(ctx)
    return _neutral_sentence(reason)


_THEME_ENDINGS = {
    ContextReason.INTEREST: ", which is well liked",
    ContextReason.EXPLORE: ", to find out if that is liked",
    ContextReason.SKILL_ONLY: " by chance, as here only the skill decides",
    ContextReason.FALLBACK: ", as no task without a theme fits",
}
_NEUTRAL_REASONS = {
    ContextReason.SKILL_ONLY: "here only the skill decides",
    ContextReason.SWITCHED_OFF: "interests are not used here",
    ContextReason.NOT_ASKED: "nothing is known yet about what is liked",
    ContextReason.UNSURE: "it is not clear yet what is liked",
}


def because_interest_unchanged(ctx: DecisionContext, context: str | None) -> str:
    """Return the sentence for the theme of a slot that stays, as it is true now; "" where the earlier one stays true.

    Where the theme was chosen for another reason than being liked, that reason stays true.
    """
    if ctx.policy.interest_tolerance == 0:
        return ""
    if context is not None:
        liked = interest_score(ctx, context) > 0 and context in ctx.catalogue.topics
        return f"It is about {ctx.topic_title(context)}{_THEME_ENDINGS[ContextReason.INTEREST]}." if liked else ""
    reason = neutral_reason(ctx)
    return _not_served_sentence(ctx) if reason is ContextReason.NOT_SERVED else _neutral_sentence(reason)


def _neutral_sentence(reason: ContextReason) -> str:
    return f"It has no theme, as {_NEUTRAL_REASONS[reason]}."


def because_alternate(context: str | None, topics: Mapping[str, Topic]) -> str:
    """Return the sentence for an alternate on a menu: the same skill with another theme."""
    if context is None:
        return "It has no theme, as another choice for the same skill."
    return f"It is about {topics[context].title}, as another choice for the same skill."


def _not_served_sentence(ctx: DecisionContext) -> str:
    topic = max(sorted(ctx.inputs.interests), key=lambda topic: interest_score(ctx, topic))
    if topic not in ctx.catalogue.topics:
        return "It has no theme, as nothing with a theme that is liked fits this skill and level."
    return f"It has no theme, as nothing about {ctx.topic_title(topic)} fits this skill and level."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


NO_ASSIGNMENT_SENTENCES: dict[NoAssignmentReason, str] = {
    NoAssignmentReason.NOTHING_OPEN: "The class has no skill open now.",
    NoAssignmentReason.ALL_MET: "Every skill that is open is secure, and none is due again.",
    NoAssignmentReason.NO_BELIEF: "Nothing can be said yet about any skill that is open.",
    NoAssignmentReason.NOT_READY: "What is open builds on skills that are not secure, and no task teaches those.",
    NoAssignmentReason.NO_MATERIAL: "There is no task in use for the skills that are open.",
    NoAssignmentReason.NO_LEVEL: "The tasks for the skills that are open are too easy or too hard.",
    NoAssignmentReason.USED_UP: "The tasks that fit were used a short while ago.",
    NoAssignmentReason.NOT_WANTED: "The tasks that fit are ruled out, not wanted, or too hard to read.",
    NoAssignmentReason.OPEN_ELSEWHERE: "The tasks that fit are open for another class.",
    NoAssignmentReason.ON_HOLD: "A teacher holds the work as it is.",
    NoAssignmentReason.NOT_ENROLLED: NOT_ENROLLED_SENTENCE,
}


def sentence_of(nothing: str | None) -> str:
    """Return the sentence of a stored reason for no assignment; "" without one."""
    return "" if nothing is None else NO_ASSIGNMENT_SENTENCES[NoAssignmentReason(nothing)]


UNMET_OVERRIDE_SENTENCES: dict[str, str] = {
    "H1.active": "the material is not in use now, and not even a teacher can assign it",
    "H5.forbidden": "a teacher has ruled it out, and that is above every other override until it is revoked",
    "no_belief": "nothing can be said yet about its skill",
    "no_material": "no task of the skill is in use and allowed for this student",
}
"""Why a teacher override cannot be met, by `UnmetOverride.reason`."""
