"""Set a student's interest switch, and decide again in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import Session

from models.privacy import interest_switch
from models.privacy.erasure import Subject
from models.privacy.interest_switch import InterestSwitchState
from models.students import states as learner_states
from tasks.pipeline.decide import decide


@dataclass(frozen=True, slots=True)
class SwitchedInterests:
    """A student's interest switch after a change, and what the change did."""

    state: InterestSwitchState
    forgotten: Mapping[str, int]
    """What was deleted, by kind of data."""
    assigned: int
    withdrawn: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        counts = {"forgotten": dict(self.forgotten), "assigned": self.assigned, "withdrawn": self.withdrawn}
        return {**asdict(self.state), **counts}


def switch_interests(session: Session, subject: Subject, *, on: bool, forget: bool) -> SwitchedInterests:
    """Set the switch, with `forget` delete what is stored about interests, and decide again for the student."""
    states = learner_states.load_for_update(session, subject.school_id, [subject.id])
    interest_switch.set_switch(session, subject, on=on)
    forgotten = interest_switch.delete_interests(session, subject) if forget else {}
    version = states[subject.id].next_version
    changes = [] if on else interest_switch.withdraw_interest_choices(session, subject, version=version)
    withdrawn = sum(line.state == "withdrawn" for line in changes)
    counts = decide(session, subject.school_id, states=states, touched=dict.fromkeys(states), changes=changes)
    state = interest_switch.switch_state(session, subject)
    return SwitchedInterests(state, forgotten, counts["assigned"], withdrawn + counts["withdrawn"])
