"""What is believed of a skill as people read it: a number only where it is known, and the evidence in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from learning.mastery.beliefs import GapStatus

WIDEST = 0.5
"""An 80 % interval that is wider than this says so little that people read *not known yet* in place of a number."""
NOT_KNOWN = "not known yet"
ENOUGH_ANSWERS = 3
"""Answers on a skill below which nothing is said of it but a likely gap."""
NEARLY_THERE = 0.65
"""Mastery from which an uncertain skill is nearly there."""
MOSTLY_RIGHT = (2, 3)
"""Share of right answers from which they speak for a skill."""
HALF_RIGHT = (1, 2)
"""Share of right answers below which they speak against a skill."""


class SkillStatus(StrEnum):
    """How a student stands on a skill, in the words that people read everywhere."""

    GAP = "likely gap"
    UNCLEAR = "not clear yet"
    """There are answers enough, and they point both ways, or against what other work says."""
    NEARLY = "nearly there"
    LOOKS_SECURE = "looks secure"
    """Mastery is at its target, but that is not certain yet."""
    SECURE = "secure"
    NOT_KNOWN = "not known yet"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the words for a skill rest on."""

    mastery: float
    target: float
    """Both in [0, 1]."""
    answers: int
    """Graded responses on the skill; 0: mastery is an estimate from work on others."""
    right: int
    marked: int
    """Of so many of the last marked answers this many were right; 0 where only totals are known."""


def skill_status(status: str, evidence: Evidence) -> SkillStatus:
    """Return the one word for a skill from its `GapStatus` and its evidence: never against what the answers show."""
    if not evidence.answers and not evidence.marked:
        return SkillStatus.NOT_KNOWN
    match GapStatus(status):
        case GapStatus.MET:
            return SkillStatus.SECURE if _speaks_for(evidence, HALF_RIGHT) else SkillStatus.UNCLEAR
        case GapStatus.GAP:
            is_against = evidence.marked and _speaks_for(evidence, MOSTLY_RIGHT)
            return SkillStatus.UNCLEAR if is_against else SkillStatus.GAP
        case GapStatus.UNSURE:
            return _unsure_status(evidence)


def _unsure_status(evidence: Evidence) -> SkillStatus:
    if (evidence.marked or evidence.answers) < ENOUGH_ANSWERS:
        return SkillStatus.NOT_KNOWN
    if not _speaks_for(evidence, MOSTLY_RIGHT) or evidence.mastery < NEARLY_THERE:
        return SkillStatus.UNCLEAR
    return SkillStatus.LOOKS_SECURE if evidence.mastery >= evidence.target else SkillStatus.NEARLY


def _speaks_for(evidence: Evidence, bound: tuple[int, int]) -> bool:
    share, of = bound
    return of * evidence.right >= share * evidence.marked


def is_known(low: float, high: float) -> bool:
    """Tell whether the bounds, in [0, 1], of an 80 % interval are near enough to each other for a number."""
    return high - low <= WIDEST


def mastery_phrase(mastery: float, low: float, high: float) -> str:
    """Return a mastery with its interval, or that it is not known yet."""
    if not is_known(low, high):
        return NOT_KNOWN
    return f"{mastery:.2f}, most likely between {low:.2f} and {high:.2f}"


def difficulty_sentence(*, is_known: bool, learned: float | None) -> str:
    """Return what a material's difficulty rests on; "" where the school gives it."""
    if is_known:
        return ""
    if learned is None:
        return "How hard it is, the school does not say: it counts as middling until answers tell."
    return "How hard it is, the school does not say: it is learned from the answers to its questions."


def evidence_sentence(responses: int) -> str:
    """Return what a mastery rests on: answers on the skill itself, or work on others alone."""
    if responses == 0:
        return "It is an estimate from work on other skills: there is no answer on this one yet."
    answers = "one answer" if responses == 1 else f"{responses} answers"
    return f"It rests on {answers} on this skill and on work on others."
