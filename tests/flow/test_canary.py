"""P21: a student whose every word is a canary goes through the whole kitchen, and is found in the tables alone.

PostgreSQL logs every statement meanwhile, every command to the broker is listened to, and some events break on purpose.
"""

import base64
import gzip
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flower.urls
import httpx
import pytest
import redis
from sqlalchemy import text
from typer.testing import CliRunner

from config import settings as configuration
from config.celery import wake
from config.settings import Settings, settings
from models import database, loading, sources
from models.sources import Credential
from tests.conftest import administer
from workers import embedded, reading, sending
from workers.command_line import app
from workers.embedded import Servers
from workers.supervisor import Kitchen, running

EXAMPLE = Path(__file__).parents[2] / "examples" / "riverside"
ACCOUNT = "428"
WORD = "zq7canary"
FORBIDDEN = (WORD, "Failing row")
JSON = {"Content-Type": "application/json"}
BODY = re.compile(r'body\\*": *\\*"([A-Za-z0-9+/=]+)')
HARSH = (
    "log_statement = 'all'",
    "log_min_duration_statement = 0",
    "log_parameter_max_length_on_error = -1",
)
pytestmark = [pytest.mark.flow, pytest.mark.timeout(240)]


class Listener:
    """Everything that the broker is told, from the beginning."""

    def __init__(self, url: str) -> None:
        self.heard: list[str] = []
        self._client = redis.Redis.from_url(url, socket_timeout=None)
        self._monitor = self._client.monitor().__enter__()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            for told in self._monitor.listen():
                self.heard.append(str(told["command"]))
        except (redis.RedisError, ValueError, OSError):
            return  # the broker is stopped at the end

    def text(self) -> str:
        """All commands, and each message's body as it reads without its packing."""
        told = "\n".join(self.heard)
        return told + "\n" + "\n".join(unpacked(told))


def unpacked(told: str) -> Iterator[str]:
    """Celery packs a message's body as base64."""
    for body in BODY.findall(told):
        yield base64.b64decode(body).decode(errors="replace")


def found_in(places: dict[str, str]) -> list[str]:
    """Where a canary is heard, with what stands around it."""
    heard = []
    for place, told in places.items():
        for word in FORBIDDEN:
            at = told.lower().find(word.lower())
            if at >= 0:
                heard.append(f"{place}: ...{told[max(0, at - 120) : at + 60]}...")
    return heard


@pytest.fixture
def own_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """A talkative PostgreSQL and a broker for this test alone."""
    with embedded.running(tmp_path / "data", durable=False) as found:
        for line in HARSH:
            administer(found.database_url, f"ALTER SYSTEM SET {line}")
        administer(found.database_url, "SELECT pg_reload_conf()")
        for name in ("DATABASE_URL", "BROKER_URL"):
            monkeypatch.setenv(f"SOUSCHEF_{name}", getattr(found, name.lower()))
        monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(found.data_dir))
        configuration.settings.cache_clear()
        yield found
        database.close()
    configuration.settings.cache_clear()


@pytest.fixture
def listener(own_servers: Servers) -> Listener:
    return Listener(own_servers.broker_url)


@pytest.fixture
def kitchen(own_servers: Servers, listener: Listener, tmp_path: Path) -> Iterator[Kitchen]:
    """All four processes, and the example school, in which one student has canaries for names."""
    assert listener
    chosen = Settings(data_dir=own_servers.data_dir)
    with running(chosen, free_ports=True) as found:
        with database.transaction() as session:
            loading.load(session, None, reading.read(school_of_canaries(tmp_path / "school")))
        yield found


def school_of_canaries(folder: Path) -> Path:
    folder.mkdir()
    for path in EXAMPLE.iterdir():
        if path.is_dir():
            (folder / path.name).mkdir()
            for inner in path.iterdir():
                (folder / path.name / inner.name).write_bytes(inner.read_bytes())
        elif path.suffix in {".csv", ".json"}:
            told = path.read_text(encoding="utf-8-sig").replace(f"riverside-s{ACCOUNT}", f"{WORD}-ref")
            if path.name == "users.csv":
                told = "\n".join(canary_user(line) if WORD in line else line for line in told.splitlines()) + "\n"
            (folder / path.name).write_text(told)
    return folder


def canary_user(line: str) -> str:
    cells = line.replace(f":{ACCOUNT}}}", f":{WORD}-account}}").split(",")
    cells[8], cells[9], cells[12] = f"{WORD}-given", f"{WORD}-family", f"{WORD}@school.test"
    return ",".join(cells)


def moodle_traffic() -> list[dict[str, Any]]:
    """The real statements of one student, with canaries for their name, account and answers."""
    found = []
    with gzip.open(EXAMPLE / "moodle_class.jsonl.gz", "rt") as lines:
        for statement in (each for line in lines for each in json.loads(json.loads(line)["body"])):
            if statement["actor"]["account"]["name"] == ACCOUNT:
                statement["actor"]["account"]["name"] = f"{WORD}-account"
                statement["actor"]["name"] = f"{WORD}-given {WORD}-family"
                if "response" in statement.get("result", {}):
                    statement["result"]["response"] = f"{WORD}-answer"
                found.append(statement)
    return found


def surveys() -> list[sending.Request]:
    """The student's real questionnaire, with a canary for what they wrote."""
    found = []
    for request in sending.read(EXAMPLE / "surveys.jsonl"):
        if f"|{ACCOUNT}".encode() in request.body:
            told = json.loads(request.body.replace(f"|{ACCOUNT}".encode(), f"|{WORD}-account".encode()))
            told["form_response"]["hidden"]["email"] = f"{WORD}@school.test"
            field = {"id": "free", "ref": "q99", "type": "long_text"}
            told["form_response"]["answers"].append({"type": "text", "text": f"{WORD}-interest", "field": field})
            found.append(sending.Request(request.method, request.path, request.headers, json.dumps(told).encode()))
    return found


def added(name: str, format_: str, *, surveys: tuple[str, ...] = ()) -> Credential:
    with database.transaction() as session:
        key = settings().secret_key_bytes()
        return sources.add(session, name, format=format_, secret_key=key, surveys=surveys)


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with database.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


def until(done: Callable[[], Any], *, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.1)


def told_by(kitchen: Kitchen, address: str) -> str:
    """A page with its headers, whatever its status."""
    given = base64.b64encode(f"{kitchen.flower_user}:{kitchen.flower_password}".encode()).decode()
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {given}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return f"{answer.headers}{answer.read().decode(errors='replace')}"
    except urllib.error.HTTPError as error:
        return f"{error.headers}{error.read().decode(errors='replace')}"


def flower_pages(kitchen: Kitchen) -> dict[str, str]:
    """Every route of the installed Flower that can be read, for every task and worker that it knows."""
    tasks = json.loads(told_by(kitchen, f"{kitchen.flower_url}/api/tasks").partition("\n\n")[2])
    task_ids = list(tasks)
    workers = sorted({task["worker"] for task in tasks.values() if task["worker"]})
    assert (len(task_ids) > 3, len(workers)) == (True, 1)
    paths: list[str] = []
    for route in flower.urls.handlers:
        pattern = str(route[0]) if isinstance(route, tuple) else route.matcher._path or route.regex.pattern.rstrip("$")
        pattern = pattern.replace("%s", "(.+)").replace("/?", "")
        if "static" in pattern or pattern == ".*":
            continue
        whom = workers if "worker" in pattern else task_ids
        paths += [re.sub(r"\(\.[+*]\)", one, pattern) for one in whom] if "(" in pattern else [pattern]
    paths += [("/tasks/datatable?draw=1&start=0&length=100&search[value]=&order[0][column]=0&order[0][dir]=asc"
              "&columns[0][data]=name")]  # fmt: skip
    assert {"/", "/tasks", "/broker", "/metrics"} <= set(paths)
    return {f"Flower {path}": told_by(kitchen, kitchen.flower_url + path) for path in paths}


def refused_requests(kitchen: Kitchen, given: Credential) -> dict[str, str]:
    """What is not taken, with canaries in every part of it; the answers, by what was wrong."""
    sent = moodle_traffic()[:1]
    told: dict[str, str] = {}
    with httpx.Client(base_url=kitchen.door_url, timeout=20, headers={"User-Agent": WORD, "X-Request-Id": WORD}) as it:
        pair = (given.key, given.secret)
        wrong = {
            "credential": it.post("/xapi/statements", json=sent, auth=(WORD, WORD)),
            "secret": it.post("/xapi/statements", json=sent, auth=(given.key, WORD)),
            "json": it.post("/xapi/statements", content=f'{{"{WORD}": '.encode(), auth=pair, headers=JSON),
            "twice": it.post("/xapi/statements", content=f'{{"{WORD}":1,"{WORD}":2}}', auth=pair, headers=JSON),
            "size": it.post("/surveys", content=WORD * 200_000, headers={**JSON, "Typeform-Signature": WORD}),
            "path": it.get(f"/nothing/{WORD}", params={WORD: WORD}),
            "id": it.put("/xapi/statements", params={"statementId": WORD}, json=sent[0], auth=pair),
            "media": it.post("/xapi/statements", content=WORD, auth=pair, headers={"Content-Type": WORD}),
        }
    for name, answer in wrong.items():
        assert 400 <= answer.status_code < 500, (name, answer.status_code)
        told[f"answer to a wrong {name}"] = f"{answer.headers}{answer.text}"
    return told


def poison(kitchen: Kitchen) -> None:
    """An event that the database refuses with the row in its words, one that makes no sense, a task that breaks."""
    own = added("own", "canonical")
    with database.transaction() as session:
        session.connection().execute(
            text("ALTER TABLE souschef.fact ADD CONSTRAINT poison CHECK (attempt NOT LIKE '%poison%') NOT VALID")
        )
        item = session.connection().execute(text("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")).scalar()
    event = {"type": "item_result", "student": f"{WORD}-ref", "at": "2026-10-20T09:00:00Z", "subject": item}
    told = [
        {**event, "id": f"{WORD}-1", "outcome": 1.0, "attempt": f"{WORD}-poison"},
        {**event, "id": f"{WORD}-2", "outcome": f"{WORD}-answer"},
    ]
    with httpx.Client(base_url=kitchen.door_url, auth=(own.key, own.secret), timeout=20) as client:
        assert client.post("/events", json=told).json()["accepted"] == 2
    until(lambda: "batch_failed" in logs(kitchen)["worker.log"], what="an event breaks its batch")
    until(lambda: ask("SELECT count(*) FROM souschef.quarantine") != [(0,)], what="an event in quarantine")
    with database.transaction() as session:
        session.connection().execute(
            text("ALTER TABLE souschef.learner_state ADD CONSTRAINT poison CHECK (false) NOT VALID")
        )
    wake("refresh_assignments", [row[0] for row in ask("SELECT student_id FROM souschef.learner_state")])
    until(lambda: "task_broke" in logs(kitchen)["worker.log"], what="a task breaks")
    until(lambda: "FAILURE" in told_by(kitchen, f"{kitchen.flower_url}/api/tasks"), what="Flower shows it")


def logs(kitchen: Kitchen) -> dict[str, str]:
    return {path.name: path.read_text(errors="replace") for path in (kitchen.data_dir / "logs").iterdir()}


def commands() -> dict[str, str]:
    """What an operator's commands print that name nobody."""
    asked = (["status"], ["status", "--json"], ["quarantine", "list"], ["source", "list"])
    return {" ".join(words): CliRunner().invoke(app, words).output for words in asked}


def tables() -> dict[str, int]:
    """How many rows of each table hold a canary."""
    names = [row[0] for row in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'souschef'")]
    found = {
        name: ask(f"SELECT count(*) FROM souschef.{name} t WHERE t::text LIKE :w", w=f"%{WORD}%") for name in names
    }
    return {name: rows[0][0] for name, rows in found.items() if rows[0][0]}


def test_p21_a_student_is_in_the_tables_and_nowhere_else(kitchen: Kitchen, listener: Listener) -> None:
    """Mutant: `structlog.processors.format_exc_info` in config/logging.py writes the refused row into worker.log.

    Raising the error itself in `config.celery._wordless` shows the row in Flower.
    """
    moodle, forms = (
        added("moodle", "moodle", surveys=("FB-LIKE",)),
        added("forms", "typeform", surveys=("interests-24",)),
    )
    sent = moodle_traffic()
    with httpx.Client(base_url=kitchen.door_url, auth=(moodle.key, moodle.secret), timeout=30) as client:
        assert client.post("/xapi/statements", json=sent).status_code == 200
    asked = surveys()
    assert sending.send(asked, door=kitchen.door_url, credential=forms).statuses == {200: len(asked)}
    until(lambda: ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending'") == [(0,)], what="all applied")
    answers = refused_requests(kitchen, moodle)
    poison(kitchen)

    # The words did come in, and what is searched did hear of them: else silence would prove nothing.
    held = tables()
    assert held["inbox"] > 50
    assert held["person"] == 1
    assert ask("SELECT count(*) > 50 FROM souschef.fact f JOIN souschef.person p ON p.id = f.student_id "
               "WHERE p.ref = :ref", ref=f"{WORD}-ref") == [(True,)]  # fmt: skip
    assert ask("SELECT count(*) > 0 FROM souschef.inbox WHERE payload LIKE :w", w=f"%{WORD}-interest%") == [(True,)]
    written = logs(kitchen)
    assert {"door.log", "worker.log", "beat.log", "flower.log", "postgres.log"} <= written.keys()
    assert "INSERT INTO souschef.inbox" in written["postgres.log"]
    assert "CheckViolation" in written["worker.log"]
    assert '"errbacks"' in listener.text()

    door = {
        path: told_by(kitchen, kitchen.door_url + path) for path in ("/health", "/ready", "/openapi.json", "/metrics")
    }
    kept = {"flower.db": "".join(p.read_bytes().decode("latin-1") for p in kitchen.data_dir.glob("flower.db*"))}
    places = {**written, **flower_pages(kitchen), **door, **answers, **commands(), **kept, "broker": listener.text()}
    assert found_in(places) == []


def test_a_word_that_got_out_is_heard() -> None:
    """The controls: a log line, a packed message, and the detail of a refused row."""
    packed = base64.b64encode(f'[[["{WORD}"]], {{}}, {{}}]'.encode()).decode()
    command = f'LPUSH souschef {{"body": "{packed}", "content-type": "application/json"}}'
    assert found_in({"broker": "\n".join([command, *unpacked(command)])}) != []
    assert found_in({"worker.log": f'{{"event": "received", "student": "{WORD.upper()}-ref"}}'}) != []
    assert found_in({"worker.log": "DETAIL: Failing row contains (1, 2)"}) != []
    assert found_in({"worker.log": '{"event": "received", "accepted": 1}'}) == []
