"""The doorbell: off the request path, many rings as one, and never in the way."""

import threading

from lms.facts import EventKind
from web.doorbell import IDS_A_RING, Doorbell


class Bell:
    """A broker that can be made to hang."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, list[int]]] = []
        self.open = threading.Event()
        self.reached = threading.Event()

    def __call__(self, task: str, ids: list[int], _: list[str]) -> None:
        self.reached.set()
        self.open.wait(10)
        self.rung.append((task, ids))


def test_what_comes_while_the_broker_hangs_goes_with_one_ring() -> None:
    bell = Bell()
    doorbell = Doorbell(bell)
    doorbell.ring({EventKind.ASSESSMENT: [1]})
    assert bell.reached.wait(10)
    # None of these waits for the broker, which still hangs with the first.
    for number in range(2, 100):
        doorbell.ring({EventKind.ASSESSMENT: [number], EventKind.SURVEY: []})
    doorbell.ring({EventKind.SURVEY: [100]})
    assert bell.rung == []
    bell.open.set()
    doorbell.close()
    assert bell.rung == [
        ("assessment_completed", [1]),
        ("assessment_completed", list(range(2, 100))),
        ("survey_submitted", [100]),
    ]


def test_a_ring_names_a_few_hundred_at_most() -> None:
    bell = Bell()
    bell.open.set()
    doorbell = Doorbell(bell)
    doorbell.ring({EventKind.ASSESSMENT: range(10_000)})
    doorbell.close()
    ((_, ids),) = bell.rung
    assert ids == list(range(IDS_A_RING))


def test_nothing_new_rings_for_nothing() -> None:
    bell = Bell()
    doorbell = Doorbell(bell)
    doorbell.ring({})
    doorbell.ring({EventKind.ASSESSMENT: []})
    doorbell.close()
    assert bell.rung == []


def test_a_broker_that_fails_does_not_silence_the_bell() -> None:
    rung: list[str] = []

    def fail_first(task: str, _: list[int], __: list[str]) -> None:
        rung.append(task)
        if len(rung) == 1:
            raise ConnectionError

    doorbell = Doorbell(fail_first)
    for _ in range(2):
        doorbell.ring({EventKind.ASSESSMENT: [1]})
        doorbell._thread.submit(int).result(10)  # wait until the ring before has failed
    doorbell.close()
    assert rung == ["assessment_completed"] * 2
