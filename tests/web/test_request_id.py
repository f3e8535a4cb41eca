"""Every response has an id, also after an unexpected error, whose message is shown nowhere."""

import httpx
import pytest
from sqlalchemy.exc import DataError, OperationalError

from models.engine import DatabaseUnreachableError
from tests.web.conftest import serving
from web import app as web_app
from web.dependencies import ApiState

ID = "0123456789abcdef"


def test_a_request_that_breaks_the_door_has_its_id_and_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = web_app.create_app

    def with_a_fault(state: ApiState) -> object:
        app = made(state)

        @app.get("/breaks")
        @app.get("/lti/breaks")
        def breaks() -> None:
            raise LookupError("Ada Lovelace")

        return app

    monkeypatch.setattr("tests.web.conftest.create_app", with_a_fault)
    with serving(ApiState()) as (url, _):
        broken = httpx.get(f"{url}/breaks", headers={"X-Request-Id": ID}, timeout=30)
        page = httpx.get(f"{url}/lti/breaks", headers={"X-Request-Id": ID}, timeout=30)
        fine = httpx.get(f"{url}/health", headers={"X-Request-Id": ID}, timeout=30)
        nowhere = httpx.get(f"{url}/nothing", timeout=30)
    assert (broken.status_code, broken.json()["code"], broken.headers["x-request-id"]) == (500, "internal", ID)
    assert (fine.status_code, fine.headers["x-request-id"]) == (200, ID)
    assert (nowhere.status_code, len(nowhere.headers["x-request-id"])) == (404, 32)
    assert "Ada" not in broken.text + str(broken.headers) + page.text
    # A browser gets a page, and a page keeps its policy.
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "Something went wrong" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert [record.exc_info for record in caplog.records if record.name == "uvicorn.error" and record.exc_info] == []


@pytest.mark.parametrize(
    "failure",
    [
        DatabaseUnreachableError("The database cannot be reached: Ada Lovelace."),
        OperationalError("SELECT 'Ada Lovelace'", {}, Exception("Ada Lovelace")),
        DataError("SELECT 'Ada Lovelace'", {}, Exception("Ada Lovelace")),
    ],
)
def test_a_route_needs_no_handler_of_its_own_for_the_database(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = web_app.create_app

    def with_a_failure(state: ApiState) -> object:
        app = made(state)

        @app.get("/fails")
        def fails() -> None:
            raise failure

        return app

    monkeypatch.setattr("tests.web.conftest.create_app", with_a_failure)
    with serving(ApiState()) as (url, _):
        answer = httpx.get(f"{url}/fails", timeout=30)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "5")
    assert "Ada" not in answer.text
