"""The sentences of the pages, from codes and counted answers, in a language; a student reads no rank and no percent."""

from __future__ import annotations

import re

from learning.mastery.wording import Evidence, SkillStatus, skill_status
from models.reports.student_pages import SkillLine, Task
from web.pages.language import N_, Language

STATUSES = {
    SkillStatus.SECURE: N_("Can do"),
    SkillStatus.LOOKS_SECURE: N_("Nearly there"),
    SkillStatus.NEARLY: N_("Nearly there"),
    SkillStatus.UNCLEAR: N_("Working on it"),
    SkillStatus.GAP: N_("Working on it"),
    SkillStatus.NOT_KNOWN: N_("Not known yet"),
}
"""How a student stands on a skill, in the student's words: the same statuses that teachers read."""
NOTHING = {
    "all_met": N_("You can do everything that is open in your class. Well done!"),
    "held": N_("Your teacher will tell you what comes next."),
}
"""Why there is no task, where the student needs to know; all else is for the teacher."""
LIKED = N_("It is about %(theme)s, because you like it.")
THEMES = {
    "context.interest": LIKED,
    "context.explore": N_("It is about %(theme)s, to try something new."),
}
WHY_DECLINED = {
    "too_hard": N_("It is too hard."),
    "too_easy": N_("It is too easy."),
    "theme": N_("I do not like the theme."),
    "other": N_("I want a new one."),
}
"""Why a student asks for another task, by code."""
TAKEN_BACK = {
    "teacher": N_("Taken back, because a teacher decided otherwise."),
    "better": N_("Taken back, because something fits better by now."),
    "rule_broken": N_("Taken back, because a rule does not allow it any more."),
    "interest_known": N_("Taken back, because a theme that is liked by now fits as well."),
    "hold_limit": N_("Taken back, because it was open for too long."),
    "declined": N_("Taken back, because the student asked for another one."),
    "attempted": N_("Taken back, because another one of its menu was done."),
    "done": N_("Taken back, because another one of its menu was done."),
    "forbid": N_("Taken back, because a teacher decided otherwise."),
    "own_slot": N_("Taken back, because a teacher decided otherwise."),
    "gap_first": N_("Taken back, because another skill needs work first."),
    "max_open": N_("Taken back, because too many tasks were open in all classes together."),
    "enrolment": N_("Taken back, because the classes have changed."),
    "class_left": N_("Taken back, because the student left the class."),
    "class_ended": N_("Taken back, because the class has ended."),
    "school_left": N_("Taken back, because the student left the school."),
    "no_scope": N_("Taken back, because the class gives no tasks any more."),
    "no_list": N_("Taken back, because it is for no class of the student now."),
}
"""Why a task was taken back, by the code of its withdrawal."""
HARD_RULE = re.compile(r"H\d")
"""With what the code of a hard rule begins."""
STATES = {
    "proposed": N_("proposed"),
    "assigned": N_("assigned"),
    "started": N_("started"),
    "done": N_("done"),
    "withdrawn": N_("taken back"),
}


def taken_back(reason: str, spoken: Language) -> str:
    """Return why a task was taken back; its reason is the code of a trigger, of a detail, or of the rule it breaks."""
    rule = TAKEN_BACK["rule_broken"] if HARD_RULE.match(reason) else N_("Taken back.")
    return spoken.text(TAKEN_BACK.get(reason, rule))


def why_now(task: Task, spoken: Language) -> str:
    """Return why this work: what the last answers say, or that this finds out."""
    if task.reason.startswith("teacher."):
        return spoken.text("Your teacher chose this for you.")
    if "stretch" in task.reason.split():
        return spoken.text("All that is open goes well. This is a step ahead.")
    if "student.wish" in task.reason.split():
        return spoken.text("You asked for this.")
    if task.asked == 0:
        return spoken.text("This is new. Let's find out where to start.")
    counted = spoken.plural(
        "You got %(right)s of the last answer right here.",
        "You got %(right)s of the last %(num)s right here.",
        task.asked,
        right=task.right,
    )
    return f"{counted} {_next(task, spoken)}"


def _next(task: Task, spoken: Language) -> str:
    if task.reason.split()[:1] == ["review"]:
        return spoken.text("Let's see if you still know it.")
    if "unit" in task.reason.split():
        return spoken.text("Your class works on this now.")
    return spoken.text("Let's do one more.") if task.right < task.asked else spoken.text("Let's go on.")


def why_theme(task: Task, spoken: Language) -> str:
    """Return why this theme; "" where there is none, or nothing to say."""
    if task.theme is None:
        return ""
    code = next((code for code in task.reason.split() if code in THEMES), "")
    return spoken.text(THEMES.get(code, N_("It is about %(theme)s.")), theme=task.theme.lower())


def status(skill: SkillLine, spoken: Language) -> str:
    """Return in words where a student stands on a skill."""
    evidence = Evidence(skill.mastery, skill.target, skill.responses, right=skill.right, marked=skill.asked)
    return spoken.text(STATUSES[skill_status(skill.standing, evidence)])


def counted(skill: SkillLine, spoken: Language) -> str:
    """Return what the words rest on."""
    if skill.asked == 0:
        return spoken.text("no answers yet")
    return spoken.plural(
        "%(right)s of the last answer right", "%(right)s of the last %(num)s right", skill.asked, right=skill.right
    )


def nothing(code: str | None, spoken: Language) -> str:
    """Return why there is no task."""
    return spoken.text(NOTHING.get(code or "", N_("There is no task for you just now. Your teacher knows about it.")))


def liked(value: float, spoken: Language, *, vetoed: bool) -> str:
    """Return in words how much a topic is liked."""
    if vetoed:
        return spoken.text("not for you")
    if value >= 0.6:  # noqa: PLR2004 - as everywhere: from here on a topic is liked
        return spoken.text("you like it")
    return spoken.text("not so much") if value < 0.4 else spoken.text("so-so")  # noqa: PLR2004 - the mirror of it
