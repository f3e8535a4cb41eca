"""What row security between schools costs: `python -m benchmarks.rls_overhead [--json] [--slices N]`.

The recorded class is taken in and applied by the real tasks, as a plain owner (neither superuser nor BYPASSRLS), in
two databases in turn, slice by slice: one as the migrations make it, and one where row security is not forced, so that
it does not bind the owner. Both must end with the same states. What is compared is the processor time of the workers'
own connections in PostgreSQL and of this process, since other work on the machine lengthens the time by the clock; the
first slice of each, which opens connections, is left out. Both databases are analysed at the same slices.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
from rich.progress import track
from sqlalchemy import text
from sqlalchemy.engine import make_url

from config import settings as configuration
from lms import formats, strict_json
from lms.facts import EventKind
from models import admin, engine
from models.access import sources
from models.access.sources import Sender
from models.events import inbox
from models.events.incoming import NewEvent
from tasks import events
from workers.cli import replay_client
from workers.cli.demo import replay
from workers.local.embedded import servers as embedded_servers

CLASS = replay.EXAMPLE / "moodle_class.jsonl.gz"
PASSWORD = "only-here"  # noqa: S105 - of a server that lives as long as this run
REQUESTS_A_SLICE = 5
SLICES_AN_ANALYSIS = 8
WARM_SLICES = 1
TASKS = {
    EventKind.ASSESSMENT: events.assessment_completed,
    EventKind.SURVEY: events.survey_submitted,
    EventKind.CHOICE: events.choice_made,
    EventKind.ORDER: events.order_given,
}
UNFORCE = """
    DO $$ DECLARE t regclass; BEGIN
      FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'souschef'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', t);
      END LOOP;
    END $$
"""
STATES = "SELECT md5(string_agg(state::text || version, '' ORDER BY student_id)) FROM souschef.learner_state"


def main() -> int:
    """Run, and print the times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--slices", type=int, default=None, help="only the first so many slices of the class")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="souschef-rls-") as folder:
        found = measure(Path(folder), slices=asked.slices, quiet=asked.json)
    if asked.json:
        print(json.dumps(found))
    else:
        for what in ("database", "process", "clock"):
            forced, free = found[f"{what}_forced"], found[f"{what}_free"]
            print(f"{what:8} seconds: forced {forced:6.2f}, not forced {free:6.2f}, ratio {forced / free:.3f}")
    return 0


def measure(folder: Path, *, slices: int | None, quiet: bool) -> dict[str, float]:
    """Apply the class in both databases in turn; return what each took, in seconds."""
    with embedded_servers.running(folder / "data") as servers:
        urls = {name: prepare(servers.database_url, name) for name in ("forced", "free")}
        os.environ["SOUSCHEF_BROKER_URL"] = servers.broker_url
        os.environ["SOUSCHEF_DATA_DIR"] = str(folder / "data")
        senders = {name: school(url) for name, url in urls.items()}
        with psycopg.connect(make_url(urls["free"]).set(drivername="postgresql").render_as_string(False)) as owner:
            owner.execute(UNFORCE)
        requests = replay_client.read(CLASS)
        parts = [requests[n : n + REQUESTS_A_SLICE] for n in range(0, len(requests), REQUESTS_A_SLICE)][:slices]
        spent = {f"{what}_{name}": 0.0 for what in ("database", "process", "clock") for name in urls}
        for turn, part in enumerate(track(parts, disable=quiet)):
            statements = [statement for request in part for statement in json.loads(request.body)]
            for name in sorted(urls, reverse=bool(turn % 2)):
                choose(urls[name])
                before = meters(servers.database_url, name)
                work(senders[name], statements)
                after = meters(servers.database_url, name)
                for what in after if turn >= WARM_SLICES else ():
                    spent[f"{what}_{name}"] += after[what] - before[what]
                if turn % SLICES_AN_ANALYSIS == 0:
                    with engine.transaction() as session:
                        session.connection().exec_driver_sql("ANALYZE")
        states = {digest(url) for url in urls.values()}
        engine.close()
    if len(states) != 1:
        sys.exit("The two databases ended with different states.")
    return spent


def meters(server: str, name: str) -> dict[str, float]:
    """Return the processor seconds of a database's connections and of this process, and the clock."""
    with psycopg.connect(make_url(server).set(drivername="postgresql").render_as_string(False)) as asked:
        pids = asked.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [name]).fetchall()
    times = [psutil.Process(pid).cpu_times() for (pid,) in pids]
    return {
        "database": sum(each.user + each.system for each in times),
        "process": time.process_time(),
        "clock": time.perf_counter(),
    }


def prepare(server: str, name: str) -> str:
    """Make a migrated database that a plain role owns; return its address."""
    with psycopg.connect(make_url(server).set(drivername="postgresql").render_as_string(False), autocommit=True) as c:
        c.execute(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{PASSWORD}'".encode())
        c.execute(f"CREATE DATABASE {name} OWNER {name} ENCODING 'UTF8' TEMPLATE template0".encode())
    url = make_url(server).set(username=name, password=PASSWORD, database=name).render_as_string(False)
    admin.upgrade(url)
    return url


def choose(url: str) -> None:
    """Let this process's settings point to one of the databases."""
    os.environ["SOUSCHEF_DATABASE_URL"] = url
    configuration.settings.cache_clear()


def school(url: str) -> Sender:
    """Load the example school in the middle of its semester; return its Moodle."""
    choose(url)
    replay.load(replay.quiet_console())
    key = configuration.settings().secret_key_bytes()
    with engine.transaction() as session:
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-12-01 12:00Z' - statement_timestamp())""")
        )
        credential = sources.credential(session, "moodle", secret_key=key)
        found = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
    if found is None:
        sys.exit("The example's Moodle is not known.")
    return found


def work(sender: Sender, statements: list[dict[str, object]]) -> None:
    """Take events in as the API does, and call their tasks as a notification would."""
    incoming = []
    for event in statements:
        found = formats.envelope(sender.format, event, rules=sender.rules)
        if found.kind is not None:
            incoming.append(NewEvent(found.kind, found.key, found.student, strict_json.write(event)))
    with engine.transaction() as session:
        accepted = inbox.record(session, sender, incoming).accepted
    for kind, ids in accepted.items():
        TASKS[kind](ids)


def digest(url: str) -> str:
    """Return a digest of every student's state."""
    choose(url)
    with engine.transaction() as session:
        return str(session.connection().execute(text(STATES)).scalar_one())


if __name__ == "__main__":
    raise SystemExit(main())
