"""The notifier sends outside of the request, many requests in one message, and never fails one."""

import threading

from lms.facts import EventKind
from web.notifier import MAX_IDS, WorkerNotifier


class SlowBroker:
    """A broker that can be made to hang."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, list[int]]] = []
        self.open = threading.Event()
        self.reached = threading.Event()

    def __call__(self, task: str, ids: list[int], _: list[str]) -> None:
        self.reached.set()
        self.open.wait(10)
        self.messages.append((task, ids))


def test_what_comes_while_the_broker_hangs_goes_in_one_message() -> None:
    slow_broker = SlowBroker()
    notifier = WorkerNotifier(slow_broker)
    notifier.notify({EventKind.ASSESSMENT: [1]})
    assert slow_broker.reached.wait(10)
    # None of these waits for the broker, which still hangs with the first.
    for number in range(2, 100):
        notifier.notify({EventKind.ASSESSMENT: [number], EventKind.SURVEY: []})
    notifier.notify({EventKind.SURVEY: [100]})
    assert slow_broker.messages == []
    slow_broker.open.set()
    notifier.close()
    assert slow_broker.messages == [
        ("assessment_completed", [1]),
        ("assessment_completed", list(range(2, 100))),
        ("survey_submitted", [100]),
    ]


def test_a_burst_makes_few_messages_and_the_first_one_at_once() -> None:
    """Two hundred requests one after another, and a broker that takes each message at once."""
    slow_broker = SlowBroker()
    slow_broker.open.set()
    notifier = WorkerNotifier(slow_broker, pause_seconds=30)
    notifier.notify({EventKind.ASSESSMENT: [1]})
    assert slow_broker.reached.wait(10)
    for number in range(2, 202):
        notifier.notify({EventKind.ASSESSMENT: [number]})
    notifier.close()
    assert slow_broker.messages == [("assessment_completed", [1]), ("assessment_completed", list(range(2, 202)))]


def test_a_message_names_a_few_hundred_events_at_most() -> None:
    slow_broker = SlowBroker()
    slow_broker.open.set()
    notifier = WorkerNotifier(slow_broker)
    notifier.notify({EventKind.ASSESSMENT: range(10_000)})
    notifier.close()
    ((_, ids),) = slow_broker.messages
    assert ids == list(range(MAX_IDS))


def test_nothing_new_rings_for_nothing() -> None:
    slow_broker = SlowBroker()
    notifier = WorkerNotifier(slow_broker)
    notifier.notify({})
    notifier.notify({EventKind.ASSESSMENT: []})
    notifier.close()
    assert slow_broker.messages == []


def test_a_failing_broker_does_not_stop_the_notifier() -> None:
    messages: list[str] = []

    def fail_first(task: str, _: list[int], __: list[str]) -> None:
        messages.append(task)
        if len(messages) == 1:
            raise ConnectionError

    notifier = WorkerNotifier(fail_first)
    for _ in range(2):
        notifier.notify({EventKind.ASSESSMENT: [1]})
        notifier._thread.submit(int).result(10)  # wait until the message before has failed
    notifier.close()
    assert messages == ["assessment_completed"] * 2
