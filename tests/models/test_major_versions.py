"""A school moves from an older PostgreSQL to the one that we ship, by the commands of docs/backup.md."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from models import admin, engine
from tests.conftest import administer, beside
from workers.local.embedded import program_files
from workers.local.embedded import servers as embedded_servers
from workers.local.embedded.process import as_user, server_environment, server_port

ROOT = Path(__file__).parents[2]
OLDER = "pginstall"
"""The wheel's folder of PostgreSQL 16, which it has beside 18."""
pytestmark = pytest.mark.full


def documented() -> str:
    """Return the commands of the page that move the data."""
    page = (ROOT / "docs" / "backup.md").read_text()
    [block] = re.findall(r"^```console\n\$ bin/souschef stop\n(\$ pg_dump .*?)^```", page, re.MULTILINE | re.DOTALL)
    return re.sub(r"^\$ ", "", block, flags=re.MULTILINE)


def plain(url: str) -> str:
    """Return an address as PostgreSQL's own programs read it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def version(url: str) -> str:
    with psycopg.connect(plain(url)) as connection:
        return str(connection.info.parameter_status("server_version"))


def digests(url: str) -> list[tuple[object, ...]]:
    """Return what must be the same on both servers."""
    with psycopg.connect(plain(url)) as connection:
        return [
            *connection.execute("SELECT ref, name, timezone FROM souschef.school ORDER BY ref"),
            *connection.execute("SELECT count(*), md5(string_agg(ref, ',' ORDER BY ref)) FROM souschef.skill"),
            *connection.execute("SELECT count(*), md5(string_agg(ref, ',' ORDER BY ref)) FROM souschef.person"),
            *connection.execute("SELECT count(*) FROM souschef.alignment"),
            *connection.execute("SELECT * FROM souschef.migration"),
        ]


def load_a_school(url: str, data_dir: Path) -> None:
    """Migrate the database and load the example school, as an operator does."""
    environment = {**os.environ, "SOUSCHEF_DATABASE_URL": url, "SOUSCHEF_DATA_DIR": str(data_dir)}
    for arguments in (["migrate"], ["load", "examples/riverside"]):
        command = [sys.executable, "-m", "workers", *arguments]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)


@pytest.fixture
def old_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty PostgreSQL 16; the supervisor itself starts 18 only."""
    user = "nobody" if os.geteuid() == 0 else "-"
    with monkeypatch.context() as older:
        older.setattr(program_files, "RELEASE", OLDER)
        older.setattr(program_files, "NEEDED_FILES", (*program_files.NEEDED_FILES, "bin/pg_ctl"))
        binaries = program_files.programs_for(user)
    folder = Path(tempfile.mkdtemp(prefix="souschef-older-"))
    if user != "-":
        shutil.chown(folder, user)
    port = server_port(0)

    def run(program: str, *arguments: str) -> None:
        command = as_user([binaries / program, "--pgdata", folder / "data", *arguments], user=user)
        subprocess.run(command, cwd=folder, env=server_environment(), check=True, timeout=60)

    run("initdb", "--username", "souschef", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
    listens = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    run("pg_ctl", "--wait", "--log", str(folder / "log"), "--options", listens, "start")
    yield f"postgresql+psycopg://souschef@127.0.0.1:{port}/postgres"
    engine.close()
    run("pg_ctl", "--mode", "immediate", "stop")
    shutil.rmtree(folder)


def test_a_school_moves_from_16_to_18_by_the_page(old_server: str, tmp_path: Path) -> None:
    administer(old_server, "CREATE DATABASE souschef ENCODING 'UTF8' TEMPLATE template0")
    old = beside(old_server, "souschef")
    assert version(old).startswith("16.")
    load_a_school(old, tmp_path / "data")
    before = digests(old)
    with embedded_servers.running(tmp_path / "new", broker=False) as new:
        assert version(new.database_url).startswith("18.")
        server = beside(new.database_url, "postgres")
        administer(server, "DROP DATABASE IF EXISTS souschef")
        (tmp_path / "backups").mkdir()
        names = {"OLD": old, "NEW_SERVER": server, "NEW": new.database_url}
        environment = {**os.environ, **{name: plain(url) for name, url in names.items()}}
        environment["PATH"] = f"{program_files.programs()}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(["bash", "-euc", documented()], cwd=tmp_path, env=environment, check=True, timeout=120)
        assert digests(new.database_url) == before
        assert admin.upgrade(new.database_url) is False
        engine.close()
