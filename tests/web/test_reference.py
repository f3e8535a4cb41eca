"""The page that a person reads of the doors: it needs no other server, and names every door."""

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
