"""Set a student's interest switch, and say what that leaves."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from models import database, erasure, interest_switch, learners
from tasks.decide import decide
from workers import accountable


def turned(student: str, *, school: str | None, on: bool, forget: bool) -> dict[str, Any]:
    """Set the switch, decide anew in the same transaction, and return how it stands.

    Raises:
        NoSuchStudent: nobody, or more than one, is meant.
    """
    with database.transaction() as session:
        subject = erasure.find(session, student, school=school)
        states = learners.lock(session, subject.school_id, [subject.id])
        interest_switch.switch(session, subject, on=on)
        gone = interest_switch.forget(session, subject) if forget else {}
        gone_from_menus = [] if on else interest_switch.let_go(session, subject, version=states[subject.id].version)
        withdrawn = sum(line.state == "withdrawn" for line in gone_from_menus)
        touched = dict.fromkeys(states)
        counts = decide(session, subject.school_id, states=states, touched=touched, changes=gone_from_menus)
        told = asdict(interest_switch.standing(session, subject))
        accountable.note(session, f"interests {'on' if on else 'off'}", [subject.id], forget=forget)
    return {
        **told,
        "forgotten": dict(gone),
        "assigned": counts["assigned"],
        "withdrawn": withdrawn + counts["withdrawn"],
    }


def lines(told: dict[str, Any]) -> list[str]:
    """Return what was done as sentences."""
    if told["on"]:
        rest = "" if told["school_on"] else " The school's switch is off, so they are not used all the same."
        return [f"Interests are on: {told['published']} topics are published.{rest}"]
    said = ["Interests are off: none is used or published, and nothing new is kept (code interests_off)."]
    said.append(f"Chosen anew by gaps alone: {told['assigned']} assigned, {told['withdrawn']} withdrawn.")
    if told["forgotten"]:
        said.append(f"Deleted: {told['forgotten']['facts']} facts, {told['forgotten']['bodies']} raw events.")
    held = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in told["facts"].items())
    if held or told["bodies"]:
        said.append(f"Kept and not used: {held or 'no facts'}, {told['bodies']} raw events; --forget deletes them.")
    said.append("Records of earlier decisions tell the interests of their day until they are pruned.")
    return said
