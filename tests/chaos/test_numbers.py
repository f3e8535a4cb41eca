"""A sender that numbers its events, and some of them never arrive: which ones is named within two sweeps."""

import random
import time

import pytest

from models import database, numbers
from tests.chaos.conftest import Record
from tests.chaos.counting import compare, wait_until
from tests.chaos.kitchen import opened
from workers.sweeper import JITTER

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]
SWEEP_SECONDS = 10
TWO_SWEEPS = 2 * SWEEP_SECONDS * (1 + JITTER) + 2
"""Sweeps are spread by their jitter; the work of one is the rest."""


def test_p27_three_of_500_that_never_came_are_named_within_two_sweeps(record: Record) -> None:
    """All else comes, in no order and by 8 clients; the three come when they have been named.

    Mutant: a sweep that looks for no holes (`numbers.sweep` returning none) names nothing.
    """
    seed = 27
    dice = random.Random(seed)
    with opened(sweep=SWEEP_SECONDS) as kitchen:
        began = time.monotonic()
        told = [each | {"number": place} for place, each in enumerate(kitchen.events(500, seed=seed)[:500], start=1)]
        lost = sorted(dice.sample(told[1:-1], 3), key=lambda each: int(each["number"]))  # what comes last names no hole
        kitchen.send([each for each in told if each not in lost])
        sent = time.monotonic()
        wait_until(lambda: bool(missing()), seconds=60, what="the holes named")
        took = time.monotonic() - sent
        kitchen.quiet(seconds=60)
        assert missing() == [int(each["number"]) for each in lost]
        assert kitchen.log_of("worker").count("numbers_missing") == len(lost)
        assert took < TWO_SWEEPS, f"{took:.0f} s"
        kitchen.send(lost)
        kitchen.quiet(seconds=60)
        assert missing() == []
        done = f"3 of 500 numbered events withheld: these 3 are named {took:.0f} s after the last, sweeps every 10 s"
        record("P27", done, compare(told), seconds=time.monotonic() - began, seed=seed)


def missing() -> list[int]:
    """Return the numbers that are named as missing."""
    with database.transaction() as session:
        return [number for hole in numbers.holes(session) for number in range(hole.first, hole.last + 1)]
