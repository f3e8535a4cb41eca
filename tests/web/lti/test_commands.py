"""`souschef lti` and `souschef link`, as an operator types them."""

import json

import pytest
from typer.testing import CliRunner

from models import engine
from models.access import lti
from tests.web.lti.platform import Browser, Platform
from tests.web.lti.test_launch import ask
from workers.cli.main import app

RUN = CliRunner()


def souschef(*words: str) -> str:
    ran = RUN.invoke(app, list(words))
    assert ran.exit_code == 0, (ran.output, ran.exception)
    return ran.output


def test_an_invitation_is_listed_as_a_registration_once_it_was_used(
    school: int, browser: Browser, platform: Platform
) -> None:
    address = json.loads(souschef("lti", "invite", "--private", "--json"))["url"]
    assert "No LMS is registered yet" in souschef("lti", "list")
    path = address.partition("/lti/")[2]
    browser.get(f"/lti/{path}", openid_configuration=f"{platform.url}/config")
    assert platform.url in souschef("lti", "list")
    [row] = json.loads(souschef("lti", "list", "--json"))["registrations"]
    assert (row["product"], row["deployments"]) == ("moodle", ["1"])


def test_what_is_unknown_is_listed_with_the_command_that_admits_it(registered: Platform, browser: Browser) -> None:
    assert "known" in souschef("lti", "unknown")
    browser.launch(registered, sub="99")
    [line] = json.loads(souschef("lti", "unknown", "--json"))["unknown"]
    assert f"souschef lti match {line['id']} REF" in souschef("lti", "unknown")
    souschef("lti", "match", str(line["id"]), "b1-s2")
    assert browser.launch(registered, sub="99").status_code == 303
    # Who was matched by whom stands in the access log.
    assert ask("SELECT action, jsonb_array_length(subjects) FROM souschef.access") == [("lti match", 1)]


@pytest.mark.parametrize("words", [["999", "b1-s2"], ["{line}"], ["{line}", "nobody"]])
def test_a_match_that_means_nobody_is_refused(registered: Platform, browser: Browser, words: list[str]) -> None:
    browser.launch(registered, sub="99")
    [line] = json.loads(souschef("lti", "unknown", "--json"))["unknown"]
    ran = RUN.invoke(app, ["lti", "match", *(word.format(line=line["id"]) for word in words)])
    assert ran.exit_code != 0
    assert browser.launch(registered, sub="99").status_code == 403


def test_an_lms_that_cannot_register_itself_is_added_by_hand(school: int, browser: Browser, platform: Platform) -> None:
    settings = [f"issuer={platform.url}", "client_id=client-1", f"auth_url={platform.url}/auth",
            f"token_url={platform.url}/token", f"jwks_url={platform.url}/certs", "deployment=1"]  # fmt: skip
    assert RUN.invoke(app, ["lti", "add", *settings]).exit_code != 0  # a private address, which nobody has allowed
    assert RUN.invoke(app, ["lti", "add", *settings[1:], "--private"]).exit_code != 0
    assert f"/lti/keys/{school}" in souschef("lti", "add", *settings, "--private")
    assert browser.launch(platform).status_code == 403
    assert "person" in souschef("lti", "unknown")


def test_an_invitation_needs_an_https_address(school: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from config import settings as configuration

    monkeypatch.setenv("SOUSCHEF_WEB_URL", "http://souschef.example")
    configuration.settings.cache_clear()
    ran = RUN.invoke(app, ["lti", "invite"])
    assert "SOUSCHEF_WEB_URL" in str(ran.exception)


def test_revoke_ends_a_registration(registered: Platform, browser: Browser) -> None:
    with engine.transaction() as session:
        number = lti.list_platforms(session)[0]["id"]
    assert registered.url in souschef("lti", "revoke", str(number))
    assert "revoked" in souschef("lti", "list")
    assert RUN.invoke(app, ["lti", "revoke", "999"]).exit_code != 0


def test_rotate_makes_a_new_key(school: int, browser: Browser) -> None:
    kid = souschef("lti", "rotate").split()[1]
    souschef("lti", "invite")
    assert [key["kid"] for key in browser.get(f"/lti/keys/{school}").json()["keys"]] == [kid]


def test_a_link_is_made_listed_and_revoked(school: int, tool: str) -> None:
    made = json.loads(souschef("link", "student", "b1-s1", "--hours", "2", "--json"))
    path = f"/link/{made['url'].partition('/link/')[2]}"
    browser = Browser(tool, framed=False)
    assert browser.get(path).status_code == 303
    assert "student b1-s1" in souschef("link", "list")
    souschef("link", "revoke", str(made["id"]))
    assert browser.get(path).status_code == 403
    assert ask("SELECT action FROM souschef.access ORDER BY number") == [("link",), ("link revoke",)]
    teacher = souschef("link", "teacher", "b1-t1")
    assert "/link/" in teacher
    for words in (["student", "b1-t1"], ["student", "b1-s1", "--hours", "0"], ["teacher", "b1-t1", "--class", "X"]):
        assert RUN.invoke(app, ["link", *words]).exit_code != 0
