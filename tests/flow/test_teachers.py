"""The page for teachers, run as it stands: an order is in force within five seconds, whichever way it comes."""

import json
import re
import time
from pathlib import Path

import psycopg
import pytest

from config.local_servers import read_state
from tests.doc_runner import Terminal, blocks, terminal

pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(400)]

SEEN = {
    "A school to try it with": [r"28 students decided in"],
    "Try it first": [r"5\.NF\.A\.1-join-parts-0-music", r"The work of 1 of 1 student", r"Nothing was changed\."],
    "Pin": [r"In force until", r"Scales and songs, with an example about music"],
    "Must-do": [r"The work of \d+ of 28 students changed"],
    "Forbid": [
        r"This cannot be ordered: a teacher has ruled it out",
        r"It ended with 2\.",
        r"Override \d+ cannot be met for 28 students: a teacher has ruled it out",
    ],
    "Hold": [r"In force until"],
    "Revoke": [r"Override o-[0-9a-f]{8} is revoked\."],
    "The dial, pacing, approval": [
        r"decided again for 28 students",
        r"Approved\.",
        r"tolerance +0 +0\.15 [^\n]*\n +Set for the class until",
    ],
    "Try a policy in the shadow": [r"In the shadow is: tolerance=0\. Nothing is published", r"\d ms"],
    "Scope": [r"Nothing was changed\.", r"3\.OA\.A\.1 .*the next unit"],
    "Groups": [],
    "A plan for a day": [
        r"Table 1\.",
        r"skills? serves? \d+ of 28 students",
        r"In force\. To take it back",
        r"Revoked\. Work that the plan assigned stays",
    ],
    "Does it serve some students less": [r"a, 14 students", r"Tasks of the last 30 days"],
    "From a teacher's tool": [r'"key":"o-[0-9a-f]{8}"'],
    "From the LMS, by SQL": [],
}
LONGEST_SECONDS = 5.0
GUS = "riverside-s413"


def test_every_section_with_commands_has_something_to_be_seen() -> None:
    assert list(dict.fromkeys(each.heading for each in blocks("teachers.md"))) == list(SEEN)


def test_the_page_and_how_soon_an_order_is_in_force() -> None:
    with terminal() as typed:
        outputs = dict.fromkeys(SEEN, "")
        for block in blocks("teachers.md"):
            ran = typed.run(block.commands)
            assert not ran.failed, f"{block.heading}: {ran.failed}\n{ran.output}"
            outputs[block.heading] += ran.output
            if block.heading == "From a teacher's tool":
                assert waited(typed, "5.NF.A.1-join-parts-0-space") < LONGEST_SECONDS
        assert waited(typed, "5.NF.A.1-join-parts-0-food") < LONGEST_SECONDS
        for heading, patterns in SEEN.items():
            for pattern in patterns:
                assert re.search(pattern, outputs[heading]), f"{heading}: {pattern}\n{outputs[heading]}"
        tried = json.loads((typed.work / "tried.json").read_text())
        assert any("[5.NF.A.1-join-parts-0-space]" in each for each in tried["students"][0]["would_be"])
        assert {len(each["would_be"]) > 0 for each in json.loads((typed.work / "would.json").read_text())["students"]}
        before = lying(typed)
        again = typed.run("bin/souschef refresh-assignments --all && bin/souschef refresh-assignments --class MATH-5A")
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
            pytest.fail(f"{material} never came: {(typed.work / 'up.log').read_text()[-2000:]}")
        time.sleep(0.05)
    return time.monotonic() - began
