"""The containers run what `souschef up` runs, publish the door alone, and may do nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import Settings
from workers.processes import NAMES, command

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_there_are_the_services_of_the_plan() -> None:
    assert set(SERVICES) == {"postgres", "redis", "migrate", "door", "worker", "beat", "flower"}


@pytest.mark.parametrize("name", NAMES)
def test_a_container_runs_the_supervisors_command(name: str) -> None:
    """The door alone listens on all addresses: of its container."""
    inside = Settings(web_host="0.0.0.0")  # noqa: S104 - a container's own address
    assert SERVICES[name]["command"] == command(name, inside)


def test_the_image_itself_runs_the_door() -> None:
    [written] = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, flags=re.MULTILINE)
    assert yaml.safe_load(written) == SERVICES["door"]["command"]


def test_nothing_but_the_door_is_published() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"door": ["${DOOR_PORT:-127.0.0.1:8484}:8484"]}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_not_root_and_may_write_only_where_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] not in {"root", "0", "0:0"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_a_container_that_stays_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"]
    assert not check.get("disable", False)


@pytest.mark.parametrize("name", NAMES)
def test_the_processes_wait_for_the_migration(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_no_secret_stands_in_the_files() -> None:
    """Each comes from the environment, and compose refuses to start without it."""
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY", "FLOWER_PASSWORD"):
        assert f"${{{name}:?" in text
        assert re.search(rf"^{name}=$", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    assert not re.findall(r"(?:PASSWORD|SECRET_KEY)\w*: (?!\$\{)\S", text)


@pytest.mark.parametrize("file", ["docker-compose.yml", ".env.example"])
def test_every_setting_that_is_written_there_is_one(file: str) -> None:
    known = {f"SOUSCHEF_{name.upper()}" for name in Settings.model_fields}
    written = set(re.findall(r"SOUSCHEF_[A-Z_]+", (ROOT / file).read_text()))
    assert written <= known
    if file == ".env.example":
        assert written == known


def test_the_image_holds_every_folder_that_runs_and_is_not_root() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, flags=re.MULTILINE))
    assert {"config", "models", "learning", "lms", "tasks", "workers", "web"} <= copied
    sent = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert copied <= sent
    assert re.findall(r"^USER (.+)$", DOCKERFILE, flags=re.MULTILINE) == ["10001:10001"]
    assert "--require-hashes" in DOCKERFILE
    assert "requirements/production.txt" in DOCKERFILE
