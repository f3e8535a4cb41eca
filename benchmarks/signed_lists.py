"""Would a teacher sign the lists of the demo's class? `python -m benchmarks.signed_lists [--tree FOLDER] [--students]`.

The demo of a version is replayed into a database of its own, and its 28 lists are read: as they stand on the last day,
and decided again from the same beliefs with nothing open. They are compared with the class's recorded truth by the
rules of `benchmarks/signing_rules.py`, once as the decision believes the students to be and once as they truly are.
The truth counts. Nothing of the decision's own code is read, only the database and the command line, so `--tree`
measures another version by the same rules: a folder with its files and a `.venv`, such as a worktree of `b068a93`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import psycopg
from psycopg.rows import dict_row

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import signing_rules
from benchmarks.environment import plain_url
from benchmarks.signing_rules import ClassTruth, Figures, Slot, StudentList
from workers.local.embedded import servers as embedded_servers

ROOT = Path(__file__).resolve().parents[1]
TRUTH = ROOT / "tests" / "samples" / "moodle_class.truth.json.gz"
DEMO = "souschef_demo"
SCALE = 10_000

OPEN_SLOTS = """
    SELECT DISTINCT ON (student.ref, assignment.slot) student.ref AS student, assignment.slot, skill.ref AS skill,
           assignment.because_gap, assignment.reason, assignment.decision_id, assignment.material_id,
           extract(epoch FROM (SELECT souschef.clock()) - assignment.assigned_at) / 86400 AS days
      FROM souschef.assignment JOIN souschef.person AS student ON student.id = assignment.student_id
      JOIN souschef.skill ON skill.id = assignment.skill_id
     WHERE assignment.state IN ('proposed', 'assigned', 'started')
     ORDER BY student.ref, assignment.slot, assignment.menu_position
"""
BELIEFS = "SELECT student_ref AS student, skill, mastery, low, high FROM lms.skill_gaps"
TALLIES = """
    SELECT student.ref AS student, skill.ref AS skill, right_answers, total
      FROM (SELECT student_id, skill_id, round(sum(outcome))::int AS right_answers, count(*)::int AS total
              FROM (SELECT fact.student_id, alignment.skill_id, outcome,
                           row_number() OVER (PARTITION BY fact.student_id, alignment.skill_id
                                              ORDER BY occurred_at DESC, sequence DESC, key DESC) AS place
                      FROM souschef.fact JOIN souschef.alignment USING (item_id)
                     WHERE kind = 'item_result' AND fact.outcome IS NOT NULL AND fact.weight > 0) AS answer
             WHERE place <= 8 GROUP BY student_id, skill_id) AS tally
      JOIN souschef.person AS student ON student.id = student_id JOIN souschef.skill ON skill.id = skill_id
"""
NOTHING_OPEN = """
    DELETE FROM souschef.assignment;
    UPDATE souschef.learner_state SET carry = '{}';
"""


def read_truth() -> ClassTruth:
    """Return what is true of the recorded class; students by their Moodle account."""
    with gzip.open(TRUTH, "rt") as file:
        truth: dict[str, Any] = json.load(file)
    needs: dict[str, set[str]] = defaultdict(set)
    for need, skill in truth["prerequisite_edges"]:
        needs[skill].add(need)
    students = truth["students"]
    return ClassTruth(
        skills=tuple(truth["skills"]),
        needs={skill: frozenset(of_skill) for skill, of_skill in needs.items()},
        profiles={account: student["profile"] for account, student in students.items()},
        names={account: f"{student['firstname']} {student['lastname']}" for account, student in students.items()},
        success={
            account: {skill: values["p_end"] for skill, values in student["skills"].items()}
            for account, student in students.items()
        },
    )


@contextmanager
def demo_database(tree: Path, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Replay a version's demo, and yield the address of its database and the environment of its commands."""
    with embedded_servers.running(folder, durable=False) as servers:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SOUSCHEF_")} | {
            "SOUSCHEF_DATABASE_URL": servers.database_url,
            "SOUSCHEF_BROKER_URL": servers.broker_url,
            "SOUSCHEF_DATA_DIR": str(folder),
            "SOUSCHEF_WEB_PORT": str(free_port()),
            "SOUSCHEF_FLOWER_PORT": str(free_port()),
        }
        environment.pop("PYTHONPATH", None)
        command(tree, environment, "demo", "--exit", "--json")
        database = plain_url(servers.database_url, DEMO)
        yield database, environment | {"SOUSCHEF_DATABASE_URL": database}


def command(tree: Path, environment: dict[str, str], *arguments: str) -> None:
    """Run a command of a version; what it says goes to standard error."""
    run = subprocess.run([str(tree / "bin" / "souschef"), *arguments], env=environment, stdout=sys.stderr, check=False)
    if run.returncode:
        raise SystemExit(f"souschef {' '.join(arguments)} of {tree} ended with {run.returncode}")


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_lists(connection: psycopg.Connection[dict[str, Any]], accounts: dict[str, str]) -> dict[str, StudentList]:
    """Return every student's list and beliefs, by account."""
    prices = read_prices(connection)
    slots: dict[str, list[Slot]] = {account: [] for account in accounts.values()}
    for row in connection.execute(OPEN_SLOTS):
        price = prices.get((row["decision_id"], row["slot"]), (0.0, False))[0]
        slots[accounts[row["student"]]].append(
            Slot(row["skill"], float(row["days"]), row["because_gap"], row["reason"], price)
        )
    beliefs: dict[str, dict[str, tuple[float, float]]] = {account: {} for account in accounts.values()}
    for row in connection.execute(BELIEFS):
        likely = signing_rules.probability_below(row["low"], row["high"], bound=signing_rules.TARGET)
        beliefs[accounts[row["student"]]][row["skill"]] = row["mastery"], likely
    tallies: dict[str, dict[str, tuple[int, int]]] = {account: {} for account in accounts.values()}
    for row in connection.execute(TALLIES):
        tallies[accounts[row["student"]]][row["skill"]] = row["right_answers"], row["total"]
    return {
        account: StudentList(tuple(slots[account]), beliefs[account], tallies[account]) for account in accounts.values()
    }


def read_prices(connection: psycopg.Connection[dict[str, Any]]) -> dict[tuple[int, int], tuple[float, bool]]:
    """Return the price of each choice, and whether interest took another skill than the best, by decision and slot."""
    found = {}
    for row in connection.execute("SELECT id, record FROM souschef.decision"):
        outcome = json.loads(row["record"])["outcome"]
        for slot in [slot for each in outcome.get("lists", [outcome]) for slot in each["chosen"]]:
            if "skill_only" in slot:
                other = slot["menu"][0][1] != slot["skill_only"][1]
                by_interest = "context.interest" in slot["reasons"]
                found[row["id"], slot["slot"]] = slot["price"] / SCALE, other and by_interest
    return found


def read_accounts(connection: psycopg.Connection[dict[str, Any]], truth: ClassTruth) -> dict[str, str]:
    """Return the Moodle account of each student's ref, which ends with it."""
    rows = connection.execute("SELECT ref FROM souschef.person WHERE ref LIKE 'riverside-s%'")
    refs = {row["ref"]: row["ref"].removeprefix("riverside-s") for row in rows}
    return {ref: account for ref, account in refs.items() if account in truth.profiles}


def measure(tree: Path) -> dict[str, Any]:
    """Return the figures of a version, and its lists."""
    truth = read_truth()
    with (
        tempfile.TemporaryDirectory(prefix="souschef-", dir=memory()) as folder,
        demo_database(tree, Path(folder)) as (database, environment),
        psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection,
    ):
        accounts = read_accounts(connection, truth)
        last_day = read_lists(connection, accounts)
        choices = read_prices(connection)
        connection.execute(NOTHING_OPEN)
        with connection.transaction():
            newest = connection.execute("SELECT max(id) AS id FROM souschef.decision").fetchone()
        command(tree, environment, refresh_command(tree), "--all")
        again = read_lists(connection, accounts)
        prices = read_prices(connection)
        fresh = [price for (decision, _), price in prices.items() if decision > (newest or {})["id"]]
    return {
        "truth": truth,
        "term": (sum(swapped for _, swapped in choices.values()), len(choices)),
        "term_price": fmean(price for price, _ in choices.values()),
        "again_swaps": (sum(swapped for _, swapped in fresh), len(fresh)),
        "last_day": last_day,
        "again": again,
    }


def memory() -> str | None:
    """Return a folder in memory where the machine has one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made in it


def refresh_command(tree: Path) -> str:
    """Return the name of the command that decides again; it was `refresh` once."""
    old = (tree / "workers" / "commands" / "refresh.py").exists()
    return "refresh" if old else "refresh-assignments"


def print_figures(title: str, figures: Figures) -> None:
    """Print the figures of 28 lists, one a line."""
    print(f"\n{title}")
    for name, value in figures.lines():
        print(f"  {name:<58}{value}")


def main() -> None:
    """Print the figures of both sets of lists, and with --students each list with what its teacher would not sign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, default=ROOT, help="the folder of another version")
    parser.add_argument("--students", action="store_true", help="print every list as well")
    options = parser.parse_args()
    measured = measure(options.tree.absolute())
    truth: ClassTruth = measured["truth"]
    print(f"{options.tree.absolute().name}, {dt.datetime.now(dt.UTC):%Y-%m-%d}")
    swapped, choices = measured["term"]
    print(f"skill swaps for interest over the whole term: {swapped} of {choices} choices")
    print(f"price of interest, mean of the term's choices: {measured['term_price']:.4f}")
    swapped, choices = measured["again_swaps"]
    print(f"and where all is decided again: {swapped} of {choices}")
    for title, lists in (("As the lists stand on the last day", "last_day"), ("Decided again, nothing open", "again")):
        print_figures(title, signing_rules.figures(truth, measured[lists]))
        if options.students:
            for line in signing_rules.table(truth, measured[lists]):
                print("   ", line)


if __name__ == "__main__":
    main()
