"""Registration: one invitation registers one platform, and leads the tool nowhere that it must not go."""

import socket
from typing import Any

import pytest

from models import engine
from models.access import lti
from tasks import outbound
from tasks.lti.services import MEMBERS_SCOPE
from tasks.outbound import AddressRefusedError, check_scheme, fetch_json, public_address
from tests.parameters import first_of
from tests.web.lti.platform import TOOL, Browser, Platform


def invite(school: int, *, private: bool = True) -> str:
    with engine.transaction() as session:
        return lti.invite(session, school, private_allowed=private)


def register(browser: Browser, secret: str, platform: Platform, **changes: str) -> Any:
    parameters = {"openid_configuration": f"{platform.url}/config", "registration_token": "the-token"} | changes
    return browser.get(f"/lti/register/{secret}", **parameters)


def test_an_invitation_registers_one_platform_once(school: int, browser: Browser, platform: Platform) -> None:
    secret = invite(school)
    answer = register(browser, secret, platform)
    assert answer.status_code == 200
    assert "registered.js" in answer.text
    assert f"frame-ancestors {platform.url}" in answer.headers["content-security-policy"]
    [(authorization, document)] = platform.registrations
    assert authorization == "Bearer the-token"
    assert document["redirect_uris"] == [f"{browser.tool}/lti/launch"]
    assert document["jwks_uri"] == f"{browser.tool}/lti/keys/{school}"
    # No claim about a person but an id, and no service but the list of a course's members.
    assert (document[TOOL]["claims"], document["scope"]) == (["iss", "sub"], MEMBERS_SCOPE)
    with engine.transaction() as session:
        [row] = lti.list_platforms(session)
    assert (row["school"], row["issuer"], row["client_id"], row["deployments"], row["product"]) == (
        "hillside", platform.url, "client-1", ["1"], "moodle",
    )  # fmt: skip
    assert register(browser, secret, platform).status_code == 400
    assert len(platform.registrations) == 1


def test_without_an_invitation_no_address_is_fetched(school: int, browser: Browser, platform: Platform) -> None:
    assert register(browser, "made-up", platform).status_code == 400
    assert platform.fetches == []


def test_an_invitation_opened_in_a_browser_is_not_used_up(school: int, browser: Browser, platform: Platform) -> None:
    secret = invite(school)
    assert browser.get(f"/lti/register/{secret}").status_code == 400
    assert register(browser, secret, platform).status_code == 200


@pytest.mark.parametrize(
    "change",
    first_of(
        [
            {"issuer": "https://another.example"},
            {"jwks_uri": "http://lms.example/certs"},
            {"registration_endpoint": "file:///etc/passwd"},
            {"authorization_endpoint": "javascript:alert(1)"},
            {"token_endpoint": None},
            {"jwks_uri": "https://user:word@lms.example/certs"},
            {"issuer": "https://lms.example; script-src *"},
        ],
        quick=2,
    ),
)
def test_a_configuration_that_says_what_it_must_not_is_refused(
    school: int, browser: Browser, platform: Platform, change: dict[str, Any]
) -> None:
    platform.configuration = change
    secret = invite(school)
    assert register(browser, secret, platform).status_code == 400
    assert platform.registrations == []
    # A mistake costs no new invitation.
    platform.configuration = {}
    assert register(browser, secret, platform).status_code == 200


def test_canvass_customers_share_one_issuer(school: int) -> None:
    from web.lti.registration import RegistrationRefusedError, _check_issuer

    config = "https://sso.canvaslms.com/api/lti/security/openid-configuration"
    _check_issuer("https://canvas.instructure.com", "https://school.instructure.com/openid", "canvas")
    for issuer, address, product in (
        ("https://canvas.instructure.com", "https://evil.example/openid", "canvas"),
        ("https://canvas.instructure.com", "https://evilinstructure.com/openid", "canvas"),
        ("https://canvas.instructure.com", "https://school.instructure.com/openid", "moodle"),
        ("https://moodle.example", config, "canvas"),
    ):
        with pytest.raises(RegistrationRefusedError):
            _check_issuer(issuer, address, product)


def test_a_slow_or_huge_answer_is_not_waited_for(
    school: int, browser: Browser, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = invite(school)
    platform.padding = outbound.MAX_BYTES
    assert register(browser, secret, platform).status_code == 400
    platform.padding, platform.slow_seconds = 0, 0.5
    monkeypatch.setattr(outbound, "SECONDS", 0.1)
    assert register(browser, secret, platform).status_code == 400
    assert platform.registrations == []


def test_a_private_address_is_refused_unless_the_invitation_allows_it(
    school: int, browser: Browser, platform: Platform
) -> None:
    assert register(browser, invite(school, private=False), platform).status_code == 400
    assert platform.fetches == []


PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "192.168.0.9",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - it is refused, not bound
    "::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "224.0.0.1",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_with_one_private_address_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two addresses, one of them public: the connection could go to either."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def resolve(*_: object, **__: object) -> list[Any]:
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))
        return [public, (family, socket.SOCK_STREAM, 6, "", (address, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(AddressRefusedError):
        fetch_json("https://lms.example/config", private_allowed=False)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes its meaning between the check and the connection gains nothing: it is resolved once."""
    asked: list[str] = []

    def resolve(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert public_address("lms.example", 443) == "93.184.216.34"
    assert asked == ["lms.example"]


@pytest.mark.parametrize(
    "url", ["http://lms.example/x", "ftp://lms.example", "https://", "https://[", "http://10.0.0.1/"]
)
def test_only_https_leaves_the_house(url: str) -> None:
    for private in (False, True):
        with pytest.raises(AddressRefusedError):
            check_scheme(url, private_allowed=private)


def test_registration_is_refused_while_our_own_address_is_plain_http(
    school: int, browser: Browser, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from config import settings as configuration

    monkeypatch.setenv("SOUSCHEF_WEB_URL", "http://souschef.example")
    configuration.settings.cache_clear()
    answer = register(browser, invite(school), platform)
    assert (answer.status_code, "https" in answer.text) == (400, True)
    assert platform.fetches == []


def test_the_keys_rotate_with_two_published_and_are_never_stored_in_clear(school: int, browser: Browser) -> None:
    from config.settings import settings
    from tasks.lti import keys

    assert browser.get(f"/lti/keys/{school}").status_code == 404
    invite(school)
    first = browser.get(f"/lti/keys/{school}")
    assert first.headers["cache-control"] == "public, max-age=3600"
    [old] = first.json()["keys"]
    assert set(old) == {"kty", "n", "e", "kid", "alg", "use"}
    with engine.transaction() as session:
        new = keys.rotate(session, school, secret_key=settings().secret_key_bytes())
    assert [key["kid"] for key in browser.get(f"/lti/keys/{school}").json()["keys"]] == [new, old["kid"]]
    with engine.transaction() as session:
        [stored] = session.connection().exec_driver_sql("SELECT string_agg(pem, '') FROM souschef.lti_key").scalars()
    assert stored.count("ENCRYPTED PRIVATE KEY") == 4
