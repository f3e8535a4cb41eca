"""Logs of responses: what is read, what is unknown, what is refused with its line and a hint."""

import pytest

from learning.fitting.response_log import LogError, ResponseLog, parse_log

HEADER = "student,seq,item,skills,correct,timestamp_s,split\n"


def log(*rows: str, header: str = HEADER, groups: tuple[str, ...] = ()) -> ResponseLog:
    return parse_log([header, *(row + "\n" for row in rows)], groups=groups)


def test_a_students_responses_come_in_the_order_of_seq() -> None:
    student = log("ann,2,b,x,1,,train", "ann,1,a,x;y,0,,train").students[0]
    assert [response.outcome for response in student.responses] == [0.0, 1.0]
    assert [response.skills for response in student.responses] == [(0, 1), (0,)]
    assert student.train


def test_names_are_numbered_as_they_come() -> None:
    read = log("ann,1,p,x,1,,test", "bob,1,q,y;x,1,,train")
    assert read.skills == ("x", "y")
    assert read.items == ("p", "q")
    assert read.students[1].responses[0].skills == (1, 0)
    assert not read.students[0].train


@pytest.mark.parametrize("item", ["", "same"])
def test_an_item_that_is_empty_or_always_the_same_is_unknown(item: str) -> None:
    read = log(f"ann,1,{item},x,1,,train", f"bob,1,{item},x,1,,train")
    assert all(student.responses[0].item is None for student in read.students)
    assert read.items == ()


def test_an_unknown_time_is_the_time_before_it() -> None:
    times = [r.at for r in log("a,1,p,x,1,,train", "a,2,q,x,1,50.5,train", "a,3,p,x,1,,train").students[0].responses]
    assert times == [0.0, 50.5, 50.5]


def test_an_empty_outcome_is_unknown_and_a_fraction_is_partial_credit() -> None:
    outcomes = [r.outcome for r in log("a,1,p,x,,,train", "a,2,q,x,0.25,,train").students[0].responses]
    assert outcomes == [None, 0.25]


def test_only_four_columns_are_needed() -> None:
    read = log("a,1,x,1", "b,1,,0", header="student,seq,skills,correct\n")
    assert read.students[0].responses[0].item is None
    assert read.students[1].responses[0].skills == ()


def test_without_a_split_a_fifth_of_the_students_is_held_out() -> None:
    read = log(*(f"s{n},1,{n},x,1,,"[:-1] for n in range(50)), header="student,seq,item,skills,correct,timestamp_s\n")
    assert sum(not student.train for student in read.students) == 10


def test_the_protocol_order_is_seeded_and_independent_of_the_file() -> None:
    rows = [f"s{n},1,{n},x,1,,{'test' if n % 3 == 0 else 'train'}" for n in range(30)]
    here, there = log(*rows), log(*reversed(rows))
    for part in (0, 1):
        order = [student.ref for student in here.in_protocol_order(7)[part]]
        assert order == [student.ref for student in there.in_protocol_order(7)[part]]
        assert order != [student.ref for student in here.in_protocol_order(8)[part]]
        assert order != sorted(order)


def test_a_column_can_be_asked_for_as_a_group() -> None:
    read = log("a,1,x,1,north", header="student,seq,skills,correct,region\n", groups=("region",))
    assert read.students[0].groups == ("north",)


@pytest.mark.parametrize(
    ("rows", "line", "word"),
    [
        (["a,1,p,x,yes,,train"], 2, "correct"),
        (["a,1,p,x,2,,train"], 2, "correct"),
        (["a,1,p,x,nan,,train"], 2, "correct"),
        (["a,1,p,x,1,,train", "a,one,p,x,1,,train"], 3, "seq"),
        (["a,1,p,x,1,soon,train"], 2, "timestamp_s"),
        (["a,1,p,x,1,inf,train"], 2, "timestamp_s"),
        (["a,1,p,x,1,,valid"], 2, "split"),
        (["a,1,p,x,1,,train", "a,2,p,x,1,,test"], 3, "split"),
        ([",1,p,x,1,,train"], 2, "student"),
        (["a,,p,x,1,,train"], 2, "seq"),
        (["a,1,p"], 2, "3 values"),
        ([], 1, "no responses"),
    ],
)
def test_what_cannot_be_read_is_named_by_line(rows: list[str], line: int, word: str) -> None:
    with pytest.raises(LogError, match=word) as caught:
        log(*rows)
    assert caught.value.line == line
    assert caught.value.hint


def test_a_missing_column_is_named_beside_those_that_are_there() -> None:
    with pytest.raises(LogError, match=r"no column .correct..*student, seq, skills"):
        log("a,1,x", header="student,seq,skills\n")
    with pytest.raises(LogError, match="no column 'region'"):
        log("a,1,p,x,1,,train", groups=("region",))
    with pytest.raises(LogError, match="empty"):
        parse_log([])


def test_what_is_no_csv_at_all_is_said_so() -> None:
    """A field may not be longer than 131,072 characters: the limit of the csv module."""
    with pytest.raises(LogError, match="not CSV"):
        log("a,1,p,x,1,,train", header="x" * 200_000 + "\n")
    with pytest.raises(LogError, match="not CSV") as caught:
        log("a,1,p,x,1,,train", "b,1," + "p" * 200_000)
    assert caught.value.line == 3
