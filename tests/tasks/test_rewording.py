"""Sentences of work that stays are reworded in the commit that publishes the student anyway, and only then."""

import re
from collections import Counter

import pytest

from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School

pytestmark = pytest.mark.timeout(120)

GUS = "riverside-s413"
OPEN = "state IN ('proposed', 'assigned', 'started')"


def open_work(ask: Ask, student: str = GUS) -> list[tuple[int, int, int, str, str, str, object]]:
    """Return (id, slot, position, skill, both sentences, assigned at) of what is open, in order."""
    return ask(
        f"""SELECT assignment_id, slot, menu_position, skill, because_gap, because_interest, assigned_at
              FROM lms.assignments WHERE student_ref = :r AND {OPEN} ORDER BY slot, menu_position""",
        r=student,
    )


def last_change(ask: Ask) -> int:
    ((number,),) = ask("SELECT coalesce(max(number), 0) FROM souschef.change")
    return int(number)


_TALLY = re.compile(r"(\w+) of the last (\d+) marked answers")
_WORDS = {"none": 0, "neither": 0}


def wrong_numbers(ask: Ask, answers: dict[str, str]) -> list[str]:
    """Return the open sentences whose numbers are not those of the answers, which are "0101" by skill."""
    wrong = []
    for row in open_work(ask):
        found = _TALLY.search(row[4])
        all_answers = answers.get(row[3], "")
        if found and (_WORDS.get(found[1].lower(), found[1]), int(found[2])) != (
            0
            if "1" not in all_answers
            else found[1]
            if found[1].lower() in ("both", "all")
            else str(all_answers.count("1")),
            len(all_answers),
        ):
            wrong.append(f"{row[3]} {all_answers}: {row[4]}")
    return wrong


def test_numbers_of_work_that_stays_are_those_of_the_student_now(school: School, ask: Ask) -> None:
    """Each answer is on a skill that has open work already; what is used of it is never of an earlier day."""
    school.deliver(*school.answers(GUS, "3.OA.A.1 q01", "01"))
    answers = {"3.OA.A.1": "01"}
    reworded = 0
    for day in range(2, 8):
        before = {row[0]: row for row in open_work(ask)}
        number = last_change(ask)
        skill = sorted({row[3] for row in before.values()})[day % 2]
        outcome = "0" if day % 3 else "1"
        school.deliver(*school.answers(GUS, f"{skill} q01", outcome, day=day))
        answers[skill] = answers.get(skill, "") + outcome
        after = {row[0]: row for row in open_work(ask)}
        stayed = [number for number in before if number in after]
        changed = {number for number in stayed if after[number][4:6] != before[number][4:6]}
        reworded += len(changed)
        assert wrong_numbers(ask, answers) == []
        assert all(after[each][6] == before[each][6] for each in stayed), "the time of the assignment stays"
        feed = Counter(
            row[0]
            for row in ask(
                "SELECT assignment_id FROM lms.assignment_changes WHERE number > :n AND kind = 'assignment'", n=number
            )
        )
        assert all(feed[each] == 1 for each in changed), "one row of the feed for each assignment"
        assert not {each for each in stayed if each not in changed} & set(feed), "what says the same is not published"
    assert reworded > 0


def test_a_refresh_without_news_rewords_nothing(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0100"))
    ((student,),) = ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)
    refresh_assignments([student])
    number, before = last_change(ask), open_work(ask)
    ask(f"UPDATE souschef.assignment SET because_gap = 'Not true.' WHERE {OPEN} RETURNING id")
    refresh_assignments([student])
    assert last_change(ask) == number
    assert [row[:4] for row in open_work(ask)] == [row[:4] for row in before]
    # But the next event that publishes the student does, whatever it is about.
    school.deliver(*school.answers(GUS, "3.OA.A.1 q01", "1", day=3))
    assert "Not true." not in {row[4] for row in open_work(ask)}


def test_the_alternate_of_a_menu_says_the_same_of_the_skill(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0100"), *school.answers(GUS, "4.NF.A.1 q01", "11", day=2))
    for slot in {row[1] for row in open_work(ask)}:
        assert len({row[4] for row in open_work(ask) if row[1] == slot}) == 1


def test_what_a_teacher_asked_for_keeps_saying_so(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0100"))
    ask(
        """UPDATE souschef.assignment SET because_gap = 'A teacher asked for this work on ratios.',
                  reason = 'teacher.must_do ' || reason WHERE slot = 0 RETURNING id"""
    )
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "1", day=2))
    used = {row[4] for row in open_work(ask) if row[1] == 0}
    assert used <= {"A teacher asked for this work on ratios."} or not used


@pytest.mark.parametrize("answers", ["0100", "1111", "0000"])
def test_no_list_says_the_same_twice(school: School, ask: Ask, answers: str) -> None:
    for day, skill in enumerate(("4.NF.A.1", "3.OA.C.7", "5.NF.A.1"), start=1):
        school.deliver(*school.answers(GUS, f"{skill} q01", answers, day=day))
        work = [row for row in open_work(ask) if row[2] == 0]
        assert len({row[4] for row in work}) == len(work)
        assert len({row[5] for row in work}) == len(work)
