"""What would become of events, before they are sent; and the names that parked ones wait for."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from models import engine
from tasks.pipeline import check_events
from tasks.pipeline.check_events import Ending, Verdict
from tests.parameters import first_of
from tests.tasks.conftest import Ask, School
from workers.cli.main import app

pytestmark = pytest.mark.timeout(120)
RUN = CliRunner()
STUDENT = "riverside-s413"
ITEM = "4.NF.A.1 q01"
ROWS = "SELECT (SELECT count(*) FROM souschef.inbox), (SELECT count(*) FROM souschef.fact)"


def event(type_name: str = "item_result", **fields: Any) -> dict[str, Any]:
    head = {"type": type_name, "id": "e1", "student": STUDENT, "at": "2026-11-09T09:00:00Z"}
    return {**head, **({"subject": ITEM, "outcome": 1} if type_name == "item_result" else {}), **fields}


def verdict(school: School, *events: object) -> Verdict:
    with engine.transaction() as session:
        return check_events.check(session, school.sender, events)[-1]


CASES: dict[str, tuple[dict[str, Any], Ending, str, str]] = {
    "understood": (event(), Ending.APPLIED, "", ""),
    "a misspelt type": (event("quiz_result"), Ending.IGNORED, "ignored", "there is no type quiz_result"),
    "nearly a type": (event("item_reslt"), Ending.IGNORED, "ignored", "did you mean item_result?"),
    "an unknown student": (event(student="nobody"), Ending.PARKED, "unknown_student", "it waits for a load"),
    "an unknown item": (event(subject="q99"), Ending.PARKED, "unknown_item", "it waits for a load"),
    "an unknown skill": (event("skill_result", subject="1.X"), Ending.PARKED, "unknown_skill", "it waits for a load"),
    "a survey that is not allowed": (
        event("survey_answer", survey="other", subject="q", kind="rating", answer=1),
        Ending.IGNORED,
        "not_collected",
        "the source may not send the survey other",
    ),
    "an unknown question": (
        event("survey_answer", survey="interests-24", subject="q-new", kind="rating", answer=1),
        Ending.IGNORED,
        "unknown_question",
        "interests-24: q-new",
    ),
    "a missing subject": (event(subject=None), Ending.QUARANTINED, "schema", "a name or a list of names is due"),
    "the future": (event(at="2027-01-01T09:00:00Z"), Ending.QUARANTINED, "future_event", ""),
    "an order for nobody": (
        event("order", order="hold", author="t", student="nobody"),
        Ending.PARKED,
        "unknown_student",
        "",
    ),
}


@pytest.mark.parametrize("case", first_of(CASES, quick=4))
def test_each_ending_is_foretold_and_comes_true(case: str, school: School, ask: Ask) -> None:
    """Nothing is stored by the check; then the event is delivered, and ends as was said."""
    sent, outcome, code, detail = CASES[case]
    found = verdict(school, sent)
    assert (found.outcome, found.code) == (outcome, code)
    assert detail in found.detail
    assert ask(ROWS) == [(0, 0)]
    if outcome is Ending.IGNORED and code != "unknown_question":
        return  # the API does not store it
    school.deliver(sent)
    states = {"applied": "done", "ignored": "dropped"}
    assert ask("SELECT state, coalesce(code, '') FROM souschef.inbox") == [(states.get(outcome, outcome), code)]


def test_a_field_that_nobody_reads_is_named(school: School) -> None:
    found = verdict(school, event(correct=True, outcom=1, outcome=None))
    assert found.outcome is Ending.APPLIED
    assert found.unread_fields == ("correct", "outcom (did you mean outcome?)")


def test_an_event_that_came_already_is_a_duplicate(school: School) -> None:
    assert verdict(school, event(), event()).outcome is Ending.DUPLICATE
    school.deliver(event())
    assert verdict(school, event()).outcome is Ending.DUPLICATE


def parked(*words: str) -> str:
    result = RUN.invoke(app, ["parked", "list", *words], env={"COLUMNS": "200"})
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_the_names_that_events_wait_for_become_files_that_release_them(
    school: School, ask: Ask, tmp_path: Path
) -> None:
    """The whole way: events park, the CSV is completed and loaded, and they are due again; no spreadsheet runs it."""
    lms = "https://lms.example|99"
    school.deliver(*(event(id=f"i{n}", subject=["=q99", "Question 99"]) for n in range(3)), event(id="s1", student=lms))
    found = json.loads(parked("--json"))["parked"]
    assert [(row["kind"], row["name"], row["called"], row["events"]) for row in found] == [
        ("item", "=q99", "Question 99", 3),
        ("student", lms, "", 1),
    ]
    shown = parked("--source", "own")
    assert "Item: souschef parked list --csv alignments." in shown
    (item,) = csv.DictReader(io.StringIO(parked("--csv", "alignments")))
    assert (item["item"], item["skill"], item["source"]) == ("'=q99", "", "Question 99 (3)")
    (user,) = csv.DictReader(io.StringIO(parked("--csv", "users")))
    assert (user["userIds"], user["role"], user["orgSourcedIds"]) == (
        "{https://lms.example:99}",
        "student",
        "riverside",
    )
    for name, row in (("alignments.csv", item | {"skill": "4.NF.A.1"}), ("users.csv", user | {"sourcedId": "s99"})):
        with (tmp_path / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerow(row)
    loaded = RUN.invoke(app, ["load", str(tmp_path), "--json"])
    assert loaded.exit_code == 0, (loaded.output, loaded.exception)
    assert ask("SELECT state, count(*) FROM souschef.inbox GROUP BY 1") == [("pending", 4)]
    assert parked() == "No event waits for a name.\n"


def test_an_unknown_source_is_refused(school: School) -> None:
    assert RUN.invoke(app, ["parked", "list", "--source", "nope"]).exception is not None
