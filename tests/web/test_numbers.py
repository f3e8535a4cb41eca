"""P27: a sender that numbers its events, and some of them never arrive: which ones is named within two sweeps."""

import itertools
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import httpx
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from typer.testing import CliRunner

from models import database, numbers
from models.numbers import MOST_RANGES, PATIENCE_SECONDS
from tasks.maintenance import sweep_once
from workers.command_line import app

Served: TypeAlias = Any
"""What tests/web/conftest.py serves."""
RUN = CliRunner()


def event(number: object) -> dict[str, Any]:
    told = {"type": "interest_veto", "student": "s1", "at": "2026-10-05T09:00:00Z", "topic": "music"}
    return {**told, "id": f"e{number}", "number": number}


def ask(statement: str) -> list[tuple[Any, ...]]:
    with database.transaction() as session:
        found = session.connection().execute(text(statement))
        return [tuple(row) for row in found] if found.returns_rows else []


@pytest.fixture
def send(served: Served, add_source: Callable[..., Any]) -> Iterator[Callable[..., None]]:
    """A sender of our own format, who posts events with these numbers."""
    given = add_source("sis", "canonical")
    with httpx.Client(base_url=served.url, auth=(given.key, given.secret), timeout=30) as client:

        def post(*told: object) -> None:
            assert client.post("/events", json=[event(number) for number in told]).status_code == 200

        yield post


def swept() -> list[tuple[int, int]]:
    """Sweep once, as late as the next sweep may come; return what is named anew, as the log says it."""
    ask(f"""INSERT INTO souschef.clock_offset VALUES (true, interval '{PATIENCE_SECONDS + 1} s')
            ON CONFLICT (single) DO UPDATE SET ahead = clock_offset.ahead + excluded.ahead""")
    with capture_logs() as lines:
        sweep_once()
    return [(line["first"], line["last"]) for line in lines if line["event"] == "numbers_missing"]


def named() -> list[str]:
    """What is told of holes now."""
    with database.transaction() as session:
        return [hole.said for hole in numbers.holes(session)]


def test_three_of_five_hundred_that_never_came_are_named_within_two_sweeps(send: Callable[..., None]) -> None:
    lost = {17, 203, 204}
    arrived = [number for number in range(1, 501) if number not in lost]
    for start in range(0, len(arrived), 50):
        send(*arrived[start : start + 50])
    assert (swept(), named()) == ([], [])
    assert (swept(), named()) == ([(17, 17), (203, 204)], ["17", "203 to 204"])
    assert swept() == []  # named once
    for command in (["doctor", "--json"], ["doctor", "--source", "sis", "--json"]):
        told = json.loads(RUN.invoke(app, command).stdout)["findings"]
        ((said, mend),) = [(each["sentence"], each["mend"]) for each in told if each["about"] == "numbers"]
        assert said == "Events of source sis of riverside were lost on their way: numbers 17, 203 to 204."
        assert "souschef source renumber sis" in mend
    status = RUN.invoke(app, ["status", "--json"])
    assert (json.loads(status.stdout)["number_holes"], status.exit_code) == (2, 1)
    send(203, 17)
    assert named() == ["204"]
    assert (swept(), swept(), named()) == ([], [], ["204"])
    send(204)
    assert (swept(), named()) == ([], [])
    assert ask("SELECT seen::text, missing::text, named::text FROM souschef.source_number") == [
        ("{[1,501)}", "{}", "{}")
    ]


@pytest.mark.parametrize("seed", range(3))
def test_neither_order_nor_copies_nor_batches_name_anything(send: Callable[..., None], seed: int) -> None:
    """One sweep falls in between, when half of them are still on their way."""
    dice = random.Random(seed)
    told = [number for number in range(1, 101) for _ in range(dice.randint(1, 2))]
    dice.shuffle(told)
    half = len(told) // 2
    for part in (told[:half], told[half:]):
        cuts = sorted({0, len(part), *(dice.randrange(len(part)) for _ in range(6))})
        for start, end in itertools.pairwise(cuts):
            send(*part[start:end])
        assert swept() == []
    assert (swept(), swept(), named()) == ([], [], [])


def test_a_sweep_that_comes_too_soon_after_another_names_nothing(send: Callable[..., None]) -> None:
    """Several workers sweep, each in its own time."""
    send(1, 3)
    swept()
    with capture_logs() as lines:
        for _ in range(3):
            sweep_once()
    assert not [line for line in lines if line["event"] == "numbers_missing"]
    assert swept() == [(2, 2)]


def test_a_clock_that_is_set_back_stops_no_sweep(send: Callable[..., None]) -> None:
    send(1, 3)
    assert swept() == []
    ask("UPDATE souschef.clock_offset SET ahead = ahead - interval '2 hours'")
    assert swept() == [(2, 2)]


def test_a_count_that_begins_anew_is_said_so_by_a_person(send: Callable[..., None]) -> None:
    send(1, 2, 900)
    swept()
    assert swept() == [(3, 899)]
    ran = RUN.invoke(app, ["source", "renumber", "sis"])
    assert (ran.exit_code, ran.stdout) == (0, "The numbers of sis begin anew.\n")
    assert named() == []
    send(50, 51)
    assert (swept(), swept(), named()) == ([], [], [])
    assert "has never sent" in RUN.invoke(app, ["source", "renumber", "moodle"]).stdout
    assert "no source named nobody" in str(RUN.invoke(app, ["source", "renumber", "nobody"]).exception)


def test_numbers_that_are_not_consecutive_say_nothing_and_take_no_room(send: Callable[..., None]) -> None:
    for start in range(0, 3 * MOST_RANGES, 500):
        send(*range(2 * start, 2 * start + 1_000, 2))
    assert (swept(), swept(), named()) == ([], [], [])
    ((ranges,),) = ask("SELECT count(*) FROM souschef.source_number, unnest(seen)")
    assert ranges <= MOST_RANGES + 500
    told = json.loads(RUN.invoke(app, ["doctor", "--json"]).stdout)["findings"]
    ((said, severity),) = [(each["sentence"], each["severity"]) for each in told if each["about"] == "numbers"]
    assert (said.partition(":")[0], severity) == ("The numbers of source sis of riverside are not consecutive", "note")
    RUN.invoke(app, ["source", "renumber", "sis"])
    send(1, 3)
    assert (swept(), swept()) == ([], [(2, 2)])


@pytest.mark.parametrize("number", [-1, 1.5, "7", True, 10**15 + 1, [1], {}])
def test_what_is_no_number_is_told_to_the_sender_later_and_counted_nowhere(
    send: Callable[..., None], number: object
) -> None:
    send(number)
    assert ask("SELECT count(*) FROM souschef.source_number") == [(0,)]
    assert ask("SELECT count(*) FROM souschef.inbox") == [(1,)]
