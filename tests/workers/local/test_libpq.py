"""`souschef env` and `souschef secrets`: what an operator's shell is given."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config import settings as configuration
from config.settings import ServersNotConfiguredError, Settings
from workers.cli.main import app
from workers.local import libpq
from workers.local.embedded import program_files

RUN = CliRunner()
PASSWORD = "it's $HOME `id`"


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An address whose password a shell would trip over, with an option beside it."""
    encoded = PASSWORD.replace("'", "%27").replace(" ", "%20").replace("$", "%24").replace("`", "%60")
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", f"postgresql://chef:{encoded}@db.example:6432/school?sslmode=require")
    configuration.settings.cache_clear()
    yield configuration.settings()
    configuration.settings.cache_clear()


def test_every_part_of_the_address_is_there_as_libpq_calls_it(embedded: Settings) -> None:
    assert libpq.variables(embedded) == {
        "PGUSER": "chef",
        "PGPASSWORD": PASSWORD,
        "PGHOST": "db.example",
        "PGPORT": "6432",
        "PGDATABASE": "school",
        "PGSSLMODE": "require",
    }


def test_a_shell_reads_it_back_whatever_stands_in_it(embedded: Settings) -> None:
    """Nothing in a password is run."""
    lines = RUN.invoke(app, ["env"]).stdout
    ran = subprocess.run(
        ["sh", "-c", f'{lines}\nprintf %s "$PGPASSWORD"'],
        env={"PATH": os.environ["PATH"], "HOME": "/nobody"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == PASSWORD
    assert json.loads(RUN.invoke(app, ["env", "--json"]).stdout)["PGHOST"] == "db.example"


def test_psql_reaches_the_database_with_it(database_url: str) -> None:
    """The address of the tests' own server, through the programs on the path or those of the wheel."""
    environment = libpq.variables(configuration.settings())
    path = os.pathsep.join([str(program_files.programs()), os.environ["PATH"]])
    psql = shutil.which("psql", path=path)
    assert psql is not None
    ran = subprocess.run(
        [psql, "--no-align", "--tuples-only", "--command", "SELECT current_database()"],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert database_url.endswith(ran.stdout.strip())


def test_without_a_server_the_hint_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOUSCHEF_DATABASE_URL", raising=False)
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path))
    configuration.settings.cache_clear()
    assert isinstance(RUN.invoke(app, ["env"]).exception, ServersNotConfiguredError)
    configuration.settings.cache_clear()


def test_secrets_are_created_once_and_only_their_names_are_printed(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = RUN.invoke(app, ["secrets", str(folder)])
    assert first.exit_code == 0
    assert "created" in first.stdout
    assert not [file for file in folder.iterdir() if file.read_text().strip() in first.stdout]
    assert json.loads(RUN.invoke(app, ["secrets", str(folder), "--json"]).stdout)["made"] == []
