"""Why a task was chosen, for a teacher, in the language of the page: from codes and counted answers.

In English it is the assignment's own sentences (`because_gap`, `because_interest`), which say a little more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from learning.mastery.wording import Evidence, SkillStatus, skill_status
from models.reports.skill_evidence import SkillEvidence, SkillGoal
from models.reports.teacher_pages import Strip
from web.pages.language import DEFAULT, N_, Language

NOTHING = {
    "nothing_open": N_("The class has no skill open now."),
    "all_met": N_("Every skill that is open is secure, and none is due again."),
    "no_belief": N_("Nothing can be said yet about any skill that is open."),
    "not_ready": N_("What is open builds on skills that are not secure, and no task teaches those."),
    "no_material": N_("There is no task in use for the skills that are open."),
    "no_level": N_("The tasks for the skills that are open are too easy or too hard."),
    "used_up": N_("The tasks that fit were used a short while ago."),
    "not_wanted": N_("The tasks that fit are ruled out, not wanted, or too hard to read."),
    "open_elsewhere": N_("The tasks that fit are open for another class."),
    "not_enrolled": N_("The student is no longer at the school."),
    "held": N_("A teacher holds the work as it is."),
}
"""Why a student has no task, by its code."""
STATUSES = {
    SkillStatus.GAP: N_("likely gap"),
    SkillStatus.UNCLEAR: N_("not clear yet"),
    SkillStatus.NEARLY: N_("nearly there"),
    SkillStatus.LOOKS_SECURE: N_("looks secure"),
    SkillStatus.SECURE: N_("secure"),
    SkillStatus.NOT_KNOWN: N_("not known yet"),
}
"""How a student stands on a skill."""
CLASSES = dict.fromkeys(SkillStatus, "soft") | {SkillStatus.GAP: "flag", SkillStatus.SECURE: "state"}
"""The look of each status."""
THEMES = {
    "context.interest": N_("It is about %(theme)s, which is well liked."),
    "context.explore": N_("It is about %(theme)s, to find out if that is liked."),
    "context.skill_only": N_("It is about %(theme)s by chance, as here only the skill decides."),
    "context.no_neutral": N_("It is about %(theme)s, as no task without a theme fits."),
}
NO_THEME = {
    "context.skill_only": N_("It has no theme, as here only the skill decides."),
    "context.neutral_switched_off": N_("It has no theme, as interests are not used here."),
    "context.neutral_not_asked": N_("It has no theme, as nothing is known yet about what is liked."),
    "context.neutral_unsure": N_("It has no theme, as it is not clear yet what is liked."),
    "context.neutral_not_served": N_(
        "It has no theme, as nothing with a theme that is liked fits this skill and level."
    ),
}


@dataclass(frozen=True, slots=True)
class Why:
    """What a sentence about an assignment is built from."""

    because_gap: str
    because_interest: str
    codes: tuple[str, ...]
    skill: str
    theme: str | None
    right: int
    asked: int
    """How many of the student's last answers on the skill were right, of so many."""


def why(parts: Why, spoken: Language) -> str:
    """Return why this task: the gap, and the theme."""
    if spoken.tag == DEFAULT and parts.because_gap:
        return f"{parts.because_gap} {parts.because_interest}".strip()
    return f"{_skill(parts, spoken)} {_theme(parts, spoken)}".strip()


def strip_label(strip: Strip, spoken: Language) -> str:
    """Return what the dots of a student's skills show, in words."""
    counts = Counter(each.status for each in strip.skills)
    gaps, secure = counts[SkillStatus.GAP], counts[SkillStatus.SECURE]
    return spoken.text(
        "%(gaps)s with a likely gap, %(secure)s secure, %(between)s between",
        gaps=gaps,
        secure=secure,
        between=counts.total() - gaps - secure,
    )


def status(skill: SkillEvidence, goal: SkillEvidence | SkillGoal) -> SkillStatus:
    """Return how a student stands on a skill by a goal: by what is believed, and never against the answers."""
    counted = [answer.outcome for answer in skill.answers if not answer.is_practice]
    evidence = Evidence(skill.mastery, goal.target, skill.responses, right=round(sum(counted)), marked=len(counted))
    return skill_status(goal.status, evidence)


def nothing(code: str | None, spoken: Language) -> str:
    """Return why a student has no task."""
    return spoken.text(NOTHING[code]) if code in NOTHING else ""


def _skill(parts: Why, spoken: Language) -> str:
    first = parts.codes[0] if parts.codes else ""
    if first.startswith("teacher."):
        return spoken.text("A teacher asked for this work on %(skill)s.", skill=parts.skill)
    if first == "stretch":
        return spoken.text("Nothing that is open is below its goal, so this looks ahead: %(skill)s.", skill=parts.skill)
    if parts.asked == 0:
        return spoken.text("There are no answers on %(skill)s yet.", skill=parts.skill)
    if first == "review":
        return spoken.text("It is time to look at %(skill)s again.", skill=parts.skill)
    counted = spoken.plural(
        "%(skill)s: %(right)s of the last answer was right.",
        "%(skill)s: %(right)s of the last %(num)s answers were right.",
        parts.asked,
        right=parts.right,
        skill=parts.skill[:1].upper() + parts.skill[1:],
    )
    unit = spoken.text("The class works on it now.")
    return f"{counted} {unit}" if "unit" in parts.codes else counted


def _theme(parts: Why, spoken: Language) -> str:
    code = next((code for code in parts.codes if code.startswith("context.")), "")
    if parts.theme is None:
        return spoken.text(NO_THEME[code]) if code in NO_THEME else ""
    return spoken.text(THEMES.get(code, N_("It is about %(theme)s.")), theme=parts.theme.lower())
