"""The operator's figures: true, the same everywhere, and nothing of a student in them."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from config import settings as configuration
from models import engine
from models.access import sources
from models.events import counters, source_metrics
from tasks.sweep import sweep_once
from tests.web.conftest import serving
from tests.web.senders import SENDERS
from tests.web.test_traffic import ask, drained, known_as, town
from web.dependencies import ApiState
from web.notifier import WorkerNotifier
from web.routes import health
from workers.cli.main import app

__all__ = ["town"]

Metrics: TypeAlias = dict[tuple[str, str], float]
ROOT = Path(__file__).resolve().parents[3]
RULES = yaml.safe_load((ROOT / "config" / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
STATES = {"pending": 3, "parked": 2, "quarantined": 1, "done": 5}
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def api_url(town: None) -> Iterator[str]:
    with serving(ApiState(notifier=WorkerNotifier(lambda _task, _ids, _requests: None))) as (url, _):
        yield url


def scrape(url: str) -> Metrics:
    answer = httpx.get(f"{url}/metrics", timeout=10)
    assert answer.status_code == 200
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def plant(state: str, count: int) -> None:
    code = {"parked": "unknown_student", "quarantined": "future_event"}.get(state)
    ask(f"""
        INSERT INTO souschef.inbox (school_id, source_id, key, kind, shard, payload, state, code, received_at)
        SELECT school_id, id, decode(md5('{state}' || n), 'hex'), 'assessment', 1, '{{}}', '{state}',
               {f"'{code}'" if code else "NULL"}, souschef.clock() - interval '200 s'
          FROM (SELECT * FROM souschef.source ORDER BY id LIMIT 1) AS source, generate_series(1, {count}) AS n
    """)
    ask("""INSERT INTO souschef.quarantine (inbox_id, school_id, code, pointer)
           SELECT id, school_id, code, '' FROM souschef.inbox WHERE state = 'quarantined' ON CONFLICT DO NOTHING""")


def test_the_metrics_show_what_is_stored_and_status_says_the_same(api_url: str) -> None:
    for state, count in STATES.items():
        plant(state, count)
    ask("UPDATE souschef.learner_state SET refresh_due = true")
    found = scrape(api_url)
    assert found["souschef_backlog_events", "assessment"] == found["souschef_backlog_events", "all"] == 3
    assert 200 <= found["souschef_backlog_oldest_seconds", ""] < 260
    assert found["souschef_parked_events", "unknown_student"] == found["souschef_parked_events", "all"] == 2
    assert found["souschef_quarantined_events", "future_event"] == found["souschef_quarantined_events", "all"] == 1
    assert (found["souschef_database_up", ""], found["souschef_broker_up", ""]) == (1, 1)
    ran = CliRunner().invoke(app, ["status", "--json"])
    status = json.loads(ran.stdout)
    assert ran.exit_code == 1
    assert (status["backlog"], status["parked"], status["quarantined"]) == (3, 2, 1)
    assert (status["parked_by_code"], status["quarantined_by_code"]) == ({"unknown_student": 2}, {"future_event": 1})
    assert status["stale_students"] == found["souschef_stale_students", ""]


def test_totals_rise_by_what_was_done_and_outlive_every_process(api_url: str) -> None:
    sender = SENDERS["canonical"]
    known_as(sender)
    with engine.transaction() as session:
        key = configuration.settings().secret_key_bytes()
        credential = sources.add(session, "it", format="canonical", secret_key=key, surveys=sender.surveys)
    events = sender.events()
    with httpx.Client(base_url=api_url, auth=(credential.key, credential.secret)) as client:
        assert client.post("/events", json=events).status_code == 200
    drained()
    found = scrape(api_url)
    assert found["souschef_event_visible_seconds_count", ""] == len(events)
    assert 0 < found["souschef_event_visible_seconds_sum", ""] < 120 * len(events)
    assert found["souschef_door_events_total", "accepted"] == len(events)
    ((slots,),) = ask("SELECT count(*) FROM souschef.assignment WHERE menu_position = 0")
    decided = {why: value for (name, why), value in found.items() if name == "souschef_decisions_total"}
    assert sum(value for why, value in decided.items() if not why.startswith("nothing")) >= slots > 0
    buckets = [v for (name, _), v in found.items() if name == "souschef_event_visible_seconds_bucket"]
    assert buckets == sorted(buckets)
    engine.close()
    assert scrape(api_url)["souschef_event_visible_seconds_count", ""] == len(events)


def test_a_bucket_holds_what_took_no_longer_than_it_says(town: None) -> None:
    plant("pending", 4)
    ask("UPDATE souschef.inbox SET attempts = 2, received_at = souschef.clock() - interval '7 s'")
    with engine.transaction() as session:
        ids = [row[0] for row in ask("SELECT id FROM souschef.inbox WHERE state = 'pending'")]
        counters.observe(session, ids)
        counts = counters.totals(session, counters.VISIBLE)
    assert {label: count for label, count in counts.items() if label != "sum"} == {"10.0": 4}
    assert 28 <= counts["sum"] < 40


def test_every_metric_of_an_alert_is_there(api_url: str) -> None:
    sweep_once()
    names = {name for name, _ in scrape(api_url)} | {"up"}
    for rule in RULES:
        used = set(re.findall(r"\b(?:souschef_\w+|up)\b", rule["expr"])) - {"souschef"}
        assert used, rule["alert"]
        assert used <= names, rule["alert"]
        page, _, heading = rule["annotations"]["page"].partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), flags=re.MULTILINE)
        assert not heading or heading in {each.lower().replace(" ", "-") for each in headings}, rule["alert"]


def stop_the_sweep() -> None:
    sweep_once()
    ask("UPDATE souschef.tally SET value = value - 130")


def go_stale() -> None:
    plant("pending", 1)
    ask("UPDATE souschef.learner_state SET refresh_due = true RETURNING 1")


@pytest.mark.parametrize(
    ("alert", "provoke"),
    [
        ("SouschefBacklogOld", lambda: plant("pending", 1)),
        ("SouschefQuarantine", lambda: plant("quarantined", 1)),
        ("SouschefNobodySweeps", stop_the_sweep),
        ("SouschefStale", go_stale),
    ],
)
def test_an_alert_speaks_when_its_cause_is_there_and_not_before(
    api_url: str, alert: str, provoke: Callable[[], object]
) -> None:
    """Rules of the form `metric > number` are judged here; how long they must hold is Prometheus's."""
    (rule,) = [each for each in RULES if each["alert"] == alert]
    name, label, most = re.fullmatch(r"(\w+)(?:{code=\"(\w+)\"})? > (\d+)", rule["expr"]).groups()  # type: ignore[union-attr] # the form is tested
    sweep_once()
    ask("UPDATE souschef.learner_state SET refresh_due = false RETURNING 1")  # as after the load's own decisions
    assert scrape(api_url)[name, label or ""] <= float(most)
    provoke()
    assert scrape(api_url)[name, label or ""] > float(most)


def test_the_metrics_answer_without_a_broker_and_a_database_and_say_so(
    api_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "redis://127.0.0.1:1/0")
    configuration.settings.cache_clear()
    found = scrape(api_url)
    assert (found["souschef_database_up", ""], found["souschef_broker_up", ""]) == (1, 0)
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    configuration.settings.cache_clear()
    assert scrape(api_url) == {("souschef_database_up", ""): 0, ("souschef_broker_up", ""): 0}


@pytest.mark.parametrize(
    ("caller", "inside"), [("127.0.0.1", True), ("10.1.2.3", True), ("::1", True), ("8.8.8.8", False), ("", False)]
)
def test_callers_from_outside_find_nothing(caller: str, inside: bool) -> None:  # noqa: FBT001 - a parameter of the test
    client = type("Client", (), {"host": caller})() if caller else None
    request: Any = type("Request", (), {"client": client, "headers": {}})()
    assert health._is_local_caller(request) is inside


@pytest.mark.parametrize(
    "added",
    [
        {"X-Forwarded-For": "8.8.8.8"},
        {"X-Forwarded-For": "127.0.0.1, 10.0.0.1"},
        {"Forwarded": "for=10.0.0.1"},
        {"Via": "1.1 proxy"},
        {"X-Real-IP": "10.0.0.1"},
    ],
)
def test_a_proxy_that_passes_everything_on_finds_nothing(api_url: str, added: dict[str, str]) -> None:
    """Whatever the header says: it may be the caller's own words."""
    answer = httpx.get(f"{api_url}/metrics", headers=added, timeout=10)
    assert (answer.status_code, "souschef_" in answer.text) == (404, False)


def labelled(url: str, family: str) -> dict[tuple[str, ...], float]:
    """Return the values of one family by all its labels, in the order of their names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for each in text_string_to_metric_families(httpx.get(f"{url}/metrics", timeout=10).text)
        for sample in each.samples
        if sample.name == family
    }


def test_sources_and_schools_are_counted_by_number(api_url: str) -> None:
    """Labels come in the order of their names: outcome, school, source, state."""
    for state, count in STATES.items():
        plant(state, count)
    ((source, school),) = ask("SELECT id, school_id FROM souschef.source ORDER BY id LIMIT 1")
    ask(f"INSERT INTO souschef.door_count VALUES ({source}, current_date, 'accepted', {school}, 7)")
    ask("UPDATE souschef.learner_state SET refresh_due = true")
    assert labelled(api_url, "souschef_source_events_total") == {("accepted", str(school), str(source)): 7}
    waiting = labelled(api_url, "souschef_source_waiting_events")
    assert waiting == {
        (str(school), str(source), state): STATES[state] for state in ("pending", "parked", "quarantined")
    }
    stale = labelled(api_url, "souschef_school_stale_students")
    assert sum(stale.values()) == scrape(api_url)["souschef_stale_students", ""]


def test_many_sources_are_counted_together_beyond_a_bound(town: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three sources with the bound of one, two are one series: the number of series has an end."""
    monkeypatch.setattr(source_metrics, "MAX_SOURCES", 1)
    rows = [(1, 1, "accepted", 5), (2, 1, "accepted", 6), (3, 2, "accepted", 7)]
    other = source_metrics.OTHER
    assert source_metrics._bounded(rows) == {("1", "1", "accepted"): 5, (other, other, "accepted"): 13}


def test_no_label_is_a_name(api_url: str) -> None:
    for state, count in STATES.items():
        plant(state, count)
    labels = {label for _, label in scrape(api_url)}
    tables = {"person": "ref", "source": "name", "school": "ref"}
    names = {row[0] for table, column in tables.items() for row in ask(f"SELECT {column} FROM souschef.{table}")}
    assert len(names) > 30
    assert not labels & names
