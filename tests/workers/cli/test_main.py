"""The command line: help at once, and expected failures as a sentence with a hint."""

import json
import os
import pwd
import re
import resource
import secrets
import subprocess
import sys
from pathlib import Path
from shutil import which
from socket import create_server

import psycopg
import pytest
from sqlalchemy.engine import make_url

from config.errors import Exit, OperatorError
from models.engine import transaction
from tests.conftest import administer
from tests.parameters import first_of
from workers.cli import main
from workers.local.embedded.process import server_port
from workers.local.embedded.servers import Servers

ROOT = Path(__file__).parents[3]


def souschef(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command as one types it, with these settings and no others."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOUSCHEF_")}
    return subprocess.run(
        [ROOT / "bin" / "souschef", *arguments],
        env=environment | {f"SOUSCHEF_{name.upper()}": value for name, value in settings.items()},
        capture_output=True,
        text=True,
        check=False,
    )


def sentence(ran: subprocess.CompletedProcess[str]) -> str:
    """Return what a command says when it fails: never a traceback."""
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""
    message = [line for line in ran.stderr.splitlines() if line.startswith("souschef: ")]
    assert len(message) == 1, ran.stderr
    return message[0]


def test_help_comes_at_once() -> None:
    """In at most twice the CPU seconds of what it cannot do without, whatever else the machine is doing."""
    needed = min(cpu_seconds(sys.executable, "-c", "import typer, rich.table") for _ in range(3))
    assert min(cpu_seconds(ROOT / "bin" / "souschef", "--help") for _ in range(3)) < 2 * needed


def cpu_seconds(*command: str | Path) -> float:
    """Return the CPU seconds of a command and of what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom workers.cli import main\n"
        "try: main.main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'sqlalchemy', 'celery', 'pydantic', 'fastapi', 'rich'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_that_is_listed_loads_and_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([name, "--help"])
    assert ended.value.code == 0
    assert f"Usage: souschef {name}" in capsys.readouterr().out


def test_the_list_says_a_line_about_each_command() -> None:
    shown = souschef("--help").stdout
    for name in main.COMMANDS:
        assert re.search(rf"^  {name} +{re.escape(main.COMMANDS[name].help)}$", shown, flags=re.MULTILINE)


def test_every_command_file_is_in_the_list() -> None:
    """A file that nobody listed would never be found."""
    modules = {entry.module for entry in main.COMMANDS.values()}
    files = {path.stem for path in (ROOT / "workers" / "cli" / "commands").glob("*.py")} - {"__init__"}
    assert files == modules


@pytest.mark.parametrize(("old", "new"), first_of(main.ALIASES.items(), quick=1))
def test_a_command_is_found_by_its_old_name(old: str, new: str) -> None:
    words, expected = (souschef(name, "--help").stdout.split() for name in (old, new))
    assert words[3:] == expected[3:]  # after "Usage: souschef NAME"
    assert f"  {old} " not in souschef("--help").stdout


def test_an_unknown_command_is_refused() -> None:
    ran = souschef("nonsense")
    assert (ran.returncode, "No such command" in ran.stderr) == (2, True)


@pytest.mark.full
def test_a_wrong_setting() -> None:
    ran = souschef("migrate", databse_url="x")
    assert sentence(ran) == "souschef: SOUSCHEF_DATABSE_URL is not a setting. Did you mean SOUSCHEF_DATABASE_URL?"
    assert ran.returncode == Exit.WRONG_INPUT


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    ran = souschef("migrate", database_url="postgresql://cook:pepper@127.0.0.1:1/x", data_dir=str(tmp_path))
    assert "cannot be reached" in sentence(ran)
    assert "SOUSCHEF_DATABASE_URL" in ran.stderr
    assert "pepper" not in ran.stderr
    assert ran.returncode == Exit.DATABASE_UNREACHABLE


@pytest.mark.parametrize("words", first_of([["status"], ["migrate"], ["load", "examples/riverside"]]), ids=" ".join)
def test_a_database_that_refuses_its_user(words: list[str], database_url: str, tmp_path: Path) -> None:
    """As where it was made, or restored, by somebody else."""
    role = f"stranger_{secrets.token_hex(4)}"
    administer(database_url, f"CREATE ROLE {role} LOGIN PASSWORD 'pepper'")
    try:
        theirs = make_url(database_url).set(username=role, password="pepper")
        ran = souschef(*words, data_dir=str(tmp_path), database_url=theirs.render_as_string(hide_password=False))
        assert "refuses its user: permission denied" in sentence(ran)
        assert "SOUSCHEF_DATABASE_URL" in ran.stderr
        assert ran.returncode == Exit.DATABASE_UNREACHABLE
    finally:
        administer(database_url, f"DROP ROLE {role}")


def test_a_data_folder_that_cannot_be_written() -> None:
    ran = souschef("up", data_dir="/proc/souschef")  # not even root can write there
    assert "/proc/souschef cannot be written" in sentence(ran)
    assert "SOUSCHEF_DATA_DIR" in ran.stderr
    assert ran.returncode == Exit.DATA_FOLDER_READ_ONLY


def as_another_user(*words: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Type a command where the data folder is another user's: root lays down the rights by which it would pass."""
    setpriv = which("setpriv")
    if setpriv is None or os.geteuid() != 0:
        pytest.skip("only root can give a folder to somebody else, with setpriv")
    folder.mkdir(mode=0o700)
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOUSCHEF_")}
    own = {"SOUSCHEF_DATA_DIR": str(folder)} | {f"SOUSCHEF_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [setpriv, "--bounding-set=-dac_override,-dac_read_search", ROOT / "bin" / "souschef", *words],
        env=environment | own,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", [["status"], ["stop"], ["env"], ["source", "list"], ["up"]], ids=" ".join)
@pytest.mark.full
def test_a_data_folder_of_another_user(words: list[str], tmp_path: Path) -> None:
    """As an operator finds it who types a command as themselves."""
    ran = as_another_user(*words, folder=tmp_path / "data")
    assert str(tmp_path / "data") in sentence(ran)
    assert ran.returncode == Exit.DATA_FOLDER_READ_ONLY


@pytest.mark.full
def test_with_servers_of_ones_own_the_doctor_looks_past_a_folder_of_another_user(
    database_url: str, servers: Servers, tmp_path: Path
) -> None:
    ran = as_another_user(
        "doctor", "--json", folder=tmp_path / "data", database_url=database_url, broker_url=servers.broker_url
    )
    found = {each["about"]: each["severity"] for each in json.loads(ran.stdout)["findings"]}
    assert (found["data folder"], found["migrations"]) == ("error", "ok")


@pytest.mark.full
def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ran = souschef("up", data_dir=str(tmp_path), web_port=port)
    assert f"Port {port}" in sentence(ran)
    assert ran.returncode == Exit.PORT_TAKEN


@pytest.mark.full
def test_a_broker_that_does_not_answer(database_url: str, tmp_path: Path) -> None:
    ran = souschef(
        "up",
        data_dir=str(tmp_path),
        database_url=database_url,
        broker_url="redis://:pepper@127.0.0.1:1/0",
        web_port=str(server_port(0)),
        flower_port=str(server_port(0)),
    )
    assert "broker" in sentence(ran)
    assert "SOUSCHEF_BROKER_URL" in ran.stderr
    assert "pepper" not in ran.stderr
    assert ran.returncode == Exit.BROKER_UNREACHABLE


def celery(role: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return started("celery", "-A", "workers.app", role, **settings)


def started(program: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOUSCHEF_")}
    return subprocess.run(
        [Path(sys.executable).parent / program, *words],
        cwd=ROOT,
        env=environment | {f"SOUSCHEF_{name.upper()}": value for name, value in settings.items()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("role", first_of(["worker", "beat", "flower"]))
def test_celery_started_without_anything_running_says_what_to_do(role: str, tmp_path: Path) -> None:
    ran = celery(role, data_dir=str(tmp_path))
    assert sentence(ran) == (
        "souschef: SOUSCHEF_BROKER_URL is not set and no embedded server is running. Set it, or run `souschef up`."
    )
    assert ran.returncode == Exit.BROKER_UNREACHABLE


@pytest.mark.full
def test_flower_on_a_port_that_is_taken(tmp_path: Path) -> None:
    with create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ran = celery("flower", data_dir=str(tmp_path), broker_url="redis://127.0.0.1:1/0", flower_port=port)
    assert f"Port {port}" in sentence(ran)
    assert ran.returncode == Exit.PORT_TAKEN


@pytest.mark.full
def test_a_worker_on_a_database_without_migrations(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE souschef.migration SET version_num = 'long ago'")
    ran = celery("worker", data_dir=str(tmp_path), database_url=database_url, broker_url="redis://127.0.0.1:1/0")
    assert "lacks migrations" in sentence(ran)
    assert ran.returncode == Exit.MIGRATIONS_MISSING


def doors(**settings: str) -> subprocess.CompletedProcess[str]:
    return started("uvicorn", "workers.api:app", "--port", "0", **settings)


@pytest.mark.full
def test_the_doors_on_a_database_without_migrations(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("DELETE FROM souschef.migration")
    ran = doors(data_dir=str(tmp_path), database_url=database_url)
    assert "lacks migrations" in sentence(ran)
    assert ran.returncode == Exit.MIGRATIONS_MISSING


@pytest.mark.parametrize(
    ("wrong", "names"),
    first_of(
        [
            ({"web_prot": "1"}, "SOUSCHEF_WEB_PROT"),
            ({"lease_seconds": "long"}, "SOUSCHEF_LEASE_SECONDS"),
            ({"secret_key_file": "/nowhere/key"}, "SOUSCHEF_SECRET_KEY_FILE"),
        ]
    ),
)
@pytest.mark.full
def test_the_doors_with_a_setting_that_makes_no_sense(wrong: dict[str, str], names: str, tmp_path: Path) -> None:
    """They do not open to refuse everybody."""
    ran = doors(**{"data_dir": str(tmp_path), "database_url": "postgresql://cook@127.0.0.1:1/x", **wrong})
    assert names in sentence(ran)
    assert ran.returncode == Exit.WRONG_INPUT


def test_make_refuses_an_old_python(tmp_path: Path) -> None:
    """An old Python is played by a script that answers as one would."""
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    make = which("make")
    assert make is not None
    for target in ("demo", "test"):
        (tmp_path / "requirements").mkdir(exist_ok=True)
        for name in ("embedded", "dev"):
            (tmp_path / "requirements" / f"{name}.txt").touch()
        ran = subprocess.run(
            [make, "-C", tmp_path, target, f"PYTHON={old}"], capture_output=True, text=True, check=False
        )
        assert ran.returncode != 0
        assert "older than 3.11" in ran.stderr
        assert "PYTHON=/path/to/python" in ran.stderr


def test_an_expected_failure_is_a_sentence_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class OvenColdError(OperatorError):
        exit_code = 9

    def fail(*_: object, **__: object) -> None:
        raise OvenColdError("The oven is cold.", "Heat it.")

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit) as ended:
        main.main([])
    assert ended.value.code == 9
    assert capsys.readouterr().err == "souschef: The oven is cold. Heat it.\n"


def test_reads_can_be_had_as_json(database_url: str, tmp_path: Path) -> None:
    ran = souschef("status", "--json", database_url=database_url, data_dir=str(tmp_path))
    assert json.loads(ran.stdout)["quarantined"] == 0


def test_a_database_that_goes_in_the_middle_of_a_command(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def end(*_: object, **__: object) -> None:
        with transaction(url=database_url) as session:
            session.connection().exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(main, "app", end)
    with pytest.raises(SystemExit) as ended:
        main.main([])
    assert ended.value.code == Exit.DATABASE_UNREACHABLE
    assert "The database cannot be reached: terminating connection" in capsys.readouterr().err
