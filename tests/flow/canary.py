"""A student whose every word is a canary, and all places but the tables where such a word could be found."""

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
import redis
from sqlalchemy import text
from typer.testing import CliRunner

from config.settings import settings
from models import engine
from models.access import sources
from models.access.sources import Credential
from workers.cli import replay_client
from workers.cli.main import app
from workers.local.supervisor import RunningSystem

EXAMPLE = Path(__file__).parents[2] / "examples" / "riverside"
ACCOUNT = "428"
WORD = "zq7canary"
FORBIDDEN = (WORD, "Failing row")
BODY = re.compile(r'body\\*": *\\*"([A-Za-z0-9+/=]+)')


class Listener:
    """Every command to the broker, from the beginning."""

    def __init__(self, url: str) -> None:
        self.recorded: list[str] = []
        self._client = redis.Redis.from_url(url, socket_timeout=None)
        self._monitor = self._client.monitor().__enter__()  # type: ignore[no-untyped-call] # redis types it not
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            for command in self._monitor.listen():
                self.recorded.append(str(command["command"]))
        except (redis.RedisError, ValueError, OSError):
            return  # the broker is stopped at the end

    def text(self) -> str:
        """All commands, and each message's body as it reads without its packing."""
        text = "\n".join(self.recorded)
        return text + "\n" + "\n".join(unpacked(text))


def unpacked(text: str) -> Iterator[str]:
    """Celery packs a message's body as base64."""
    for body in BODY.findall(text):
        yield base64.b64decode(body).decode(errors="replace")


def found_in(places: dict[str, str]) -> list[str]:
    """Where a canary is found, with the text around it."""
    found = []
    for place, content in places.items():
        for word in FORBIDDEN:
            at = content.lower().find(word.lower())
            if at >= 0:
                found.append(f"{place}: ...{content[max(0, at - 120) : at + 60]}...")
    return found


def school_of_canaries(folder: Path) -> Path:
    folder.mkdir()
    for path in EXAMPLE.iterdir():
        if path.is_dir():
            (folder / path.name).mkdir()
            for inner in path.iterdir():
                (folder / path.name / inner.name).write_bytes(inner.read_bytes())
        elif path.suffix in {".csv", ".json"}:
            text = path.read_text(encoding="utf-8-sig").replace(f"riverside-s{ACCOUNT}", f"{WORD}-ref")
            if path.name == "users.csv":
                text = "\n".join(canary_user(line) if WORD in line else line for line in text.splitlines()) + "\n"
            (folder / path.name).write_text(text)
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


def surveys() -> list[replay_client.Request]:
    """The student's real questionnaire, with a canary for what they wrote."""
    found = []
    for request in replay_client.read(EXAMPLE / "surveys.jsonl"):
        if f"|{ACCOUNT}".encode() in request.body:
            text = json.loads(request.body.replace(f"|{ACCOUNT}".encode(), f"|{WORD}-account".encode()))
            text["form_response"]["hidden"]["email"] = f"{WORD}@school.test"
            field = {"id": "free", "ref": "q99", "type": "long_text"}
            text["form_response"]["answers"].append({"type": "text", "text": f"{WORD}-interest", "field": field})
            found.append(
                replay_client.Request(request.method, request.path, request.headers, json.dumps(text).encode())
            )
    return found


def added(name: str, format_: str, *, surveys: tuple[str, ...] = ()) -> Credential:
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        return sources.add(session, name, format=format_, secret_key=key, surveys=surveys)


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


def until(done: Callable[[], Any], *, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.1)


def page_of(system: RunningSystem, address: str) -> str:
    """A page with its headers, whatever its status."""
    login = base64.b64encode(f"{system.flower_user}:{system.flower_password}".encode()).decode()
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {login}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return f"{answer.headers}{answer.read().decode(errors='replace')}"
    except urllib.error.HTTPError as error:
        return f"{error.headers}{error.read().decode(errors='replace')}"


def flower_pages(system: RunningSystem) -> dict[str, str]:
    """Every route of the installed Flower that can be read, for every task and worker that it knows."""
    tasks = json.loads(page_of(system, f"{system.flower_url}/api/tasks").partition("\n\n")[2])
    task_ids = list(tasks)
    workers = sorted({task["worker"] for task in tasks.values() if task.get("worker")})
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
    return {f"Flower {path}": page_of(system, system.flower_url + path) for path in paths}


def logs(system: RunningSystem) -> dict[str, str]:
    return {path.name: path.read_text(errors="replace") for path in (system.data_dir / "logs").iterdir()}


def commands() -> dict[str, str]:
    """What an operator's commands print that name nobody."""
    asked = (["status"], ["status", "--json"], ["quarantine", "list"], ["source", "list"])
    return {" ".join(words): CliRunner().invoke(app, words).output for words in asked}


def tables() -> dict[str, int]:
    """How many rows of each table hold a canary, as text or as bytes."""
    names = [row[0] for row in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'souschef'")]
    found = {
        name: ask(
            f"SELECT count(*) FROM souschef.{name} t WHERE t::text LIKE :word OR t::text LIKE :bytes",
            word=f"%{WORD}%",
            bytes=f"%{WORD.encode().hex()}%",
        )
        for name in names
    }
    return {name: rows[0][0] for name, rows in found.items() if rows[0][0]}


def broker_keys(url: str) -> str:
    """Return every key of the broker with its value, as it reads without its packing."""
    with redis.Redis.from_url(url) as client:
        values = {key: _value_of(client, key) for key in sorted(client.scan_iter("*"))}
    text = str(values)
    return text + "\n" + "\n".join(unpacked(text))


def _value_of(client: redis.Redis, key: bytes) -> object:
    match client.type(key):
        case b"list":
            return client.lrange(key, 0, -1)
        case b"set":
            return client.smembers(key)
        case b"zset":
            return client.zrange(key, 0, -1)
        case b"hash":
            return client.hgetall(key)
        case b"string":
            return client.get(key)
        case other:
            raise AssertionError(f"{key!r} is of a kind that nobody searches: {other!r}")


def everywhere(system: RunningSystem, listener: Listener) -> dict[str, str]:
    """All that is written, shown or passed on outside of the tables, by place."""
    pages = {
        path: page_of(system, system.api_url + path) for path in ("/health", "/ready", "/openapi.json", "/metrics")
    }
    contents = {"flower.db": "".join(p.read_bytes().decode("latin-1") for p in system.data_dir.glob("flower.db*"))}
    return {**logs(system), **flower_pages(system), **pages, **commands(), **contents, "broker": listener.text()}
