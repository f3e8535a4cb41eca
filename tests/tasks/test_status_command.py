"""`souschef status`: sentences and a line a source, in the terminal and as JSON."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from config.settings import settings
from lms.facts import EventKind
from models import engine
from models.events import counters, inbox
from models.events.incoming import NewEvent
from models.reports import source_status
from tests.tasks.conftest import Ask, School
from workers import preflight
from workers.cli.main import app
from workers.cli.views.status import duration

pytestmark = pytest.mark.timeout(120)
STUDENT, ITEM = "riverside-s413", "4.NF.A.1 q01"


def shown(*words: str, code: int = 0, columns: int = 120) -> str:
    result = CliRunner().invoke(app, ["status", *words], env={"COLUMNS": str(columns)})
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


def test_each_source_has_a_line(school: School, ask: Ask) -> None:
    """Two answers are applied, one is parked, one fails; one waits, and nobody has applied it."""
    school.deliver(*school.answers(STUDENT, ITEM, "10"))
    parked, wrong = school.answers(STUDENT, "q99", "1"), {**school.answers(STUDENT, ITEM, "1", day=2)[0], "outcome": -1}
    school.deliver(*parked, wrong)
    with engine.transaction() as session:
        inbox.record(session, school.sender, [NewEvent(EventKind.ASSESSMENT, b"0" * 16, STUDENT, "{}")])
    (row,) = [each for each in json.loads(shown("--json", code=1))["sources"] if each["source"] == "own"]
    counts: dict[str, Any] = {name: row[name] for name in ("school", "format", "waiting", "parked", "failed")}
    assert counts == {"school": "riverside", "format": "canonical", "waiting": 1, "parked": 1, "failed": 1}
    assert row["per_minute"] == 5 / source_status.RATE_MINUTES
    page = shown(code=1)
    assert "1 event in quarantine (score_range 1): souschef quarantine list" in page
    assert "1 event waits for a load (unknown_item 1): souschef parked list" in page
    assert "own" in page
    assert max(map(len, shown(code=1, columns=80).splitlines())) <= 80


def test_a_rate_says_where_more_came_than_was_counted(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five answers in ten minutes are 0.5 a minute; where only four of them are looked at, at least 0.4."""
    school.deliver(*school.answers(STUDENT, ITEM, "10101"))
    assert " 0.5 " in shown()
    monkeypatch.setattr(source_status, "RECENT_EVENTS", 4)
    assert " 0.4+ " in shown()


def test_a_source_that_is_revoked_is_left_out_once_nothing_of_it_waits(school: School) -> None:
    assert "own" in shown()
    assert CliRunner().invoke(app, ["source", "revoke", "own"]).exit_code == 0
    assert "own" not in shown()


def test_the_hint_to_start_workers_comes_only_where_up_does_not_run(school: School) -> None:
    """The only worker may be killed before its first sweep, and `up` starts another one."""
    assert "none has looked for work yet: souschef up" in shown()
    settings().data_dir.mkdir()
    with preflight.exclusive_data_dir(settings().data_dir):
        assert json.loads(shown("--json"))["up_runs"] is True
        page = shown()
    assert "none has looked for work yet; souschef up runs, and starts them" in page
    with engine.transaction() as session:
        counters.record_sweep(session)
    assert "one looked for work 0 s ago" in shown()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (7300, "2 h"), (90_000, "1 day"), (2e5, "2 days")]
)
def test_durations_are_read_at_a_glance(seconds: float, text: str) -> None:
    assert duration(seconds) == text
