"""The sweep in a worker's main process: a failure is logged with its type and place, and the thread goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parameters import first_of

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from config import logging as our_logging
from sqlalchemy import text
from models import engine
from workers import sweeper

our_logging.configure()
with engine.transaction() as session:
    for statement in sys.argv[2:]:
        session.connection().execute(text(statement))
getattr(sweeper, sys.argv[1])()
"""


@pytest.mark.parametrize(
    ("turn", "broken", "event", "place"),
    first_of(
        [
            (
                "poll_outbox",
                "ALTER TABLE souschef.event_outbox RENAME TO lost",
                "outbox_poll_failed",
                "models/events/outbox.py:",
            ),
            ("sweep", "ALTER TABLE souschef.event_outbox RENAME TO lost", "sweep_failed", "models/events/outbox.py:"),
            (
                "sweep",
                "ALTER TABLE souschef.source_number RENAME TO lost",
                "sweep_step_failed",
                "models/events/sequence_gaps.py:",
            ),
        ],
        quick=1,
    ),
)
def test_a_failure_is_logged_with_its_type_and_place(
    database_url: str, tmp_path: Path, turn: str, broken: str, event: str, place: str
) -> None:
    """A table is really gone; the worker goes on."""
    environment = {**os.environ, "SOUSCHEF_LOG_FORMAT": "json", "SOUSCHEF_DATABASE_URL": database_url}
    environment["SOUSCHEF_DATA_DIR"] = str(tmp_path)
    command = [sys.executable, "-c", SCRIPT, turn, broken]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    lines = {line["event"]: line for line in map(json.loads, ran.stderr.splitlines())}
    assert lines[event]["level"] == "error"
    assert "models.engine.MigrationsMissingError" in lines[event]["exception"]
    assert place in lines[event]["exception"]
