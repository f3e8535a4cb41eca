"""P27: a sender that numbers its events, and some of them never arrive: which ones is named within two sweeps."""

import itertools
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from typer.testing import CliRunner

from models import engine
from models.events import sequence_gaps
from models.events.sequence_gaps import MAX_RANGES, PATIENCE_SECONDS
from tasks.sweep import sweep_once
from tests.web.conftest import AddSource, RunningApi
from workers.cli.main import app

RUN = CliRunner()


def event(number: object) -> dict[str, Any]:
    veto = {"type": "interest_veto", "student": "s1", "at": "2026-10-05T09:00:00Z", "topic": "music"}
    return {**veto, "id": f"e{number}", "number": number}


def ask(statement: str) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
        found = session.connection().execute(text(statement))
        return [tuple(row) for row in found] if found.returns_rows else []


@pytest.fixture
def send(api: RunningApi, add_source: AddSource) -> Iterator[Callable[..., None]]:
    """A sender of our own format, who posts events with these numbers."""
    credential = add_source("sis", "canonical")
    with httpx.Client(base_url=api.url, auth=(credential.key, credential.secret), timeout=30) as client:

        def post(*numbers: object) -> None:
            assert client.post("/events", json=[event(number) for number in numbers]).status_code == 200

        yield post


def swept() -> list[tuple[int, int]]:
    """Sweep once, as late as the next sweep may come; return the gaps that the log reports for the first time."""
    ask(f"""INSERT INTO souschef.clock_offset VALUES (true, interval '{PATIENCE_SECONDS + 1} s')
            ON CONFLICT (single) DO UPDATE SET ahead = clock_offset.ahead + excluded.ahead""")
    with capture_logs() as lines:
        sweep_once()
    return [(line["first"], line["last"]) for line in lines if line["event"] == "sequence_gap"]


def reported() -> list[str]:
    """The gaps that are reported now."""
    with engine.transaction() as session:
        return [gap.numbers for gap in sequence_gaps.sequence_gaps(session)]


@pytest.mark.shows("P27")
def test_three_of_five_hundred_that_never_came_are_named_within_two_sweeps(send: Callable[..., None]) -> None:
    lost = {17, 203, 204}
    arrived = [number for number in range(1, 501) if number not in lost]
    for start in range(0, len(arrived), 50):
        send(*arrived[start : start + 50])
    assert (swept(), reported()) == ([], [])
    assert (swept(), reported()) == ([(17, 17), (203, 204)], ["17", "203 to 204"])
    assert swept() == []  # named once
    for command in (["doctor", "--json"], ["doctor", "--source", "sis", "--json"]):
        findings = json.loads(RUN.invoke(app, command).stdout)["findings"]
        (finding,) = [each for each in findings if each["about"] == "numbers"]
        assert (
            finding["sentence"] == "Events of source sis of riverside were lost on their way: numbers 17, 203 to 204."
        )
        assert "souschef source renumber sis" in json.dumps(finding)
    status = RUN.invoke(app, ["status", "--json"])
    assert (json.loads(status.stdout)["number_holes"], status.exit_code) == (2, 1)
    send(203, 17)
    assert reported() == ["204"]
    assert (swept(), swept(), reported()) == ([], [], ["204"])
    send(204)
    assert (swept(), reported()) == ([], [])
    assert ask("SELECT seen::text, missing::text, named::text FROM souschef.source_number") == [
        ("{[1,501)}", "{}", "{}")
    ]


@pytest.mark.parametrize("seed", range(3))
def test_neither_order_nor_copies_nor_batches_name_anything(send: Callable[..., None], seed: int) -> None:
    """One sweep falls in between, when half of them are still on their way."""
    dice = random.Random(seed)
    numbers = [number for number in range(1, 101) for _ in range(dice.randint(1, 2))]
    dice.shuffle(numbers)
    half = len(numbers) // 2
    for part in (numbers[:half], numbers[half:]):
        cuts = sorted({0, len(part), *(dice.randrange(len(part)) for _ in range(6))})
        for start, end in itertools.pairwise(cuts):
            send(*part[start:end])
        assert swept() == []
    assert (swept(), swept(), reported()) == ([], [], [])


def test_a_sweep_that_comes_too_soon_after_another_names_nothing(send: Callable[..., None]) -> None:
    """Several workers sweep, each in its own time."""
    send(1, 3)
    swept()
    with capture_logs() as lines:
        for _ in range(3):
            sweep_once()
    assert not [line for line in lines if line["event"] == "sequence_gap"]
    assert swept() == [(2, 2)]


def test_a_clock_that_is_set_back_stops_no_sweep(send: Callable[..., None]) -> None:
    send(1, 3)
    assert swept() == []
    ask("UPDATE souschef.clock_offset SET ahead = ahead - interval '2 hours'")
    assert swept() == [(2, 2)]


def test_a_person_reports_that_a_count_starts_again(send: Callable[..., None]) -> None:
    send(1, 2, 900)
    swept()
    assert swept() == [(3, 899)]
    ran = RUN.invoke(app, ["source", "renumber", "sis"])
    assert ran.exit_code == 0
    assert ran.stdout.startswith("The numbering of sis ")
    assert reported() == []
    send(50, 51)
    assert (swept(), swept(), reported()) == ([], [], [])
    assert "has never sent" in RUN.invoke(app, ["source", "renumber", "moodle"]).stdout
    assert "no source named nobody" in str(RUN.invoke(app, ["source", "renumber", "nobody"]).exception)


def test_numbers_that_are_not_consecutive_say_nothing_and_take_no_room(send: Callable[..., None]) -> None:
    for start in range(0, 3 * MAX_RANGES, 500):
        send(*range(2 * start, 2 * start + 1_000, 2))
    assert (swept(), swept(), reported()) == ([], [], [])
    ((ranges,),) = ask("SELECT count(*) FROM souschef.source_number, unnest(seen)")
    assert ranges <= MAX_RANGES + 500
    findings = json.loads(RUN.invoke(app, ["doctor", "--json"]).stdout)["findings"]
    ((sentence, severity),) = [(each["sentence"], each["severity"]) for each in findings if each["about"] == "numbers"]
    assert (sentence.partition(":")[0], severity) == (
        "The numbers of source sis of riverside are not consecutive",
        "note",
    )
    RUN.invoke(app, ["source", "renumber", "sis"])
    send(1, 3)
    assert (swept(), swept()) == ([], [(2, 2)])


@pytest.mark.parametrize("number", [-1, 1.5, "7", True, 10**15 + 1, [1], {}])
def test_an_invalid_number_is_reported_later_and_counted_nowhere(send: Callable[..., None], number: object) -> None:
    send(number)
    assert ask("SELECT count(*) FROM souschef.source_number") == [(0,)]
    assert ask("SELECT count(*) FROM souschef.inbox") == [(1,)]
