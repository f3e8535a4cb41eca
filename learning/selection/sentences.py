"""The two sentences of an assignment that a teacher can read: because of this gap, because of this interest.

They name no student (the LMS knows the name), hold no code names and no percent signs, and read at grade 8 or below by
the Flesch-Kincaid formula over both together (`learning.selection.reading`).
"""

from __future__ import annotations

from collections.abc import Mapping

from learning.beliefs import Standing
from learning.selection.case import Case, View
from learning.selection.catalogue import Topic
from learning.selection.decision import Nothing, Rung
from learning.selection.draft import Filled
from learning.selection.liking import known, liking
from learning.selection.rules import DAY
from learning.selection.value import Worth, worth
from learning.selection.window import Because

LONG_AGO = 7
"""Days from which on it is worth saying how long ago something was practised."""
PAIR = 2
"""Of so many one says both and neither."""


def because_gap(case: Case, filled: Filled) -> str:
    """Return why this skill, at this level, now."""
    skill = filled.menu[0].skill
    view, parts = case.view(skill), worth(case, skill)
    if filled.order is not None:
        return _sentence(f"a teacher asked for this work on {case.title(skill)}")
    if view is None or parts is None:
        # A machine's choice always has both; a teacher's may not.
        return ""
    if Rung.PREREQUISITE in filled.rungs and (next_skill := _builds_on(case, skill)):
        return _sentence(f"{case.title(skill)} comes first, because {case.title(next_skill)} builds on it")
    return _sentence(_gap(case, skill, view, parts))


def _gap(case: Case, skill: int, view: View, parts: Worth) -> str:
    title = case.title(skill)
    if view.belief.responses == 0:
        return _guessed(case, title)
    if view.standing is Standing.MET and parts.review:
        return f"it is time to look at {title} again{_since(case, view)}"
    if view.standing is Standing.MET:
        return f"work on {title} goes well, so here it comes in a new setting"
    shown = _shown(case, skill, view)
    if parts.unlocks > parts.gap and (next_skill := _builds_on(case, skill)):
        return f"{case.title(next_skill)} builds on {title}, where {shown}"
    if view.standing is Standing.GAP:
        return f"this fits a gap in {title}: {shown}"
    return f"not enough is known yet about {title}: {shown}"


def _guessed(case: Case, title: str) -> str:
    """Say honestly that nothing is known of the very skill."""
    if case.inputs.responses < case.rules.thin_student:
        return f"this finds out where to start with {title}, as there are few answers so far"
    return f"there are no answers on {title} yet, so the level is a guess from other work"


def _shown(case: Case, skill: int, view: View) -> str:
    """Return what the evidence shows, in numbers."""
    right, asked = case.inputs.tallies.get(skill, (0, 0))
    if asked > 1:
        return f"{_part(right, asked)} of the last {asked} answers {'was' if right <= 1 else 'were'} right"
    if asked == 1:
        last = "the only answer so far" if view.belief.responses == 1 else "the last answer"
        return f"{last} was {'right' if right else 'wrong'}"
    count = view.belief.responses
    return f"there {'is' if count == 1 else 'are'} {count} answer{'' if count == 1 else 's'} so far"


def _part(right: int, asked: int) -> str:
    if right == 0:
        return "neither" if asked == PAIR else "none"
    if right == asked:
        return "both" if asked == PAIR else "all"
    return str(right)


def _since(case: Case, view: View) -> str:
    if view.belief.last_at is None:
        return ""
    days = max(case.inputs.as_of - view.belief.last_at, 0) // DAY
    return f": the last answer was {days} days ago" if days >= LONG_AGO else ""


def _builds_on(case: Case, skill: int) -> int | None:
    """Return the skill in scope with the widest gap that builds on this one, straight or by steps."""
    level, seen = [skill], {skill}
    while level:
        near = sorted({d for s in level for d, _ in case.catalogue.unlocks.get(s, ())} - seen)
        above = {d: view for d in near if (view := case.view(d))}
        found = [(view.mastery, d) for d, view in above.items() if d in case.scope]
        if found:
            return min(found)[1]
        seen.update(above)
        level = list(above)
    return None


def because_interest(case: Case, filled: Filled) -> str:
    """Return why this context, or none."""
    if filled.pick is None:
        return "The teacher chose this very task, so its theme was not a question."
    context, because = filled.menu[0].entry.context, filled.pick.because
    if context is not None and because is Because.EXPLORE and known(case, context) >= case.rules.confidence_floor:
        return f"It is about {case.topic(context)}, for a change."
    if context is not None:
        return f"It is about {case.topic(context)}{_THEMES[because]}."
    if because is Because.NOT_SERVED:
        return _not_served(case)
    return f"It has no theme, as {_PLAIN[because]}."


_THEMES = {
    Because.INTEREST: ", which is well liked",
    Because.EXPLORE: ", to find out if that is liked",
    Because.SKILL_ONLY: " by chance, as here only the skill decides",
    Because.FALLBACK: ", as no task without a theme fits",
}
_PLAIN = {
    Because.SKILL_ONLY: "here only the skill decides",
    Because.SWITCHED_OFF: "interests are not used here",
    Because.NOT_ASKED: "nothing is known yet about what is liked",
    Because.UNSURE: "it is not clear yet what is liked",
}


def because_alternate(context: str | None, topics: Mapping[str, Topic]) -> str:
    """Return why a material that is not the menu's default stands on it: the same skill, another theme, a choice."""
    if context is None:
        return "It has no theme, as another choice for the same skill."
    return f"It is about {topics[context].title}, as another choice for the same skill."


def _not_served(case: Case) -> str:
    topic = max(sorted(case.inputs.interests), key=lambda topic: liking(case, topic))
    if topic not in case.catalogue.topics:
        return "It has no theme, as nothing with a theme that is liked fits this skill and level."
    return f"It has no theme, as nothing about {case.topic(topic)} fits this skill and level."


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."


NOTHING: dict[Nothing, str] = {
    Nothing.NOTHING_OPEN: "The class has no skill open now.",
    Nothing.ALL_MET: "Every skill that is open is secure, and none is due again.",
    Nothing.NO_BELIEF: "Nothing can be said yet about any skill that is open.",
    Nothing.NOT_READY: "What is open builds on skills that are not secure, and no task teaches those.",
    Nothing.NO_MATERIAL: "There is no task in use for the skills that are open.",
    Nothing.NO_LEVEL: "The tasks for the skills that are open are too easy or too hard.",
    Nothing.USED_UP: "The tasks that fit were used a short while ago.",
    Nothing.NOT_WANTED: "The tasks that fit are ruled out, not wanted, or too hard to read.",
    Nothing.HELD: "A teacher holds the work as it is.",
}

UNMET: dict[str, str] = {
    "H1.active": "the material is not in use now, and no order can assign what is not",
    "H5.forbidden": "a teacher has ruled it out, and that stands above every other order until it is revoked",
    "no_belief": "nothing can be said yet about its skill",
    "no_material": "no task of the skill is in use and allowed for this student",
}
"""Why a teacher's order cannot be followed, by `Unmet.why`."""
