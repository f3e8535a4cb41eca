"""The secret files, and a real broker with the command and the users of docker-compose.yml."""

import os
import re
import secrets
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import yaml
from pydantic import SecretStr

from config import settings as configuration
from config.errors import InvalidSettingsError, OperatorError
from config.settings import Settings
from workers.local import secret_files
from workers.local.embedded import valkey
from workers.local.embedded.process import server_port
from workers.local.supervisor import running

ROOT = Path(__file__).parents[3]


def test_the_addresses_hold_the_servers_passwords_and_none_is_made_twice(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert len(secret_files.make(folder)) == 8
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert before["database_password"].strip() in before["souschef_database_url"]
    assert before["postgres_password"] != before["database_password"]
    assert before["redis_password"].strip() in before["souschef_broker_url"]
    assert before["redis_password"].strip() not in before["redis_acl"]
    assert secret_files.make(folder) == []
    assert {path.name: path.read_text() for path in folder.iterdir()} == before


def test_a_file_can_be_mounted_and_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    """A container's user is nobody on the host, so the file itself is for all; nobody else reaches it."""
    folder = tmp_path / "secrets"
    secret_files.make(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}


def test_a_folder_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("")
    with pytest.raises(OperatorError, match="cannot be used"):
        secret_files.make(tmp_path / "secrets")


@pytest.fixture
def in_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A process that is given secret files, and nothing in its environment."""
    for name in [name for name in os.environ if name.startswith("SOUSCHEF_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(configuration, "SECRETS_FOLDER", tmp_path / "secrets")
    secret_files.make(tmp_path / "secrets")
    configuration.settings.cache_clear()
    yield tmp_path / "secrets"
    configuration.settings.cache_clear()


def test_settings_are_read_from_the_files(in_a_container: Path) -> None:
    found = configuration.settings()
    assert found.database_url_text().startswith("postgresql+psycopg://souschef:")
    assert found.broker_url_text() == (in_a_container / "souschef_broker_url").read_text().strip()
    assert found.secret_key_bytes() == (in_a_container / "souschef_secret_key").read_bytes().strip()
    assert found.flower_password_text() == (in_a_container / "souschef_flower_password").read_text().strip()


def test_the_environment_wins_over_a_file(in_a_container: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "amqp://here")
    assert configuration.settings().broker_url_text() == "amqp://here"


def test_a_file_whose_name_is_no_setting_is_refused(in_a_container: Path) -> None:
    (in_a_container / "souschef_databse_url").write_text("x")
    with pytest.raises(InvalidSettingsError, match="Did you mean SOUSCHEF_DATABASE_URL"):
        configuration.settings()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A server with the command of docker-compose.yml, its files in the test's folder: port and our user's password."""
    folder, port = tmp_path / "secrets", server_port(0)
    secret_files.make(folder)
    written = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["redis"]["command"]
    places = {"/run/secrets/redis_acl": str(folder / "redis_acl"), "/data": str(tmp_path)}
    command = [str(valkey._binary()), *(places.get(part, part) for part in written[1:])]
    server = subprocess.Popen([*command, "--port", str(port), "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL)
    try:
        with redis.Redis(port=port, username="health", password="none") as asker:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                try:
                    assert asker.ping()
                    break
                except redis.ConnectionError:
                    time.sleep(0.05)
        yield port, (folder / "redis_password").read_text().strip()
    finally:
        server.terminate()
        server.wait(10)


def test_the_broker_forgets_nothing_and_lets_each_user_do_only_its_own(broker: tuple[int, str]) -> None:
    port, password = broker
    with redis.Redis(port=port, username="souschef", password=password, decode_responses=True) as ours:
        info = ours.info()
        assert (info["maxmemory_policy"], info["aof_enabled"], info["maxmemory"]) == ("noeviction", 1, 160 * 2**20)
        ours.set("souschef:ours", "1")
        for forbidden in (["SET", "other", "1"], ["FLUSHALL"], ["CONFIG", "GET", "*"], ["KEYS", "*"], ["ACL", "LIST"]):
            with pytest.raises(redis.exceptions.NoPermissionError):
                ours.execute_command(*forbidden)
    with redis.Redis(port=port) as nobody, pytest.raises(redis.AuthenticationError):
        nobody.ping()
    with (
        redis.Redis(port=port, username="health", password="none") as health,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        health.get("souschef:ours")


@pytest.mark.flow
@pytest.mark.full
def test_a_worker_beat_and_flower_run_with_the_rights_of_their_user(
    broker: tuple[int, str], database_settings: Settings
) -> None:
    """A sweep that is rung for is worked; no log says that something was not allowed."""
    port, password = broker
    container_settings = database_settings.model_copy(
        update={"broker_url": SecretStr(f"redis://souschef:{password}@127.0.0.1:{port}/0")}
    )
    lines: list[str] = []
    with running(
        container_settings,
        processes=("worker", "beat", "flower"),
        free_ports=True,
        log_callback=lambda _, line: lines.append(line),
    ):
        command = [sys.executable, "-m", "celery", "-A", "workers.app", "call", "sweep"]
        subprocess.run(command, cwd=ROOT, check=True, timeout=60, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not any("succeeded" in line and "sweep" in line for line in lines) and time.monotonic() < until:
            time.sleep(0.2)
    everything = "\n".join(lines)
    assert re.search(r"sweep.*succeeded", everything), everything[-3000:]
    assert "NOPERM" not in everything
    assert "permission" not in everything.lower()


def test_a_redis_of_the_system_takes_the_same_users(tmp_path: Path) -> None:
    """The image holds Redis 7, the wheel Valkey: where a redis-server stands on the path, it reads the file too."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server on the path")
    acl = tmp_path / "acl"
    acl.write_text(secret_files.acl(secrets.token_hex(8)) + "\n")
    port = server_port(0)
    command = [program, "--port", str(port), "--aclfile", str(acl), "--dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        time.sleep(1)
        with redis.Redis(port=port, username="health", password="none") as health:
            assert health.ping()
    finally:
        server.terminate()
        server.wait(10)
