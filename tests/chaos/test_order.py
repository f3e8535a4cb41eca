"""Copies, orders and clocks: what comes twice, late or confused leaves what came once and in order would leave."""

import random
import time

import pytest

from tests.chaos.conftest import Record
from tests.chaos.kitchen import ask, opened

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
SEED = 7


def test_p7_ten_copies_of_each_event_16_at_once_have_one_effect(record: Record) -> None:
    """Mutant: without `ON CONFLICT` in `inbox.record` each copy is a row of its own, or the request an error."""
    with opened() as kitchen:
        began = time.monotonic()
        told = kitchen.events(400, seed=SEED)
        copies = random.Random(SEED).sample(told * 10, 10 * len(told))
        lms = kitchen.send(copies, clients=16)
        kitchen.quiet(seconds=90)
        seconds = time.monotonic() - began
        record(
            "P7", f"each event sent 10 times ({lms.accepted:,}) by 16 clients", kitchen.compare(told), seconds=seconds
        )
        before = ask("SELECT student_id, version FROM souschef.learner_state ORDER BY 1")
        kitchen.send(copies[: len(told)], clients=16)
        kitchen.quiet(seconds=30)
        assert ask("SELECT student_id, version FROM souschef.learner_state ORDER BY 1") == before
