"""Settings: where they come from, what is refused, and that no secret shows."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import settings as configuration
from config.errors import DataDirReadOnlyError, InvalidSettingsError
from config.settings import ServersNotConfiguredError, Settings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A process in an empty folder, without any setting but a data folder of its own."""
    for name in list(os.environ):
        if name.startswith("SOUSCHEF_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path / "data"))
    configuration.settings.cache_clear()
    yield
    configuration.settings.cache_clear()


def test_nothing_needs_to_be_set() -> None:
    found = configuration.settings()
    assert (found.web_host, found.web_port, found.flower_host, found.flower_port) == (
        "127.0.0.1",
        8484,
        "127.0.0.1",
        5555,
    )
    assert 1 <= found.worker_concurrency <= 2
    assert (found.lease_seconds, found.sweep_seconds) == (30, 10)


def test_the_data_folder_is_where_the_desktop_standard_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOUSCHEF_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert configuration.settings().data_dir == tmp_path / "share" / "souschef"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    configuration.settings.cache_clear()
    assert configuration.settings().data_dir == tmp_path / ".local" / "share" / "souschef"


def test_the_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SOUSCHEF_WEB_PORT=9001\nSOUSCHEF_FLOWER_PORT=9002\nOTHER_PROGRAM=x\n")
    monkeypatch.setenv("SOUSCHEF_WEB_PORT", "9003")
    assert (configuration.settings().web_port, configuration.settings().flower_port) == (9003, 9002)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("SOUSCHEF_DATABSE_URL", "SOUSCHEF_DATABASE_URL"),
        ("SOUSCHEF_BROKER", "SOUSCHEF_BROKER_URL"),
        ("SOUSCHEF_FLOWER_PASSWD", "SOUSCHEF_FLOWER_PASSWORD"),
        ("souschef_web_prot", "SOUSCHEF_WEB_PORT"),
    ],
)
@pytest.mark.parametrize("place", ["environment", ".env"])
def test_an_unknown_name_is_refused_with_the_nearest_right_one(
    wrong: str, right: str, place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if place == "environment":
        monkeypatch.setenv(wrong, "x")
    else:
        (tmp_path / ".env").write_text(f"{wrong}=x\n")
    with pytest.raises(InvalidSettingsError) as refused:
        configuration.settings()
    assert str(refused.value) == f"{wrong} is not a setting. Did you mean {right}?"
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_psycopg_3(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", f"{scheme}://cook:salt@db/souschef")
    assert configuration.settings().database_url_text() == "postgresql+psycopg://cook:salt@db/souschef"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SOUSCHEF_DATABASE_URL", "mysql://cook:pepper@db/souschef"),
        ("SOUSCHEF_BROKER_URL", "kafka://cook:pepper@broker"),
        ("SOUSCHEF_DATABASE_URL", "postgresql://cook:pepper@db:door/souschef"),
        ("SOUSCHEF_DATABASE_URL", "postgresql://cook:salt@pepper@db/souschef"),
        ("SOUSCHEF_DATABASE_URL", "postgresql://cook:salt/pepper@db/souschef"),
        ("SOUSCHEF_DATABASE_URL", "postgresql://cook:salt#pepper@db/souschef"),
        ("SOUSCHEF_BROKER_URL", "redis://:pepper@broker/zero"),
        ("SOUSCHEF_BROKER_URL", "amqp://cook:pepper@a//;amqp://cook:pepper@b:port//"),
        ("SOUSCHEF_DATA_DIR", f"{__file__}/pepper"),
        ("SOUSCHEF_WEB_PORT", "pepper"),
        ("SOUSCHEF_WORKER_CONCURRENCY", "0"),
        ("SOUSCHEF_SECRET_KEY", "pepper"),
    ],
)
def test_an_invalid_value_is_not_shown(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettingsError) as refused:
        configuration.settings()
    assert name in str(refused.value)
    assert "pepper" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgresql://cook:salt%40pepper@db:5432/souschef?options=a@b"),
        ("database_url", "postgresql:///souschef?host=/run/postgresql"),
        ("database_url", "postgresql://cook@[::1]:5432/souschef"),
        ("broker_url", "redis://"),
        ("broker_url", "rediss://chef:salt@broker:6380/3?ssl_cert_reqs=required"),
        ("broker_url", "amqp://cook:salt@a:5672//;amqp://cook:salt@b:5672//"),
    ],
)
def test_an_address_that_makes_sense_stays_as_it_is(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SOUSCHEF_{name.upper()}", value)
    found = getattr(configuration.settings(), name).get_secret_value()
    assert found == value.replace("postgresql://", "postgresql+psycopg://")


def test_an_empty_value_means_unset_as_compose_files_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", "")
    assert configuration.settings().database_url is None


def test_no_secret_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", "postgresql://cook:pepper@db/souschef")
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "redis://:pepper@broker/0")
    monkeypatch.setenv("SOUSCHEF_SECRET_KEY", "pepper pepper pepper")
    monkeypatch.setenv("SOUSCHEF_FLOWER_PASSWORD", "pepper")
    found = configuration.settings()
    assert "pepper" not in f"{found} {found!r} {found.model_dump()} {found.model_dump_json()}"


def test_without_an_address_and_without_servers_the_hint_says_what_to_do() -> None:
    with pytest.raises(ServersNotConfiguredError) as missing:
        configuration.settings().broker_url_text()
    assert str(missing.value) == (
        "SOUSCHEF_BROKER_URL is not set and no embedded server is running. Set it, or run `souschef up`."
    )


def test_a_secret_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    first = Settings().secret_key_bytes()
    assert first == Settings().secret_key_bytes()
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "data" / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]
    assert Settings().flower_password_text() != first.decode()


def test_a_secret_file_is_read_and_its_trouble_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOUSCHEF_SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(InvalidSettingsError, match="cannot be read"):
        Settings().secret_key_bytes()
    (tmp_path / "key").write_text("short\n")
    with pytest.raises(InvalidSettingsError, match="shorter than 16"):
        Settings().secret_key_bytes()
    (tmp_path / "key").write_text("long enough to be a key\n")
    assert Settings().secret_key_bytes() == b"long enough to be a key"


def test_a_data_folder_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", "/proc/souschef")  # not even root can write there
    with pytest.raises(DataDirReadOnlyError, match="/proc/souschef cannot be written"):
        Settings().secret_key_bytes()


def test_another_process_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "redis://:pepper@broker/0")
    monkeypatch.setenv("SOUSCHEF_WEB_PORT", "9001")
    settings = Settings()
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


OAUTH = {
    "SOUSCHEF_FLOWER_OAUTH_ALLOWED": "a@school.example|b@school.example",
    "SOUSCHEF_FLOWER_OAUTH_KEY": "key",
    "SOUSCHEF_FLOWER_OAUTH_SECRET": "a-secret",
    "SOUSCHEF_FLOWER_OAUTH_REDIRECT_URL": "https://flower.school.example/login",
}


@pytest.mark.parametrize("left_out", OAUTH)
def test_a_login_by_oauth_needs_all_that_belongs_to_it(monkeypatch: pytest.MonkeyPatch, left_out: str) -> None:
    for name, value in (OAUTH | {"SOUSCHEF_FLOWER_OAUTH_PROVIDER": "okta"}).items():
        monkeypatch.setenv(name, value)
    assert configuration.settings().flower_oauth_provider == "okta"
    configuration.settings.cache_clear()
    monkeypatch.delenv(left_out)
    with pytest.raises(InvalidSettingsError, match=f"SOUSCHEF_FLOWER_OAUTH_PROVIDER .*needs {left_out} as well"):
        configuration.settings()


@pytest.mark.parametrize("allowed", ["*", ".*", ".*@*", ".*@a.example|b@a.example", "*@a.example", ".*@.*.example"])
def test_whom_flower_lets_in_is_never_everybody(monkeypatch: pytest.MonkeyPatch, allowed: str) -> None:
    monkeypatch.setenv("SOUSCHEF_FLOWER_OAUTH_ALLOWED", allowed)
    with pytest.raises(InvalidSettingsError, match="a domain"):
        configuration.settings()
