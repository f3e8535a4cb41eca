"""Real clients from the package registries, unchanged, use the API."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tests.web.conftest import AddSource, RunningApi

Rows: TypeAlias = Callable[[], list[tuple[str, str, bytes]]]


def test_the_tincan_client_saves_statements(api: RunningApi, add_source: AddSource, inbox_rows: Rows) -> None:
    tincan = pytest.importorskip("tincan", reason="the tincan client is not installed: pip install tincan")
    credential = add_source("tincan", "xapi")
    lrs = tincan.RemoteLRS(
        endpoint=f"{api.url}/xapi/", version="1.0.3", username=credential.key, password=credential.secret
    )
    about = lrs.about()
    assert about.success
    assert "1.0.3" in about.content.version
    account = tincan.AgentAccount(name="554433", home_page="https://lms.school.test")
    quiz = tincan.ActivityDefinition(type="http://adlnet.gov/expapi/activities/cmi.interaction")

    def statement(number: int) -> Any:
        return tincan.Statement(
            actor=tincan.Agent(account=account),
            verb=tincan.Verb(id="http://adlnet.gov/expapi/verbs/answered"),
            object=tincan.Activity(id=f"https://lms.school.test/q/{number}", definition=quiz),
            result=tincan.Result(success=True),
        )

    one = lrs.save_statement(statement(1))
    assert one.success, one.data
    many = lrs.save_statements([statement(2), statement(3)])
    assert many.success, many.data
    assert len(many.content) == 2
    rows = [json.loads(payload) for _, payload, _ in inbox_rows()]
    assert sorted(row["object"]["id"] for row in rows) == [f"https://lms.school.test/q/{n}" for n in (1, 2, 3)]
    refused = tincan.RemoteLRS(endpoint=f"{api.url}/xapi/", version="1.0.3", username="x", password="y")
    assert not refused.save_statement(statement(4)).success
