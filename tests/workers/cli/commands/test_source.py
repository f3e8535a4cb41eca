"""The command that sets what a source needs to check signatures."""

import base64
import hashlib
import hmac
import json

import pytest
from typer.testing import CliRunner, Result

from config.errors import OperatorError
from config.settings import Settings, settings
from models import engine
from models.access import sources
from models.tables import School
from web.auth import webhook_signed
from web.routes.canvas import _candidates
from workers.cli.commands import source as command

URL = "https://keys.example/jwks"


@pytest.fixture(autouse=True)
def _school(database_settings: Settings) -> None:
    with engine.transaction() as session:
        session.add(School(ref="riverside", name="Riverside"))
        session.flush()
        for name, spoken in (("canvas", "canvas"), ("moodle", "moodle")):
            sources.add(session, name, format=spoken, secret_key=settings().secret_key_bytes())


def run(*words: str) -> Result:
    """Run `souschef source set` with these words."""
    return CliRunner().invoke(command.app, ["set", *words])


def stored(name: str = "canvas") -> dict[str, object]:
    """Return what the database holds."""
    with engine.transaction() as session:
        return sources.find_source(session, name)[0].settings


def test_the_api_looks_up_what_was_set() -> None:
    ran = run("canvas", f"jwks_url={URL}", "root_accounts=r-2, r-1", "--json")
    assert json.loads(ran.stdout) == {
        "source": "canvas",
        "settings": {"jwks_url": URL, "root_accounts": ["r-1", "r-2"]},
    }
    assert [(sender.name, url) for sender, url in _candidates("r-2")] == [("canvas", URL)]
    assert _candidates("r-3") == []


def test_a_second_setting_keeps_the_first_and_an_empty_value_removes_one() -> None:
    run("canvas", f"jwks_url={URL}")
    assert run("canvas", "root_accounts=r-1").stdout == f"jwks_url = {URL}\nroot_accounts = r-1\n"
    run("canvas", "jwks_url=")
    assert stored() == {"root_accounts": ["r-1"]}
    assert run("canvas", "root_accounts=").stdout == "canvas has no settings.\n"


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (("canvas", "jwks_url=http://keys.example/jwks"), "must be an https:// address"),
        (("canvas", "jwks_url=https://"), "must be an https:// address"),
        (("canvas", "jwks_url=https://me:pass@keys.example/"), "must be an https:// address"),
        (("canvas", "jwks_url=https://[::1"), "must be an https:// address"),
        (("canvas", f"jwks_url=https://{'a' * 70}.example/"), "must be an https:// address"),
        (("canvas", "jwks_url=https://xn--a/"), "must be an https:// address"),
        (("canvas", "root_accounts=,"), "names no account"),
        (("canvas", "root_accounts"), "write KEY=VALUE"),
        (("canvas", "colour=blue"), "there are jwks_url, root_accounts, timezone"),
        (("moodle", f"jwks_url={URL}"), "source of the format moodle has no setting jwks_url"),
        (("canvsa", f"jwks_url={URL}"), "no source named canvsa"),
    ],
)
def test_an_invalid_setting_is_refused_and_changes_nothing(words: tuple[str, ...], output: str) -> None:
    run("canvas", "root_accounts=before")
    ran = run(words[0], "root_accounts=r-9", *words[1:]) if words[0] == "canvas" else run(*words)
    assert isinstance(ran.exception, OperatorError)
    assert output in str(ran.exception)
    assert stored() == {"root_accounts": ["before"]}
    assert stored("moodle") == {}


def test_the_address_is_the_one_that_senders_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """For Moodle its endpoint is printed too, to which it appends the path of the statements."""
    monkeypatch.setenv("SOUSCHEF_WEB_HOST", "0.0.0.0")  # noqa: S104 - as in a container
    settings.cache_clear()
    output = CliRunner().invoke(command.app, ["add", "moodle", "--format", "moodle"]).stdout
    assert "URL     http://127.0.0.1:8484/xapi/statements\n" in output
    assert "Moodle asks for: http://127.0.0.1:8484/xapi\n" in output
    assert "set SOUSCHEF_WEB_URL" in output
    monkeypatch.setenv("SOUSCHEF_WEB_URL", "https://chef.school.example/")
    settings.cache_clear()
    for words in (["add", "own", "--format", "canonical"], ["rotate", "own"]):
        output = CliRunner().invoke(command.app, words).stdout
        assert "URL     https://chef.school.example/events\n" in output
        assert "SOUSCHEF_WEB_URL" not in output
        assert "Moodle" not in output


@pytest.mark.parametrize("name", ["", "  ", "a\x1b[2J", "a\nb", "a" * 101])
def test_an_invisible_or_too_long_name_is_refused(name: str) -> None:
    ran = CliRunner().invoke(command.app, ["add", name, "--format", "moodle"])
    assert isinstance(ran.exception, OperatorError)
    assert "1 to 100 visible characters" in str(ran.exception)


def test_an_empty_survey_id_is_refused() -> None:
    ran = CliRunner().invoke(command.app, ["add", "forms", "--format", "typeform", "--survey", ""])
    assert isinstance(ran.exception, OperatorError)
    assert "A survey id is empty" in str(ran.exception)


def test_a_credential_is_shown_once() -> None:
    made = json.loads(CliRunner().invoke(command.app, ["add", "own", "--format", "canonical", "--json"]).stdout)
    again = ["add", "own", "--format", "canonical", "--survey", "term-1"]
    output = CliRunner().invoke(command.app, again)
    assert made["secret"] not in output.stdout
    assert "already exists" in output.stdout
    assert "souschef source rotate own" in output.stdout
    assert json.loads(CliRunner().invoke(command.app, [*again, "--json"]).stdout) == {**made, "secret": None}
    with engine.transaction() as session:
        assert sources.find_source(session, "own")[0].surveys == ["term-1"]
        still = sources.authenticate(
            session, key=made["key"], secret=made["secret"], secret_key=settings().secret_key_bytes()
        )
    assert still is not None


def test_a_name_that_is_taken_changes_nothing() -> None:
    ran = CliRunner().invoke(command.app, ["add", "moodle", "--format", "canvas"])
    assert "There is a source moodle already, and it has the format moodle: choose another name." in str(ran.exception)
    CliRunner().invoke(command.app, ["revoke", "moodle"])
    ran = CliRunner().invoke(command.app, ["add", "moodle", "--format", "moodle"])
    assert "it was revoked" in str(ran.exception)


def test_every_source_may_have_a_time_zone_for_times_that_name_none() -> None:
    assert run("moodle", "timezone=America/Chicago").stdout == "timezone = America/Chicago\n"
    assert stored("moodle") == {"timezone": "America/Chicago"}
    with pytest.raises(OperatorError, match="Did you mean America/Chicago"):
        CliRunner().invoke(command.app, ["set", "moodle", "timezone=America/Chicgo"], catch_exceptions=False)


def test_a_webhooks_secret_is_handed_out_as_the_reference_libraries_read_it() -> None:
    """They strip `whsec_` and decode strict base64; what is left signs, and is a key that the API knows."""
    made = CliRunner().invoke(command.app, ["add", "forms", "--format", "typeform", "--json"])
    credential = json.loads(made.stdout)
    key = base64.b64decode(credential["webhook_secret"].removeprefix("whsec_"), validate=True)
    body, headers = b"{}", {"webhook-id": "m", "webhook-timestamp": "1700000000"}
    signature = base64.b64encode(hmac.new(key, b"m.1700000000." + body, hashlib.sha256).digest()).decode()
    assert webhook_signed(body, {**headers, "webhook-signature": f"v1,{signature}"}, secret=credential["secret"])
    again = CliRunner().invoke(command.app, ["add", "forms", "--format", "typeform", "--json"])
    assert json.loads(again.stdout)["webhook_secret"] is None
    shown = CliRunner().invoke(command.app, ["rotate", "forms"]).stdout
    assert "whsec_" in shown
