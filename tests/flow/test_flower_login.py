"""Who gets into Flower where a provider knows the people of the school, with cookies as Flower signs them."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from tornado.web import create_signed_value

from config.settings import Settings
from workers.local.supervisor import RunningSystem, running

pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(100)]
PAGES = ("/", "/tasks", "/workers", "/broker", "/api/tasks", "/api/workers")


@pytest.fixture
def flower(database_settings: Settings) -> Iterator[RunningSystem]:
    settings = {
        "flower_oauth_allowed": ".*@school.example",
        "flower_oauth_key": "the-client-id",
        "flower_oauth_secret": SecretStr("the-client-secret"),
        "flower_oauth_redirect_url": "https://flower.school.example/login",
        "flower_oauth_provider": "google",
    }
    with running(database_settings.model_copy(update=settings), processes=("flower",), free_ports=True) as found:
        yield found


def test_only_whom_the_provider_knows_and_the_school_allows_gets_in(flower: RunningSystem) -> None:
    def signed(address: str) -> dict[str, str]:
        secret = (flower.data_dir / "flower.cookie").read_text().strip()
        return {"Cookie": f"user={create_signed_value(secret, 'user', address).decode()}"}

    with httpx.Client(base_url=flower.flower_url, timeout=10) as client:
        for page in PAGES:
            assert client.get(page, headers=signed("cook@school.example")).status_code == 200, page
            password = httpx.BasicAuth(flower.flower_user, flower.flower_password)
            refused = (client.get(page), client.get(page, headers=signed("cook@other.example")))
            for answer in (*refused, client.get(page, auth=password), client.get(page, headers={"Cookie": "user=x"})):
                assert answer.status_code in (302, 401, 403), page
                assert "souschef" not in answer.text.lower()
        there = urlsplit(client.get("/login").headers["Location"])
        asked = parse_qs(there.query)
        assert there.hostname == "accounts.google.com"
        assert asked["client_id"] == ["the-client-id"]
        assert asked["redirect_uri"] == ["https://flower.school.example/login"]
        # Back without the state that Flower gave along: somebody else's login, forged.
        assert client.get("/login?code=x&state=y").status_code == 403
    written = "".join(path.read_text() for path in (flower.data_dir / "logs").iterdir())
    assert "the-client-secret" not in written
