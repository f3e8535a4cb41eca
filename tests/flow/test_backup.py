"""The page on backups, run as it stands: a school is backed up, lost, restored and started, and nothing differs."""

import json
import shutil
import time
from pathlib import Path

import psycopg
import pytest

from config.local_servers import read_state
from tests.doc_runner import Terminal, blocks, terminal

pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(400)]

PREPARED = """
mkdir -p -m 700 ~/souschef-tmp
bin/souschef up > ~/souschef-tmp/up.log 2>&1 &
curl --silent --show-error --retry 60 --retry-delay 1 --retry-connrefused http://127.0.0.1:8484/ready
bin/souschef load examples/riverside
bin/souschef source add moodle --format moodle
bin/souschef lms-login riverside
bin/souschef replay-recording examples/riverside/moodle_class.jsonl.gz --source moodle
until bin/souschef status --json | grep -q '"backlog": 0,.*"stale_students": 0'; do sleep 0.5; done
"""

QUIET_SECONDS = 12
"""Longer than a period of the sweep."""

ERASED = """
bin/souschef privacy erase riverside-s413 --by "J. Doe" --reason "request 17"
umask 077; bin/souschef privacy list --json > backups/erased.json
"""

DIGESTED = {
    "states": "SELECT md5(string_agg(state::text || version, '' ORDER BY student_id)) FROM souschef.learner_state",
    "facts": "SELECT md5(string_agg(to_jsonb(fact)::text, '' ORDER BY id)) FROM souschef.fact",
    "interests": "SELECT md5(string_agg(to_jsonb(i)::text, '' ORDER BY to_jsonb(i)::text)) FROM souschef.interest AS i",
    "assignments": "SELECT md5(string_agg(to_jsonb(assignment)::text, '' ORDER BY id)) FROM souschef.assignment",
    "feed": """
        SELECT md5(string_agg(CASE student_ref WHEN '' THEN to_jsonb(c) - 'changed_at' ELSE to_jsonb(c) END::text, ''
                              ORDER BY school, number)) FROM lms.assignment_changes AS c""",
    "logins": "SELECT rolname || rolpassword FROM pg_authid WHERE rolname LIKE 'souschef_lms%'",
}


def digests(data: Path) -> dict[str, str]:
    """Return a digest of all that must come back, from the servers of a data folder."""
    state = read_state(data)
    assert state is not None
    with psycopg.connect(state["database_url"].replace("+psycopg", "")) as connection:
        return {name: str(connection.execute(query.encode()).fetchone()) for name, query in DIGESTED.items()}


def prepare(typed: Terminal) -> None:
    """Have a school with answers, as the other pages say, in which nothing goes on any more."""
    ran = typed.run(PREPARED)
    assert not ran.failed, ran
    # A refresh that was enqueued before its student's answers came may still be under way when nobody is due.
    deadline = time.monotonic() + 60
    before: dict[str, str] = {}
    after = digests(typed.data)
    while before != after:
        assert time.monotonic() < deadline, "the school changes for a minute without an event"
        time.sleep(QUIET_SECONDS)
        before, after = after, digests(typed.data)


def run(typed: Terminal, *headings: str) -> str:
    """Run the blocks under the headings; return what they printed."""
    output = ""
    for block in (each for each in blocks("backup.md") if each.heading in headings):
        ran = typed.run(block.commands)
        assert not ran.failed, f"{block.heading}: {ran.failed}\n{ran.output}"
        output += ran.output
    return output


def test_every_block_of_the_page_is_run_below() -> None:
    assert [each.heading for each in blocks("backup.md")] == [
        "Back up",
        "Back up",
        "Try the backup",
        "Restore",
        "Restore",
        "Restore",
    ]


def test_a_school_is_backed_up_lost_and_restored_by_the_page() -> None:
    with terminal() as typed:
        data = typed.data
        prepare(typed)
        whole = digests(data)
        run(typed, "Back up")
        live, drill = [line.split("|") for line in run(typed, "Try the backup").splitlines() if "|" in line]
        assert (live[0], drill[0]) == ("souschef", "souschef_drill")
        assert live[1:] == drill[1:]
        assert int(live[1]) >= 2144  # the answers, and when attempts began and ended

        erased = typed.run(ERASED)
        assert not erased.failed, erased
        assert (before := digests(data)) != whole

        lost = typed.run("bin/souschef stop")
        assert not lost.failed
        shutil.rmtree(data / "postgres")
        (data / "secret.key").unlink()

        output = run(typed, "Restore")
        assert "0 states differed" in output
        assert "1 people were in the backup and are erased" in output
        assert 'role "souschef" already exists' in (typed.work / "roles.log").read_text()
        assert digests(data) == before

        again = typed.run(
            "bin/souschef replay-recording examples/riverside/moodle_class.jsonl.gz --source moodle --json"
        )
        assert not again.failed, again.output
        assert set(json.loads(again.output.strip().splitlines()[-1])["statuses"]) == {"200"}
        typed.run("until bin/souschef status --json | grep -q '\"backlog\": 0'; do sleep 0.2; done")
        assert digests(data)["states"] == before["states"]


def test_a_restore_that_lost_something_would_be_noticed() -> None:
    """The mutant: one answer is gone from the database, and both the digest and `rebuild` say so."""
    with terminal() as typed:
        data = typed.data
        prepare(typed)
        before = digests(data)
        typed.run(
            'eval "$(bin/souschef env)"; psql --command="'
            "DELETE FROM souschef.fact WHERE id = (SELECT max(id) FROM souschef.fact WHERE kind = 'item_result')\""
        )
        assert digests(data)["facts"] != before["facts"]
        ran = typed.run("bin/souschef recompute-states --all")
        assert ran.failed == ("bin/souschef recompute-states --all",)
        assert "1 states differed" in ran.output
