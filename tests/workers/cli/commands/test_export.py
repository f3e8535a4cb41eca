"""`souschef export moodle-xml`: the class's tasks as questions, whose answers count after the alignments are loaded."""

import copy
import csv
import json
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree as Safe
from typer.testing import CliRunner

from config.settings import settings
from learning.answer_check import is_right
from models import engine
from models.access import sources
from tests.lms.conftest import statements_in
from tests.tasks.conftest import School, ask, own_database, school, school_template  # noqa: F401 - fixtures
from workers.cli.main import app

RUN = CliRunner()
CLASS = "MATH-5A"
SKILL = "5.NF.A.1"


def export(folder: Path, *options: str) -> dict[str, Any]:
    result = RUN.invoke(app, ["export", "moodle-xml", CLASS, "--folder", str(folder), "--json", *options])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def questions(folder: Path) -> list[Any]:
    tree = Safe.fromstring((folder / "quiz.xml").read_bytes())
    return [each for each in tree.findall("question") if each.get("type") != "category"]


def is_answer(statement: dict[str, Any]) -> bool:
    """Whether a recorded statement is an answer to a quiz's question."""
    return (
        statement["verb"]["id"].endswith("/answered")
        and "quiz" in json.dumps(statement["context"])
        and "success" in statement["result"]
    )


def test_every_task_of_an_open_skill_is_a_question_with_its_right_answer(school: School, tmp_path: Path) -> None:  # noqa: F811 - the fixture of that name
    counts = export(tmp_path / "quiz")
    tasks = {row[0]: row[1:] for row in ask("SELECT ref, answer, text FROM souschef.material")}
    found = questions(tmp_path / "quiz")
    names = [each.findtext("name/text") for each in found]
    assert len(set(names)) == len(names) == counts["numerical"] + counts["multiple_choice"]
    assert set(names) | set(counts["tasks_left_out"]) == tasks.keys()
    # 607 answers are plain numbers; what is left out is less than a tenth.
    assert counts["numerical"] == 607
    assert counts["left_out"] == len(counts["tasks_left_out"]) < len(tasks) / 10
    for each in found:
        answer, _ = tasks[each.findtext("name/text")]
        right = [a.findtext("text") for a in each.findall("answer") if a.get("fraction") == "100"]
        wrong = [a.findtext("text") for a in each.findall("answer") if a.get("fraction") == "0"]
        assert len(right) == 1
        assert is_right(answer, right[0])
        assert not any(is_right(answer, other) for other in wrong)
        assert bool(wrong) == (each.get("type") == "multichoice")


def test_an_answer_in_the_schools_own_quiz_is_evidence(school: School, tmp_path: Path) -> None:  # noqa: F811 - see above
    """A recorded answer of Moodle's, with the name of an exported question: the fact is of the task's skill."""
    folder = tmp_path / "quiz"
    export(folder, "--skill", SKILL)
    with (folder / "alignments.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["skill"] for row in rows} == {SKILL}
    assert {row["item"] for row in rows} == {each.findtext("name/text") for each in questions(folder)}
    loaded = RUN.invoke(app, ["load", str(folder), "--json"])
    assert loaded.exit_code == 0, loaded.output
    name = rows[0]["item"]
    statement = copy.deepcopy(next(each for each in statements_in("moodle_class.jsonl.gz") if is_answer(each)))
    language = next(iter(statement["object"]["definition"]["name"]))
    statement["object"]["definition"]["name"] = {language: name}
    statement["object"]["id"] = "https://moodle.riverside.example/question/bank/question.php?cmid=9&id=99001"
    statement["result"]["success"] = True
    key = settings().secret_key_bytes()
    with engine.transaction() as session:
        credential = sources.credential(session, "moodle", secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
    assert sender is not None
    School(sender).deliver(statement)
    assert ask("SELECT state, code FROM souschef.inbox ORDER BY id DESC LIMIT 1") == [("done", None)]
    [(skill, outcome)] = ask(
        """SELECT skill.ref, fact.outcome FROM souschef.fact JOIN souschef.item ON item.id = fact.item_id
             JOIN souschef.alignment ON alignment.item_id = item.id JOIN souschef.skill ON skill.id = alignment.skill_id
            WHERE item.ref = :name""",
        name=name,
    )
    assert (skill, outcome) == (SKILL, 1.0)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["NOBODY"], 2, "no class NOBODY"),
        ([CLASS, "--skill", "8.G.A.1"], 2, "does not work on 8.G.A.1 now"),
    ],
)
def test_what_cannot_be_written_is_said(
    school: School, tmp_path: Path, words: list[str], code: int, message: str  # noqa: F811 - see above
) -> None:  # fmt: skip
    result = RUN.invoke(app, ["export", "moodle-xml", *words, "--folder", str(tmp_path / "quiz")])
    assert result.exception is not None
    assert getattr(result.exception, "exit_code", None) == code
    assert message in str(result.exception)
    assert not (tmp_path / "quiz").exists()


def test_a_second_export_replaces_nothing_unless_it_is_asked_to(school: School, tmp_path: Path) -> None:  # noqa: F811 - see above
    folder = tmp_path / "quiz"
    export(folder, "--skill", SKILL)
    before = (folder / "quiz.xml").read_bytes()
    again = RUN.invoke(app, ["export", "moodle-xml", CLASS, "--folder", str(folder)])
    assert getattr(again.exception, "exit_code", None) == 2
    assert (folder / "quiz.xml").read_bytes() == before
    export(folder, "--skill", SKILL, "--force")
    assert (folder / "quiz.xml").read_bytes() == before
