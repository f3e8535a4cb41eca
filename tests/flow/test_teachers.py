"""The page for teachers, run as it stands: an order is in force within five seconds, whichever way it comes."""

import json
import re
import time
from pathlib import Path

import psycopg
import pytest

from config.servers import read_state
from tests.pages import Terminal, blocks, terminal

pytestmark = [pytest.mark.flow, pytest.mark.slow, pytest.mark.timeout(400)]

SEEN = {
    "Have a school": [r"28 students decided for"],
    "Try it first": [r"5\.NF\.A\.1-join-parts-0-music", r"The work of 1 of 1 student", r"Nothing was changed\."],
    "Pin": [r"In force until", r"\(music\)"],
    "Must-do": [r"The work of \d+ of 28 students changed"],
    "Forbid": [
        r"This cannot be ordered: a teacher has ruled it out",
        r"It ended with 2\.",
        r"Order \d+ cannot be met for 28 students: a teacher has ruled it out",
    ],
    "Hold": [r"In force until"],
    "Revoke": [r"Order o-[0-9a-f]{8} is revoked\."],
    "The dial, pacing, approval": [r"28 students were decided for anew", r"Approved\.", r"tolerance +. 0 +. class"],
    "Scope": [r"Nothing was changed\.", r"3\.OA\.A\.1 .*the next unit"],
    "From a teacher's tool": [r'"key":"o-[0-9a-f]{8}"'],
    "From the LMS, by SQL": [],
}
LONGEST_SECONDS = 5.0
GUS = "riverside-s413"


def test_every_section_with_commands_has_something_to_be_seen() -> None:
    assert list(dict.fromkeys(each.heading for each in blocks("teachers.md"))) == list(SEEN)


def test_the_page_and_how_soon_an_order_is_in_force() -> None:
    with terminal() as typed:
        said = dict.fromkeys(SEEN, "")
        for block in blocks("teachers.md"):
            ran = typed.run(block.commands)
            assert not ran.failed, f"{block.heading}: {ran.failed}\n{ran.output}"
            said[block.heading] += ran.output
            if block.heading == "From a teacher's tool":
                assert waited(typed, "5.NF.A.1-join-parts-0-space") < LONGEST_SECONDS
        assert waited(typed, "5.NF.A.1-join-parts-0-food") < LONGEST_SECONDS
        for heading, patterns in SEEN.items():
            for pattern in patterns:
                assert re.search(pattern, said[heading]), f"{heading}: {pattern}\n{said[heading]}"
        tried = json.loads((typed.folder / "tried.json").read_text())
        assert any("[5.NF.A.1-join-parts-0-space]" in each for each in tried["students"][0]["would_be"])
        assert {len(each["would_be"]) > 0 for each in json.loads((typed.folder / "would.json").read_text())["students"]}
        before = lying(typed)
        again = typed.run("bin/souschef refresh --all && bin/souschef refresh --class MATH-5A")
        assert not again.failed, again.output
        assert {"5.NF.A.1-join-parts-0-space", "5.NF.A.1-join-parts-0-food"} <= before <= lying(typed)


def lying(typed: Terminal) -> set[str]:
    """Return what lies open for Gus, as the LMS reads it."""
    state = read_state(Path(typed.data))
    assert state is not None
    query = f"SELECT material_id FROM lms.assignments WHERE student_ref = '{GUS}' AND state IN ('assigned', 'started')"
    with psycopg.connect(state["database_url"].replace("+psycopg", "")) as connection:
        return {row[0] for row in connection.execute(query.encode())}


def waited(typed: Terminal, material: str) -> float:
    """Return how many seconds after its block has ended an order's material is there."""
    began = time.monotonic()
    while material not in lying(typed):
        if time.monotonic() - began > 4 * LONGEST_SECONDS:
            pytest.fail(f"{material} never came: {(typed.folder / 'up.log').read_text()[-2000:]}")
        time.sleep(0.05)
    return time.monotonic() - began
