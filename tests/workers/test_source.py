"""The command that sets what a source needs to check signatures."""

import json

import pytest
from typer.testing import CliRunner, Result

from config.errors import Mendable
from config.settings import Settings, settings
from models import database, sources
from models.tables import School
from web.canvas import _candidates
from workers.commands import source as command

URL = "https://keys.example/jwks"


@pytest.fixture(autouse=True)
def _school(database_settings: Settings) -> None:
    with database.transaction() as session:
        session.add(School(ref="riverside", name="Riverside"))
        session.flush()
        for name, spoken in (("canvas", "canvas"), ("moodle", "moodle")):
            sources.add(session, name, format=spoken, secret_key=settings().secret_key_bytes())


def run(*words: str) -> Result:
    """Run `souschef source set` with these words."""
    return CliRunner().invoke(command.app, ["set", *words])


def stored(name: str = "canvas") -> dict[str, object]:
    """Return what the database holds."""
    with database.transaction() as session:
        return sources.named(session, name)[0].settings


def test_what_is_set_is_what_the_door_looks_up() -> None:
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
    ("words", "said"),
    [
        (("canvas", "jwks_url=http://keys.example/jwks"), "no https:// address"),
        (("canvas", "jwks_url=https://"), "no https:// address"),
        (("canvas", "jwks_url=https://me:pass@keys.example/"), "no https:// address"),
        (("canvas", "jwks_url=https://[::1"), "no https:// address"),
        (("canvas", "root_accounts=,"), "names no account"),
        (("canvas", "root_accounts"), "write KEY=VALUE"),
        (("canvas", "colour=blue"), "there are jwks_url and root_accounts"),
        (("moodle", f"jwks_url={URL}"), "not for a source of the format moodle"),
        (("canvsa", f"jwks_url={URL}"), "no source named canvsa"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_mend_and_changes_nothing(words: tuple[str, ...], said: str) -> None:
    run("canvas", "root_accounts=before")
    ran = run(words[0], "root_accounts=r-9", *words[1:]) if words[0] == "canvas" else run(*words)
    assert isinstance(ran.exception, Mendable)
    assert said in str(ran.exception)
    assert stored() == {"root_accounts": ["before"]}
    assert stored("moodle") == {}


def test_the_address_is_the_one_that_senders_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moodle is given its endpoint too: it posts to the statements behind it."""
    monkeypatch.setenv("SOUSCHEF_WEB_HOST", "0.0.0.0")  # noqa: S104 - as in a container
    settings.cache_clear()
    said = CliRunner().invoke(command.app, ["add", "moodle", "--format", "moodle"]).stdout
    assert "URL     http://127.0.0.1:8484/xapi/statements\n" in said
    assert "Moodle: http://127.0.0.1:8484/xapi\n" in said
    assert "set SOUSCHEF_WEB_URL" in said
    monkeypatch.setenv("SOUSCHEF_WEB_URL", "https://chef.school.example/")
    settings.cache_clear()
    for words in (["add", "own", "--format", "canonical"], ["rotate", "own"]):
        said = CliRunner().invoke(command.app, words).stdout
        assert "URL     https://chef.school.example/events\n" in said
        assert "SOUSCHEF_WEB_URL" not in said
        assert "Moodle" not in said


@pytest.mark.parametrize("name", ["", "  ", "a\x1b[2J", "a\nb", "a" * 101])
def test_a_name_that_cannot_be_seen_or_is_endless_is_refused(name: str) -> None:
    ran = CliRunner().invoke(command.app, ["add", name, "--format", "moodle"])
    assert isinstance(ran.exception, Mendable)
    assert "1 to 100 characters" in str(ran.exception)


def test_an_empty_survey_id_is_refused() -> None:
    ran = CliRunner().invoke(command.app, ["add", "forms", "--format", "typeform", "--survey", ""])
    assert isinstance(ran.exception, Mendable)
    assert "A survey id is empty" in str(ran.exception)


def test_a_credential_is_shown_once() -> None:
    made = json.loads(CliRunner().invoke(command.app, ["add", "own", "--format", "canonical", "--json"]).stdout)
    again = ["add", "own", "--format", "canonical", "--survey", "term-1"]
    said = CliRunner().invoke(command.app, again)
    assert made["secret"] not in said.stdout
    assert "is there already" in said.stdout
    assert "souschef source rotate own" in said.stdout
    assert json.loads(CliRunner().invoke(command.app, [*again, "--json"]).stdout) == {**made, "secret": None}
    with database.transaction() as session:
        assert sources.named(session, "own")[0].surveys == ["term-1"]
        still = sources.authenticate(
            session, key=made["key"], secret=made["secret"], secret_key=settings().secret_key_bytes()
        )
    assert still is not None


def test_a_name_that_is_taken_changes_nothing() -> None:
    ran = CliRunner().invoke(command.app, ["add", "moodle", "--format", "canvas"])
    assert "There is a source moodle already, and it speaks moodle: choose another name." in str(ran.exception)
    CliRunner().invoke(command.app, ["revoke", "moodle"])
    ran = CliRunner().invoke(command.app, ["add", "moodle", "--format", "moodle"])
    assert "it was revoked" in str(ran.exception)
