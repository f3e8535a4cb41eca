"""Random histories of responses, and the bytes that come of them: what two ways of running the filter must agree on."""

import hashlib
import random

from learning.mastery.model import LearnerState, Response, beliefs, fold
from learning.mastery.snapshot import Snapshot
from learning.mastery.training_pass import OnlinePass


def random_histories(students: int) -> list[list[Response]]:
    """Return histories of all that a response may be: unknown, partial, weak, strong, of several skills, of none."""
    dice = random.Random(7)
    return [
        [
            Response(
                at=n * dice.choice([1.0, 3600.0, 9e6]),
                item=dice.choice([None, *range(40)]),
                skills=tuple(dice.sample(range(12), dice.choice([0, 1, 1, 1, 2, 3]))),
                outcome=dice.choice([0.0, 1.0, 1.0, 0.35, None]),
                weight=dice.choice([1.0, 1.0, 0.3, 2.5, 0.0]),
            )
            for n in range(dice.randrange(1, 60))
        ]
        for _ in range(students)
    ]


def digest(students: int = 200) -> str:
    """Return a digest of a snapshot, states, beliefs and expected outcomes, to the last bit."""
    histories = random_histories(students)
    online, with_head = OnlinePass(), OnlinePass()
    logits = [logit for history in histories for logit in online.learn(history)]
    chances = [chance for history in histories for chance in with_head.student(history)]
    snapshot = online.snapshot(version=1)
    states = [fold(LearnerState.new(), history, snapshot=snapshot) for history in histories]
    believed = [beliefs(state, range(13), snapshot=snapshot, as_of=1e8) for state in states]
    whole = hashlib.sha256(snapshot.to_bytes() + b"".join(state.to_bytes() for state in states))
    whole.update(repr((logits, chances, [sorted(each.items()) for each in believed])).encode())
    stored = [Snapshot.from_bytes(snapshot.to_bytes()) == snapshot]
    stored += [LearnerState.from_bytes(state.to_bytes()) == state for state in states]
    whole.update(repr(stored).encode())
    return whole.hexdigest()
