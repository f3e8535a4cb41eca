"""The nightly backup of deploy/: a dump counts only after it was restored and holds what the database holds."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.conftest import beside
from workers.local.embedded import program_files

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "backup" / "backup.sh"


def back_up(url: str, folder: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    address = make_url(url)
    environment = {
        "PATH": f"{path}{program_files.programs()}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": str(address.host),
        "PGPORT": str(address.port),
        "PGUSER": str(address.username),
        "PGPASSWORD": str(address.password),
        "PGDATABASE": str(address.database),
        "BACKUP_DIR": str(folder),
    }
    return subprocess.run(["sh", SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=120)


def count(url: str) -> int:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        [row] = connection.execute("SELECT count(*) FROM souschef.fact")
        return int(row[0])


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    """A folder with a dump of 36 days ago and one of today."""
    folder = tmp_path / "backups"
    folder.mkdir()
    for name, days in (("souschef-old.dump", 36.5), ("souschef-new.dump", 1.0)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - days * 86_400,) * 2)
    return folder


def test_a_backup_is_restored_and_compared_and_old_ones_go(database_url: str, backups: Path) -> None:
    ran = back_up(database_url, backups)
    assert ran.returncode == 0, ran.stderr
    assert "restored and compared" in ran.stdout
    [made] = set(backups.iterdir()) - {backups / "souschef-new.dump"}
    assert made.suffix == ".dump"
    assert made.stat().st_mode & 0o077 == 0
    drill = beside(database_url, f"{make_url(database_url).database}_drill")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(drill.replace("+psycopg", ""))


def test_a_dump_that_lacks_rows_is_no_backup(database_url: str, backups: Path, tmp_path: Path) -> None:
    """pg_dump with a table left out, as a wrong option would do; all else is real."""
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("INSERT INTO souschef.school (ref, name) VALUES ('s', 'S')")
        connection.execute(
            "INSERT INTO souschef.source (school_id, name, format) SELECT id, 'x', 'xapi' FROM souschef.school"
        )
        connection.execute(
            """INSERT INTO souschef.inbox (school_id, source_id, key, kind, shard, payload)
               SELECT school_id, id, '\\x01', 'assessment', 1, '{}' FROM souschef.source"""
        )
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    real = program_files.programs() / "pg_dump"
    (wrong / "pg_dump").write_text(f'#!/bin/sh\nexec {real} --exclude-table-data=souschef.inbox "$@"\n')
    (wrong / "pg_dump").chmod(0o755)
    ran = back_up(database_url, backups, path=f"{wrong}{os.pathsep}")
    assert ran.returncode == 1
    assert "The drill failed: 0 facts and events restored, 1 to 1" in ran.stderr
    assert sorted(path.suffix for path in backups.iterdir()) == [".dump", ".dump", ".part"]
    assert (backups / "souschef-old.dump").exists(), "nothing is deleted while no new backup holds"


def test_a_shell_of_a_small_image_reads_the_scripts() -> None:
    """The images have BusyBox's shell; dash is as strict where there is none."""
    shell = next(found for name in ("busybox", "dash", "sh") if (found := shutil.which(name)))
    words = [shell, "sh"] if shell.endswith("busybox") else [shell]
    for script in SCRIPT.parent.glob("*.sh"):
        subprocess.run([*words, "-n", script], check=True, timeout=30)
        assert os.access(script, os.X_OK)
