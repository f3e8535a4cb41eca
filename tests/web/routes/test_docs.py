"""The API's reference page needs no other server and lists every route."""

import re

from starlette.testclient import TestClient

from web.app import create_app


def test_the_page_names_every_door_and_loads_nothing_from_elsewhere() -> None:
    client = TestClient(create_app())
    page = client.get("/docs")
    assert page.status_code == 200
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in page.text
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page.text) == []
    assert "<script" not in page.text


def test_the_page_has_the_fields_of_our_own_events_an_example_and_each_problem_once() -> None:
    page = TestClient(create_app()).get("/docs").text
    for name in ("item_result", "survey_answer", "assignment_declined", "withdraws", "expires_at"):
        assert name in page
    assert "How right it was, from 0 to 1, no percentage." in page
    assert "curl --user KEY:SECRET --json" in page
    assert page.count("body_timeout") == 1
