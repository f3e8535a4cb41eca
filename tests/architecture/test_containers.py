"""The containers run what `souschef up` runs, publish what they must, and may do nothing else."""

import re
import secrets
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.engine import make_url

from config.celery import _worker
from config.settings import Settings
from models import admin
from models.access import lms_roles
from models.engine import close, transaction
from models.reports import diagnosis
from tests.conftest import administer
from tests.programs import load_program
from workers.local import secret_files
from workers.local.embedded import program_files
from workers.local.embedded.servers import Servers
from workers.local.processes import PROCESS_NAMES, command

ROOT = Path(__file__).parents[2]
pin_images = load_program("pin_images")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_flower_is_well_behind_a_prefix_too() -> None:
    """The check as the container runs it, against a server that knows one path."""
    *_, code = SERVICES["flower"]["healthcheck"]["test"]
    for prefix, path in (("", "/healthcheck"), ("/flower/", "/flower/healthcheck")):
        with answering(path) as port:
            ran = subprocess.run(
                [sys.executable, "-c", code.replace("5555", str(port))],
                env={"SOUSCHEF_FLOWER_URL_PREFIX": prefix},
                check=False,
                timeout=30,
            )
        assert ran.returncode == 0, prefix


@contextmanager
def answering(path: str) -> Iterator[int]:
    """A server that answers 200 at one path and 404 elsewhere, on the port that it yields."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == path else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_there_are_the_services_of_the_plan() -> None:
    assert set(SERVICES) == {"postgres", "redis", "migrate", "api", "worker", "beat", "flower"}


@pytest.mark.parametrize("name", PROCESS_NAMES)
def test_a_container_runs_the_supervisors_command(name: str) -> None:
    """Only the API listens on all addresses, of its container."""
    inside = Settings(web_host="0.0.0.0")  # noqa: S104 - a container's own address
    assert SERVICES[name]["command"] == command(name, inside)


def test_the_image_itself_runs_the_api() -> None:
    [written] = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, flags=re.MULTILINE)
    assert yaml.safe_load(written) == SERVICES["api"]["command"]


def test_the_api_is_published_and_flower_to_this_host_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "api": ["${API_PORT:-${DOOR_PORT:-127.0.0.1:8484}}:8484"],
        "flower": ["127.0.0.1:${FLOWER_PORT:-5555}:5555"],
    }


def test_only_what_is_published_has_a_way_out() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    outside = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert outside == {name for name, service in SERVICES.items() if "ports" in service}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_not_root_and_may_write_only_where_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] not in {"root", "0", "0:0"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(mount.startswith("/tmp:size=") for mount in service["tmpfs"])  # noqa: S108 - a mount in a container
    assert not service.keys() & {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_an_end_to_its_memory_its_processes_and_its_log(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert 0 < service["pids_limit"] <= 256
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def test_the_worker_has_memory_for_all_its_processes() -> None:
    """Two children that end themselves at 300,000 KiB, and as much for the main process."""
    assert SERVICES["worker"]["mem_limit"] == "1536m"
    child_mb = _worker()["worker_max_memory_per_child"] / 1024
    assert 3 * child_mb + 500 < 1536
    assert SERVICES["worker"]["stop_grace_period"] == "40s"


def test_what_is_kept_is_kept_by_one_container_and_a_second_worker_has_its_own() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", ())]
    assert {mount.partition(":")[0] for mount in mounts} == set(COMPOSE["volumes"])
    assert len(mounts) == len(set(mounts))
    assert "volumes" not in SERVICES["worker"]
    assert any(mount.startswith("/data:uid=10001,") for mount in SERVICES["worker"]["tmpfs"])


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_a_container_that_stays_has_a_health_check_and_comes_back(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"]
    assert not check.get("disable", False)
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_migration_runs_once_and_the_processes_wait_for_it() -> None:
    assert SERVICES["migrate"]["restart"] == "no"
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in PROCESS_NAMES:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_door_does_not_wait_for_the_broker() -> None:
    """Events are taken without it; who waits for it, waits until it answers."""
    assert "redis" not in SERVICES["api"]["depends_on"]
    for name in ("worker", "beat", "flower"):
        assert SERVICES[name]["depends_on"]["redis"] == {"condition": "service_healthy"}


def test_no_secret_stands_in_the_files_nor_in_an_environment() -> None:
    text = (ROOT / "docker-compose.yml").read_text() + (ROOT / ".env.example").read_text()
    text = re.sub(r"SOUSCHEF_(WEB_URL|FLOWER_URL_PREFIX): \$\{SOUSCHEF_\1:-\}", "", text)  # anybody may know these
    assert not re.findall(r"^(?!#).*(?:PASSWORD|SECRET_KEY|_URL)\w*[:=] *(?!/run/secrets/)\S", text, flags=re.MULTILINE)
    for service in SERVICES.values():
        secret_names = {name for name in service.get("environment", {}) if re.search("PASSWORD|KEY|SECRET|_URL$", name)}
        assert secret_names <= {"POSTGRES_PASSWORD_FILE", "SOUSCHEF_WEB_URL"}


def test_the_secret_files_are_those_that_the_command_makes(tmp_path: Path) -> None:
    made = set(secret_files.make(tmp_path / "secrets"))
    asked = {entry["file"].removeprefix("./secrets/") for entry in COMPOSE["secrets"].values()}
    assert asked == set(COMPOSE["secrets"]) == made - {"redis_password"}  # that one is for a person with redis-cli
    assert re.search("^/secrets/$", (ROOT / ".gitignore").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("postgres", {"postgres_password", "database_password"}),
        ("redis", {"redis_acl"}),
        ("migrate", {"souschef_database_url"}),
        ("api", {"souschef_database_url", "souschef_broker_url", "souschef_secret_key"}),
        ("worker", {"souschef_database_url", "souschef_broker_url"}),
        ("beat", {"souschef_broker_url"}),
        ("flower", {"souschef_broker_url", "souschef_flower_password"}),
    ],
)
def test_a_container_gets_only_the_secrets_that_it_needs(name: str, expected: set[str]) -> None:
    """Who breaks into Flower cannot read the database; who breaks into a worker cannot forge an event."""
    assert set(SERVICES[name]["secrets"]) == expected


def test_our_database_login_is_no_superuser_and_can_do_all_that_we_do(servers: Servers, tmp_path: Path) -> None:
    """The script of the first start, run by psql under other names; then our migrations, and the login of an LMS."""
    name, password = f"souschef_{secrets.token_hex(4)}", secrets.token_hex(8)
    (tmp_path / "word").write_text(password + "\n")
    script = COMPOSE["configs"]["owner"]["content"].replace("/run/secrets/database_password", str(tmp_path / "word"))
    script = re.sub(r"\bsouschef\b", name, script).replace("$$", "$")  # as Compose reads it
    server = make_url(servers.database_url)
    ours = server.set(username=name, password=password, database=name).render_as_string(hide_password=False)
    try:
        asked = server.set(drivername="postgresql").render_as_string(hide_password=False)
        psql: list[str | Path] = [
            program_files.programs() / "psql",
            "--set",
            "ON_ERROR_STOP=1",
            "--no-psqlrc",
            "--quiet",
            asked,
        ]
        subprocess.run(psql, input=script, text=True, check=True, timeout=30)
        assert admin.upgrade(ours) is True
        plain = ours.replace("+psycopg", "")
        with psycopg.connect(plain) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'true'")
        with psycopg.connect(plain) as connection:
            connection.execute("INSERT INTO souschef.school (ref, name) VALUES (%s, 'S')", [name])
        with transaction(url=ours) as session:
            login = lms_roles.create_or_rotate(session, name, url=ours)
        with psycopg.connect(login.url) as reader:
            assert reader.execute("SELECT count(*) FROM lms.assignments").fetchone() == (0,)
        with transaction(url=ours) as session:
            assert diagnosis.server(session).open_to_all is False
        for statement in ("SELECT pg_advisory_lock(g) FROM generate_series(1, 20000) g", "CREATE TEMP TABLE t ()"):
            with psycopg.connect(login.url) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)
    finally:
        close()
        administer(servers.database_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        for role in (lms_roles.role_of(name), name):
            administer(servers.database_url, f'DROP ROLE IF EXISTS "{role}"')


def test_postgresql_loses_nothing_and_logs_no_answer(database_url: str) -> None:
    """Each setting is one that a real server knows, and has the value that the promises need."""
    options = [part.removeprefix("-c").partition("=") for part in SERVICES["postgres"]["command"][1:]]
    values = {name: value for name, _, value in options}
    with transaction() as session:
        existing = set(session.connection().execute(text("SELECT lower(name) FROM pg_settings")).scalars())
    assert values.keys() <= existing
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert values[name] == "on"
    assert (values["log_min_error_statement"], values["log_error_verbosity"]) == ("panic", "terse")
    assert values["log_parameter_max_length"] == "0"
    assert "--data-checksums" in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]


@pytest.mark.parametrize("file", ["docker-compose.yml", ".env.example"])
def test_every_setting_that_is_written_there_is_one(file: str) -> None:
    settings = {f"SOUSCHEF_{name.upper()}" for name in Settings.model_fields}
    written = set(re.findall(r"SOUSCHEF_[A-Z_]+", (ROOT / file).read_text()))
    assert written <= settings
    if file == ".env.example":
        assert written == settings


def test_the_image_holds_every_folder_that_runs_and_is_not_root() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, flags=re.MULTILINE))
    assert {"config", "models", "learning", "lms", "tasks", "workers", "web"} <= copied
    sent = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert copied | set(re.findall(r"^COPY ([\w/.]+) \1$", DOCKERFILE, flags=re.MULTILINE)) <= sent
    assert re.findall(r"^USER (.+)$", DOCKERFILE, flags=re.MULTILINE) == ["10001:10001"]


def stages() -> dict[str, tuple[str, str]]:
    """Return the stages of the Dockerfile by name: what each is made from, and its lines."""
    found = re.split(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, flags=re.MULTILINE)[1:]
    return {name: (base, lines) for base, name, lines in zip(found[::3], found[1::3], found[2::3], strict=True)}


def test_slim_and_full_are_one_application_with_other_packages() -> None:
    """Neither has a compiler; both have the compiled learner and decision; `full` is built by default."""
    made = stages()
    assert list(made)[-1] == "full"
    for target, requirements in (("slim", ["slim"]), ("full", ["slim", "production"])):
        base, lines = made[target]
        assert base == "application"
        assert "USER" not in lines
        assert "RUN" not in lines
        [source] = re.findall(r"^COPY --link --from=(\S+) /opt/venv /opt/venv$", lines, flags=re.MULTILINE)
        chain = made[source][1] if source == "packages-slim" else made[made[source][0]][1] + made[source][1]
        assert re.findall(r"--requirement requirements/(\w+)\.txt", chain) == requirements
        assert chain.count("--require-hashes --no-deps --only-binary :all:") == len(requirements)
    assert "COPY --from=compiled /compiled ./" in made["application"][1]
    assert "apt-get" not in "".join(lines for name, (_, lines) in made.items() if name != "compiled")


def test_what_slim_installs_full_installs_in_the_same_version() -> None:
    """Else the second installation would replace packages of the first, and the layer would hold both."""
    slim, full = (
        dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))
        for name in ("slim", "production")
    )
    assert slim.items() <= full.items()
    assert {"wordllama", "opentelemetry-sdk"} <= full.keys() - slim.keys()


def test_one_build_serves_all_our_services() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    building = {name for name, service in SERVICES.items() if "build" in service}
    assert building == {"migrate"}
    images = {SERVICES[name]["image"] for name in ("migrate", *PROCESS_NAMES)}
    assert images == {f"${{IMAGE:-souschef:{project['version']}}}"}
    [target] = re.findall(r"\$\{IMAGE_TARGET:-(\w+)\}", SERVICES["migrate"]["build"]["target"])
    assert target in stages()


def test_no_image_of_others_floats() -> None:
    """A tag names a minor version; `make pin-images` adds a digest to all of them at once, or to none."""
    texts = [path.read_text() for pattern in pin_images.FILES for path in ROOT.glob(pattern)]
    images = pin_images.images(texts)
    assert {image.partition(":")[0] for image in images} >= {"postgres", "redis", "python"}
    for image in images:
        assert re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+[\w.-]*", image), image
    digests = [
        match["digest"] is not None
        for text in texts
        for match in pin_images.IMAGE_LINE.finditer(text)
        if not match["image"].startswith(pin_images.OURS)
    ]
    assert len(set(digests)) == 1


def test_postgresql_is_of_one_major_version_here_and_there_and_its_volume_is_where_18_keeps_data() -> None:
    embedded = subprocess.run(
        [program_files.programs() / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    [here] = re.findall(r"\(PostgreSQL\) (\d+)\.", embedded.stdout)
    [there] = re.findall(r"^postgres:(\d+)\.", SERVICES["postgres"]["image"])
    assert here == there == "18"
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]
