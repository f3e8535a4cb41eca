"""Numbers for people: a number where it is known, words where not, and what it rests on."""

import pytest

from learning.mastery.beliefs import GapStatus, SkillBelief, gap_status
from learning.mastery.wording import (
    Evidence,
    SkillStatus,
    difficulty_sentence,
    evidence_sentence,
    is_known,
    mastery_phrase,
    skill_status,
)


@pytest.mark.parametrize(("low", "high", "is_number"), [(0.3, 0.8, True), (0.3, 0.81, False), (0.0, 1.0, False)])
def test_an_interval_wider_than_a_half_is_no_number(low: float, high: float, *, is_number: bool) -> None:
    assert is_known(low, high) is is_number
    assert ("0.60" in mastery_phrase(0.6, low, high)) is is_number
    assert (mastery_phrase(0.6, low, high) == "not known yet") is not is_number


def test_a_number_stands_with_its_interval() -> None:
    assert mastery_phrase(0.824, 0.671, 0.917) == "0.82, most likely between 0.67 and 0.92"


@pytest.mark.parametrize(
    ("responses", "sentence"),
    [
        (0, "It is an estimate from work on other skills: there is no answer on this one yet."),
        (1, "It rests on one answer on this skill and on work on others."),
        (7, "It rests on 7 answers on this skill and on work on others."),
    ],
)
def test_the_evidence_is_one_sentence(responses: int, sentence: str) -> None:
    assert evidence_sentence(responses) == sentence


@pytest.mark.parametrize(
    ("gap", "mastery", "right", "marked", "status"),
    [
        # What the demo showed as "nearly there": one of the last three answers right at mastery .73.
        (GapStatus.UNSURE, 0.73, 1, 3, SkillStatus.UNCLEAR),
        (GapStatus.UNSURE, 0.73, 2, 3, SkillStatus.NEARLY),
        (GapStatus.UNSURE, 0.60, 3, 3, SkillStatus.UNCLEAR),
        (GapStatus.UNSURE, 0.82, 3, 4, SkillStatus.LOOKS_SECURE),
        (GapStatus.UNSURE, 0.82, 1, 4, SkillStatus.UNCLEAR),
        (GapStatus.UNSURE, 0.73, 2, 2, SkillStatus.NOT_KNOWN),
        (GapStatus.GAP, 0.55, 1, 4, SkillStatus.GAP),
        (GapStatus.GAP, 0.55, 0, 1, SkillStatus.GAP),
        (GapStatus.GAP, 0.66, 3, 3, SkillStatus.UNCLEAR),
        (GapStatus.MET, 0.90, 3, 4, SkillStatus.SECURE),
        (GapStatus.MET, 0.90, 1, 4, SkillStatus.UNCLEAR),
    ],
)
def test_the_word_for_a_skill_is_never_against_its_answers(
    gap: GapStatus, mastery: float, right: int, marked: int, status: SkillStatus
) -> None:
    assert skill_status(gap, Evidence(mastery, 0.8, marked, right=right, marked=marked)) is status


def test_without_answers_nothing_is_known_whatever_other_work_says() -> None:
    for gap in GapStatus:
        assert skill_status(gap, Evidence(0.9, 0.8, 0, right=0, marked=0)) is SkillStatus.NOT_KNOWN


def test_totals_alone_speak_by_the_gap_status() -> None:
    """A total of an attempt has no single answers: they are neither for nor against."""
    evidence = Evidence(0.75, 0.8, 5, right=0, marked=0)
    found = [skill_status(gap, evidence) for gap in (GapStatus.GAP, GapStatus.UNSURE, GapStatus.MET)]
    assert found == [SkillStatus.GAP, SkillStatus.NEARLY, SkillStatus.SECURE]


def test_a_gap_is_likely_from_seven_tenths_and_met_only_from_eight() -> None:
    """P(below .8) is .75 with a logit of 1.386 - .674 x sqrt(2 x .25): a likely gap; of the same doubt none is met."""
    likely = _belief(1.386 - 0.674 * 0.5**0.5)
    assert gap_status(likely) is GapStatus.GAP
    assert gap_status(likely, likely=0.8) is GapStatus.UNSURE
    mirrored = _belief(1.386 + 0.674 * 0.5**0.5)
    assert gap_status(mirrored) is GapStatus.UNSURE
    assert gap_status(mirrored, sure=0.7) is GapStatus.MET


def _belief(logit: float) -> SkillBelief:
    return SkillBelief(1, logit, 0.25, 0.0, 0.0, 0.0, 0.0, 5, 5.0, None, 1.0)


def test_what_a_difficulty_rests_on_is_said_where_the_school_gives_none() -> None:
    assert difficulty_sentence(is_known=True, learned=0.4) == ""
    assert "middling" in difficulty_sentence(is_known=False, learned=None)
    assert "learned from the answers" in difficulty_sentence(is_known=False, learned=0.4)
