"""The page on operations, run as it stands: what it says one sees is looked for."""

import json
import re
from pathlib import Path

import pytest

from tests.doc_runner import Ran, Terminal, blocks, terminal

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(600)]

SEEN = {
    "Start": [r'"status":"ok"', r"3,829 rows", r"riverside", r"ok +database"],
    "Watch": [
        r"souschef_backlog_oldest_seconds 0.0",
        r'{"status":"ok","database":"ok"}',
        r"Backlog +0 events",
        r'"quarantined": 0',
        r"^[1-9]\d*$",
    ],
    "Back up": [],
    "A normal day": [r"200", r"Backlog +\d"],
    "A burst": [r"Backlog +\d"],
    "A backlog": [r'"backlog": 1', r'"backlog": 0'],
    "A poison event": [
        r'"quarantined": 1',
        r"future_event",
        r"1 event would be tried again",
        r"1 event will be tried again",
        r"Failed +none in quarantine",
    ],
    "A dead worker": [r'"backlog": 0', r"process_exited.*worker"],
    "The broker is gone": [r'"backlog": 0'],
    "The database is gone": [r'"database":"ok"', r'"backlog": 0'],
    "Was anything lost?": [r"0 states differed", r"ok +worker"],
    "Stop": [r"Stopped\."],
}
"""What one sees under each heading of the page."""
MAY_FAIL = {"kill %2 && wait %2", "wait %2"}
"""A worker that was asked to end says 143 or 0, by when the question came."""


def test_every_section_with_commands_has_something_to_be_seen() -> None:
    assert list(dict.fromkeys(each.heading for each in blocks("operations.md"))) == list(SEEN)


def test_every_picture_of_the_page_is_there_and_small() -> None:
    pictures = re.findall(r"!\[.+?\]\((images/.+?)\)", (ROOT / "docs" / "operations.md").read_text())
    assert {ROOT / "docs" / name for name in pictures} == set((ROOT / "docs" / "images").glob("flower-*.png"))
    for name in pictures:
        assert 0 < (ROOT / "docs" / name).stat().st_size < 150_000


def test_the_page_from_an_empty_folder_to_the_end_of_a_bad_day() -> None:
    outputs = dict.fromkeys(SEEN, "")
    with terminal() as typed:
        for block in blocks("operations.md"):
            if block.heading == "Was anything lost?":
                every_answer_counts_once(typed)
            ran = typed.run(block.commands)
            assert not set(ran.failed) - MAY_FAIL, explained(block.heading, ran, typed)
            outputs[block.heading] += ran.output
        decisions = [json.loads(line) for line in (typed.data / "logs" / "quarantine.log").read_text().splitlines()]
    for heading, patterns in SEEN.items():
        for pattern in patterns:
            assert re.search(pattern, outputs[heading], flags=re.MULTILINE), f"{heading}: {pattern}\n{outputs[heading]}"
    assert [(each["decision"], each["reason"]) for each in decisions] == [("retried", "The clock of the LMS is fixed")]


def every_answer_counts_once(typed: Terminal) -> None:
    """Those of the class, and of the practising: a backlog, a poison event, and after each of the three falls."""
    query = "SELECT count(*) FROM souschef.fact WHERE kind = 'item_result'"
    ran = typed.run(f'psql --no-align --tuples-only --command="{query}"')
    assert ran.output.split() == [str(2144 + 5)]


def explained(heading: str, ran: Ran, typed: Terminal) -> str:
    """Return what one needs to see why a block failed."""
    log = (typed.work / "up.log").read_text()[-3000:] if (typed.work / "up.log").exists() else ""
    return f"{heading}: {ran.failed}\n{ran.output}\n{log}"
