"""Every name of a person in an event is found, and what only looks like one is not."""

import json

from lms import person_names


def names(event: object, *, everywhere: bool = False) -> set[str]:
    return person_names.in_payload(json.dumps(event), everywhere=everywhere)


def test_fields_of_people_count_whatever_their_depth() -> None:
    event = {
        "metadata": {"user_id": 7, "user_sis_id": "s1", "user_login": "ada", "root_account_id": "1"},
        "body": {"student_sis_id": "s1", "assignment_id": "9", "course": {"id": "s2"}, "muted": True},
        "actor": {"account": {"homePage": "https://lms", "name": "42"}, "mbox": "mailto:a@b"},
    }
    assert names(event) >= {"7", "s1", "ada", "https://lms|42", "mailto:a@b"}
    assert not names(event) & {"1", "9", "s2", "True"}


def test_where_nobody_is_named_every_text_counts() -> None:
    assert names({"note": "s1", "outcome": 1.5}, everywhere=True) >= {"s1"}
    assert names({"note": "s1"}) == set()


def test_a_text_that_is_no_json_is_read_as_php_writes() -> None:
    found = person_names.in_payload(
        r'{"homePage": "https:\/\/lms", "name": "J\u00fcrgen \ud83d\ude42"', everywhere=True
    )
    assert found >= {"https://lms", "Jürgen 🙂", "https://lms|Jürgen 🙂"}


def test_what_is_nested_too_deeply_is_looked_through_too() -> None:
    """Orjson reads 1,024 levels, and Python calls itself 1,000 times."""
    assert person_names.in_payload("[" * 1_020 + '"s1"' + "]" * 1_020, everywhere=True) == {"s1"}
