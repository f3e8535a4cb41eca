"""Every answer has its id, also one to a request that breaks the door; its words go nowhere."""

import httpx
import pytest

from tests.web.conftest import serving
from web import app as web_app
from web.door import Door

ID = "0123456789abcdef"


def test_a_request_that_breaks_the_door_has_its_id_and_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = web_app.create_app

    def with_a_fault(door: Door) -> object:
        app = made(door)

        @app.get("/breaks")
        def breaks() -> None:
            raise LookupError("Ada Lovelace")

        return app

    monkeypatch.setattr("tests.web.conftest.create_app", with_a_fault)
    with serving(Door()) as (url, _):
        broken = httpx.get(f"{url}/breaks", headers={"X-Request-Id": ID}, timeout=30)
        fine = httpx.get(f"{url}/health", headers={"X-Request-Id": ID}, timeout=30)
        nowhere = httpx.get(f"{url}/nothing", timeout=30)
    assert (broken.status_code, broken.json()["code"], broken.headers["x-request-id"]) == (500, "internal", ID)
    assert (fine.status_code, fine.headers["x-request-id"]) == (200, ID)
    assert (nowhere.status_code, len(nowhere.headers["x-request-id"])) == (404, 32)
    assert "Ada" not in broken.text + str(broken.headers)
    assert [record.exc_info for record in caplog.records if record.name == "uvicorn.error" and record.exc_info] == []
