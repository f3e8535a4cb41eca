"""The page on installing, run as it stands, against a PostgreSQL and a broker that Souschef did not start."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.doc_runner import Terminal, blocks, terminal
from workers.local.embedded import servers as embedded

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text()
pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(300)]

EXPECTED = {
    "The database": [],
    "The settings": [],
    "The service": [r'"status":"ok"'],
    "The first load": [
        r"3,829 rows",
        r"https://souschef\.school\.example",
        r"postgresql://souschef_lms_riverside:",
        r"ok +database",
        r"Failed +none in quarantine",
    ],
    "Stop": [r"Stopped\."],
}
"""What the page's commands print, by heading."""


def plain_server(url: str) -> str:
    """Make the embedded server look like a school's, without our role and database; return a superuser's address."""
    address = url.replace("postgresql+psycopg", "postgresql")
    ours = urlsplit(address)._replace(path="/postgres")
    with psycopg.connect(ours.geturl(), autocommit=True) as connection:
        connection.execute("CREATE ROLE admin LOGIN SUPERUSER PASSWORD 'admin'")
    admin = ours._replace(netloc=f"admin:admin@{ours.hostname}:{ours.port}").geturl()
    with psycopg.connect(admin, autocommit=True) as connection:
        rename = sql.SQL("ALTER ROLE {} RENAME TO first_superuser").format(sql.Identifier(str(ours.username)))
        connection.execute(rename)
        connection.execute("DROP DATABASE IF EXISTS souschef")
    return admin


def test_every_section_with_commands_is_expected_below() -> None:
    assert list(dict.fromkeys(block.heading for block in blocks("install.md"))) == list(EXPECTED)


def test_the_page_from_an_empty_server_to_a_loaded_school(tmp_path: Path) -> None:
    printed = dict.fromkeys(EXPECTED, "")
    with embedded.running(tmp_path / "servers") as servers, terminal() as typed:
        admin, broker = urlsplit(plain_server(servers.database_url)), urlsplit(servers.broker_url)
        typed.ports |= {"5432": str(admin.port), "6379": str(broker.port)}
        typed.run(f"export PGHOST={admin.hostname} PGPORT={admin.port} PGUSER=admin PGPASSWORD=admin")
        passwords = {"DATABASE-PASSWORD": "of-the-test", "BROKER-PASSWORD": broker.password or ""}
        for block in blocks("install.md"):
            commands = block.commands
            for placeholder, password in passwords.items():
                commands = commands.replace(placeholder, password)
            ran = typed.run(commands)
            assert not ran.failed, f"{block.heading}: {ran.failed}\n{ran.output}\n{log(typed)}"
            printed[block.heading] += ran.output
        assert not (typed.data / "postgres").exists(), "`souschef up` started a server of its own"
    for heading, patterns in EXPECTED.items():
        for pattern in patterns:
            assert re.search(pattern, printed[heading]), f"{heading}: {pattern}\n{printed[heading]}"


def log(typed: Terminal) -> str:
    """Return the end of what `souschef up` wrote."""
    file = typed.work / "up.log"
    return file.read_text()[-3000:] if file.exists() else ""


def test_the_unit_file_starts_a_program_that_is_there() -> None:
    [unit] = re.findall(r"^```ini\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    keys = re.findall(r"^(\w+)=(.*)$", unit, flags=re.MULTILINE)
    assert len(dict(keys)) == len(keys)
    program, argument = dict(keys)["ExecStart"].split()
    assert os.access(ROOT / Path(program).relative_to(dict(keys)["WorkingDirectory"]), os.X_OK)
    assert argument == "up"
