"""Templates and grammar."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from examples.catalogue import Task
from examples.numbers import fraction, mixed, whole
from examples.task_templates import read_task_templates
from examples.text_templates import SlotError, agree, fill, plural, read_variant


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{n|lap}", "8 laps"),
        ("{one|lap}", "1 lap"),
        ("{n|child|children}", "8 children"),
        ("{half|mile} and {more|mile}", "1/2 mile and 1 1/2 miles"),
        ("{an:n} {n}-inch pan", "an 8-inch pan"),
        ("{an:eleven} and {an:eighteen} but {an:hundred} 110", "an and an but a 110"),
        ("{one?is|are} and {n?is|are}", "is and are"),
        ("{n*★}", "★ ★ ★ ★ ★ ★ ★ ★"),
        ("10{n^}", "10⁸"),
        ("{d*}", "1, 8"),
        ("{A} and {B}", "Ada and Wei"),
    ],
)
def test_a_slot_is_filled_in_good_english(template: str, text: str) -> None:
    numbers = {"n": whole(8), "one": whole(1), "half": fraction(1, 2), "more": mixed(Fraction(3, 2))}
    numbers |= {"eleven": whole(11), "eighteen": whole(18), "hundred": whole(110), "d1": whole(1), "d2": whole(8)}
    assert fill(template, numbers, {"A": "Ada", "B": "Wei"}) == text


@pytest.mark.parametrize("template", ["{x}", "{x|lap}", "{C}", "{an:x}", "{}"])
def test_a_slot_that_nothing_fills_is_refused(template: str) -> None:
    if template == "{}":
        assert fill(template, {}, {}) == "{}"
        return
    with pytest.raises(SlotError):
        fill(template, {"n": whole(2)}, {"A": "Ada"})


def test_a_dress_without_a_title_is_refused() -> None:
    with pytest.raises(SlotError):
        read_variant("There are {n|lap}.")


@pytest.mark.parametrize(
    ("one", "many"), [("box", "boxes"), ("bench", "benches"), ("berry", "berries"), ("day", "days")]
)
def test_plurals_are_regular_where_they_are_not_given(one: str, many: str) -> None:
    assert plural(one) == many
    assert agree(whole(2), one) == many


def test_every_template_has_five_contexts_or_more_and_a_neutral_text() -> None:
    for template in read_task_templates().values():
        assert len(template.variants) >= 5, template.name
        assert not template.neutral.structural, template.name


def test_no_task_has_one_of_several_things(tasks: list[Task]) -> None:
    # "1 laps", "1 coins": a 1 before a plural, unless it is the end of a longer number or of a fraction.
    wrong = [t.text for t in tasks if re.search(r"(?<![\d/.,-])1 [a-z]+[a-rt-z]s\b(?! of)", t.text)]
    allowed = re.compile(r"on 1 |inch|across")
    assert [text for text in wrong if not allowed.search(text)] == []


def test_no_sentence_begins_with_a_number(tasks: list[Task]) -> None:
    assert [t.text for t in tasks if re.search(r"(^|[.?!] )\d", t.text)] == []


def test_every_task_ends_in_a_question_or_a_request_and_has_no_open_slot(tasks: list[Task]) -> None:
    for task in tasks:
        assert re.search(r"(\?|\.)$", task.text), task.text
        assert "{" not in task.text + task.answer
        assert "  " not in task.text


def test_nothing_that_cannot_be_cut_is_cut(tasks: list[Task]) -> None:
    # Things that a sane task counts and never measures; "3.7 dogs" must not be found.
    things = (
        "dog|cat|pup|player|person|people|child|children|bead|card|coin|song|beat|seat|star|brick|bun|roll|goal|win"
    )
    pattern = re.compile(rf"(\d/\d+|\d\.\d+) ({things})(s|es|ies)?\b")
    assert [t.text for t in tasks if pattern.search(t.text)] == []
    assert pattern.search("A shelter has 3.7 dogs.")
