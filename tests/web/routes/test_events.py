"""`POST /events?dry_run=true`, and the test of a source through the real API."""

import json

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from lms.formats import FORMATS
from models import engine
from tests.parameters import first_of
from tests.web.conftest import AddSource, RunningApi, basic
from web.routes.events import MAX_CHECKED
from workers.cli.main import app

RUN = CliRunner()
EVENT = {"type": "item_result", "id": "e1", "student": "s1", "at": "2026-11-09T09:00:00Z", "subject": "q1"}


def stored() -> int:
    with engine.transaction() as session:
        statement = "SELECT (SELECT count(*) FROM souschef.inbox) + (SELECT count(*) FROM souschef.unread)"
        return int(session.connection().execute(text(statement)).scalar_one())


def test_a_dry_run_says_of_each_event_what_would_become_of_it_and_stores_nothing(
    api: RunningApi, add_source: AddSource
) -> None:
    with api.client() as client:
        client.headers["Authorization"] = basic(add_source("own", "canonical"))
        answer = client.post("/events?dry_run=true", json=[EVENT, {**EVENT, "type": "quiz_result"}, 5])
        assert answer.status_code == 200
        document = answer.json()
        assert [each["outcome"] for each in document["events"]] == ["parked", "ignored", "quarantined"]
        assert document["events"][0]["unknown"][0] == {"kind": "student", "name": "s1", "called": ""}
        assert "quiz_result" in document["events"][1]["detail"]
        assert (document["dry_run"], document["parked"]) == (True, 1)
        assert stored() == 0
        assert api.messages == []
        assert client.post("/events", json=EVENT).json()["accepted"] == 1
        assert client.post("/events?dry_run=true", json=EVENT).json()["events"][0]["outcome"] == "duplicate"
        assert client.post("/events?dry_run=maybe", json=EVENT).status_code == 400
        assert client.post("/events?dry_run=true", json=[EVENT] * (MAX_CHECKED + 1)).status_code == 413


@pytest.mark.parametrize("name", first_of(sorted(FORMATS), quick=2))
def test_a_source_of_each_format_is_tested_through_the_api(name: str, api: RunningApi, add_source: AddSource) -> None:
    add_source("mine", name)
    ran = RUN.invoke(app, ["source", "test", "mine", "--api", api.url, "--json"])
    assert ran.exit_code == 0, (ran.output, ran.exception)
    tested = json.loads(ran.stdout.splitlines()[-1])  # the API of this process logs before it
    assert (tested["passed"], stored()) == (True, 0), tested


def test_a_test_of_a_revoked_source_or_of_no_api_says_what_is_wrong(api: RunningApi, add_source: AddSource) -> None:
    add_source("mine", "canonical")
    nobody = RUN.invoke(app, ["source", "test", "mine", "--api", "http://127.0.0.1:1"])
    assert "No API answers" in str(nobody.exception)
    assert RUN.invoke(app, ["source", "revoke", "mine"]).exit_code == 0
    revoked = RUN.invoke(app, ["source", "test", "mine", "--api", api.url])
    assert revoked.exit_code == 1
    assert "401" in revoked.stdout
    assert "revoked" in revoked.stdout
