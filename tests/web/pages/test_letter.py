"""A letter says what is known of a student, why, for how long, and whom to ask; a class has a language."""

import json

import pytest
from typer.testing import CliRunner

from tests.tasks.conftest import School, ask
from workers.cli.main import app

RUN = CliRunner()
CONTACT = "Ms Morgan, office@riverside.example"


def letter(ref: str, *options: str) -> str:
    result = RUN.invoke(app, ["letter", ref, "--contact", CONTACT, *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_letter_has_its_four_parts_and_only_this_student(school: School, student_ref: str) -> None:
    [(name,)] = ask("SELECT given_name FROM souschef.person WHERE ref = :ref", ref=student_ref)
    text = letter(student_ref)
    for part in (f"Dear parents of {name},", "What is known", "Why", "For how long", "Whom to ask", CONTACT):
        assert part in text
    assert "4 answers to tasks" in text
    assert "- Parts of a whole: Nearly there (3 of the last 4 right)" in text
    assert "deleted after 14 days" in text
    others = ask("SELECT family_name FROM souschef.person WHERE role = 'student' AND ref <> :ref", ref=student_ref)
    assert [other for (other,) in others if f" {other}" in text] == []
    assert max(len(line) for line in text.splitlines()) <= 78
    assert ask("SELECT action, jsonb_array_length(subjects) FROM souschef.access") == [("letter", 1)]


def test_a_letter_says_what_the_school_has_set(school: School, student_ref: str) -> None:
    ask("INSERT INTO souschef.retention (school_id, kind, days) SELECT id, 'raw', 1 FROM souschef.school RETURNING 1")
    ask("UPDATE souschef.person SET interests_enabled = false WHERE ref = :ref RETURNING 1", ref=student_ref)
    text = " ".join(letter(student_ref).split())
    assert "deleted after 1 day." in text
    assert "Interests are switched off" in text


@pytest.mark.parametrize(("tag", "words"), [("de", "Liebe Eltern von"), ("es", "Estimada familia de")])
def test_a_letter_is_written_in_the_parents_language(school: School, student_ref: str, tag: str, words: str) -> None:
    assert words in json.loads(letter(student_ref, "--language", tag, "--json"))["letter"]


def test_a_letter_to_nobody_is_refused(school: School) -> None:
    result = RUN.invoke(app, ["letter", "nobody", "--contact", CONTACT])
    assert result.exit_code != 0


def test_the_language_of_a_class_is_set_and_left_to_browsers_again(school: School) -> None:
    languages = "SELECT DISTINCT language FROM souschef.class"
    assert RUN.invoke(app, ["language", "de", "--class", "MATH-5A"]).output == (
        "The pages of 1 class are in Deutsch now.\n"
    )
    assert ("de",) in ask(languages)
    result = RUN.invoke(app, ["language", "any", "--json"])
    assert json.loads(result.output)["language"] is None
    assert ask(languages) == [(None,)]


def test_a_language_that_the_pages_do_not_speak_is_refused(school: School) -> None:
    result = RUN.invoke(app, ["language", "xx"])
    assert result.exit_code == 2 or "There are no pages in xx" in str(result.exception)
