"""Answers of Google and Microsoft forms, sent as docs/lms says, arrive in the API and are understood."""

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from learning.surveys.questionnaire import Questionnaire
from learning.surveys.scoring import score
from lms import formats
from lms.facts import Fact, SourceRules
from models.access.sources import Credential
from tests.web.conftest import AddSource, RunningApi, basic

ROOT = Path(__file__).parents[2]
DOCUMENT = {
    "survey": "likes",
    "title": "What do you like?",
    "questions": [
        {"ref": "q1", "aliases": ["I like sports."], "kind": "rating", "scale": [1, 5], "topics": {"sports": 1.0}},
        {
            "ref": "q2",
            "aliases": ["A free Saturday?"],
            "kind": "choices",
            "options": {
                "Sing, or play in a band": {"music": 1.0},
                "Play a ball game": {"sports": 1.0},
                "Visit a farm": {"animals": 1.0},
            },
        },
        {"ref": "q3", "aliases": ["Anything else?"], "kind": "text"},
    ],
}
TITLES = ["I like sports.", "A free Saturday?", "Anything else?"]
QUESTIONS = {name: each for each in Questionnaire.from_document(DOCUMENT).questions for name in each.names}
BOTH = "Sing, or play in a band", "Play a ball game"
GOOGLE = f"""Timestamp,Email Address,{",".join(TITLES)}
2026/09/01 9:05:30 AM GMT+2,ada@elm.example,4,"{", ".join(BOTH)}",my dog
2026/09/01 9:06:10 PM GMT+2,bo@elm.example,,Play a ball game,
"""
Rows = Callable[[], list[tuple[str, str, bytes]]]
STAND_INS = """
const properties = { KEY: "key", SECRET: "secret" }, sent = [];
const PropertiesService = { getScriptProperties: () => ({ getProperty: (name) => properties[name] }) };
const Utilities = { base64Encode: (text) => Buffer.from(text).toString("base64") };
const UrlFetchApp = { fetch: (url, options) => sent.push({ url, ...options }) };
const item = (title, answer) => ({ getItem: () => ({ getTitle: () => title }), getResponse: () => answer });
const response = {
  getId: () => "2_ABaOnu", getTimestamp: () => new Date("2026-09-01T07:05:30Z"),
  getRespondentEmail: () => "ada@elm.example",
  getItemResponses: () => [
    item("I like sports.", "4"), item("A free Saturday?", BOTH), item("Anything else?", "my dog"),
  ],
};
const FormApp = { getActiveForm: () => ({ getResponses: () => [response] }) };
"""


def sent_by_script(file: Path, api: RunningApi, credential: Credential) -> str:
    """Run the script of the page; return what it printed."""
    questionnaire = file.parent / "likes.json"
    questionnaire.write_text(json.dumps(DOCUMENT))
    script = ROOT / "examples" / "senders" / "form_responses.py"
    ran = subprocess.run(
        [sys.executable, script, file, "--questionnaire", questionnaire, "--api", api.url],
        env=os.environ | {"SOUSCHEF_SOURCE": f"{credential.key}:{credential.secret}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


def understood(payload: str) -> dict[str, Any]:
    """Return what is stored of a response, by question: a point of the scale, the topics that were ticked."""
    found = formats.format_named("typeform").parse(json.loads(payload), rules=SourceRules(surveys=frozenset({"likes"})))
    assert isinstance(found, tuple)
    facts = [fact for fact in found if isinstance(fact, Fact)]
    scores = [score(QUESTIONS[fact.subject[0]], fact.value, reader=None) for fact in facts]
    ticked = [sorted(topic for topic, share in each.get("shares", {}).items() if share) for each in scores]
    return {each["question"]: each.get("rating", topics) for each, topics in zip(scores, ticked, strict=True)}


@pytest.fixture
def forms(add_source: AddSource) -> Credential:
    return add_source("forms", "typeform", surveys=("likes",))


def test_a_csv_of_google_is_sent_once_however_often(
    api: RunningApi, forms: Credential, inbox_rows: Rows, tmp_path: Path
) -> None:
    """An option holds a comma, as which Google separates them; Bo left two questions empty."""
    file = tmp_path / "responses.csv"
    file.write_text(GOOGLE)
    assert sent_by_script(file, api, forms) == "2 accepted"
    assert sent_by_script(file, api, forms) == "2 duplicates"
    ada, bo = [payload for _, payload, _ in inbox_rows()]
    assert understood(ada) == {"q1": 4, "q2": ["music", "sports"], "q3": []}
    assert understood(bo) == {"q2": ["sports"]}
    times = [json.loads(each)["form_response"]["submitted_at"] for each in (ada, bo)]
    assert times == ["2026-09-01T09:05:30+02:00", "2026-09-01T21:06:10+02:00"]


@pytest.mark.full
def test_a_workbook_of_microsoft_is_sent_without_who_is_anonymous(
    api: RunningApi, forms: Credential, inbox_rows: Rows, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    at = dt.datetime(2026, 9, 1, 9, 5, 30)  # noqa: DTZ001 - as a spreadsheet has it
    for row in (
        ["ID", "Start time", "Completion time", "Email", "Name", *TITLES],
        [1, at, at, "ada@elm.example", "Ada", 4, f"{';'.join(BOTH)};", "my dog"],
        [2, at, at, "anonymous", None, 5, None, None],
    ):
        book.worksheets[0].append(row)
    file = tmp_path / "responses.xlsx"
    book.save(file)
    assert sent_by_script(file, api, forms) == "1 accepted, 1 without a student"
    [(_, payload, _)] = inbox_rows()
    assert understood(payload) == {"q1": 4, "q2": ["music", "sports"], "q3": []}
    assert json.loads(payload)["form_response"]["submitted_at"] == "2026-09-01T09:05:30"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed: apt-get install nodejs")
def test_what_the_script_for_google_forms_posts_is_understood(
    api: RunningApi, forms: Credential, inbox_rows: Rows
) -> None:
    """The script of the page with stand-ins for Google's objects: a submitted form, and all of them again."""
    page = (ROOT / "docs" / "lms" / "google-forms.md").read_text()
    [script] = re.findall(r"^```javascript\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    program = f"const BOTH = {json.dumps(BOTH)};{STAND_INS}{script.replace('FORM_ID', 'likes')}"
    program += "onSubmit({ response }); sendAll(); console.log(JSON.stringify(sent));"
    ran = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True)
    posted = json.loads(ran.stdout)
    assert {(each["url"], each["method"], each["contentType"]) for each in posted} == {
        ("https://souschef.school.example/surveys", "post", "application/json")
    }
    assert posted[0]["headers"] == {"Authorization": "Basic a2V5OnNlY3JldA=="}  # key:secret
    with api.client() as client:
        for each in posted:
            headers = {"Content-Type": each["contentType"], "Authorization": basic(forms)}
            answered = client.post("/surveys", content=each["payload"], headers=headers)
            assert answered.status_code == 200, answered.text
    [(_, payload, _)] = inbox_rows()
    assert understood(payload) == {"q1": 4, "q2": ["music", "sports"], "q3": []}
