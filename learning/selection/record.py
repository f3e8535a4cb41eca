"""The record of a decision: its inputs, compact and self-contained, and its outcome, as canonical JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from hashlib import blake2b
from typing import Any

import orjson

from learning.selection.case import Case
from learning.selection.catalogue import Catalogue, Skill, Topic
from learning.selection.fixed import SCALE
from learning.selection.inputs import Belief, CarryInput, CurrentInput, Inputs, OrderInput, PaceInput, Past
from learning.selection.rules import Rules
from learning.selection.shelves import Entry, shelve

VERSION = 1


class RecordError(ValueError):
    """The text is not the record of a decision."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"not a decision's record: {detail}")
        self.detail = detail


def write(case: Case, outcome: Mapping[str, Any]) -> tuple[str, str]:
    """Return a decision's record and the digest of its inputs."""
    inputs = _dump(_inputs(case))
    digest = blake2b(inputs, digest_size=16).hexdigest()
    body = b'{"digest":"%b","inputs":%b,"outcome":%b,"v":%d}' % (digest.encode(), inputs, _dump(outcome), VERSION)
    return body.decode(), digest


def inputs_of(record: str) -> tuple[Inputs, Catalogue]:
    """Return the inputs that a record holds, and as much of the catalogue as its decision rested on.

    Raises:
        RecordError: it is not a record.
    """
    try:
        body = orjson.loads(record)
        if body["v"] != VERSION:
            raise RecordError(f"version {body['v']!r}")
        return _read(body["inputs"])
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise RecordError(repr(error)) from None


def _dump(value: Any) -> bytes:  # noqa: ANN401 - anything that is JSON
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=_plain)


def _plain(value: Any) -> Any:  # noqa: ANN401 - named tuples and sets, which JSON lacks
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(type(value).__name__)


def _pairs(mapping: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    return sorted(mapping.items())


def _inputs(case: Case) -> dict[str, Any]:
    """Return the inputs as JSON: whole where they are small, and otherwise what the decision looked at."""
    inputs, viewed = case.inputs, case.viewed()
    past = inputs.past
    kept = {f.name: getattr(inputs, f.name) for f in fields(inputs)}
    kept |= {
        "scope": None if inputs.scope is None else _pairs(inputs.scope),
        "beliefs": [(skill, tuple(belief)) for skill, belief in viewed.items()],
        "interests": _pairs(inputs.interests),
        "past": {
            "materials": past.materials,
            "contexts": past.contexts,
            "skills": past.skills,
            "seen": [(skill, found) for skill, found in _pairs(past.seen) if skill in viewed],
            "ceilings": [(skill, failed) for skill, failed in _pairs(past.ceilings) if skill in viewed],
        },
        "tallies": [(skill, tally) for skill, tally in _pairs(inputs.tallies) if skill in case.titles],
        "carry": (inputs.carry.choices, _pairs(inputs.carry.beaten), inputs.carry.rested, inputs.carry.counted_until),
        "catalogue": _catalogue(case, viewed),
    }
    return kept


def _catalogue(case: Case, viewed: Mapping[int, Belief]) -> dict[str, Any]:
    """Return what the decision rested on: the skills looked at, the materials that came in question."""
    catalogue = case.catalogue
    skills = []
    # What is served may be for a skill of which nothing is believed.
    for skill in sorted(viewed.keys() | {skill for entry in case.served.values() for skill in entry.skills}):
        title = catalogue.skills[skill].title if skill in case.titles else ""
        unlocks = [pair for pair in catalogue.unlocks.get(skill, ()) if pair[0] in viewed]
        weight = round(catalogue.skills[skill].weight * SCALE)
        skills.append((skill, title, weight, catalogue.needs.get(skill, ()), unlocks))
    return {
        "version": catalogue.version,
        "skills": skills,
        "topics": [(ref, catalogue.topics[ref].title) for ref in sorted(case.topics)],
        "materials": [tuple(case.served[material]) for material in sorted(case.served)],
    }


def _read(body: dict[str, Any]) -> tuple[Inputs, Catalogue]:
    past = body["past"]
    pace, carry = body["pace"], body["carry"]
    inputs = Inputs(
        **{name: body[name] for name in _AS_THEY_ARE},
        rules=Rules(*_tuples(body["rules"])),
        scope=None if body["scope"] is None else dict(body["scope"]),
        orders=tuple(OrderInput(*order) for order in body["orders"]),
        beliefs={skill: Belief(*belief) for skill, belief in body["beliefs"]},
        interests={topic: (value, confidence) for topic, (value, confidence) in body["interests"]},
        vetoes=frozenset(body["vetoes"]),
        past=Past(
            tuple(past["materials"]),
            tuple(past["contexts"]),
            tuple(past["skills"]),
            {skill: frozenset(found) for skill, found in past["seen"]},
            dict(past["ceilings"]),
        ),
        tallies={skill: (right, asked) for skill, (right, asked) in body["tallies"]},
        current=tuple(_current(now) for now in body["current"]),
        evidence=tuple(body["evidence"]),
        pace=None if pace is None else PaceInput(*pace),
        carry=CarryInput(carry[0], dict(carry[1]), tuple(carry[2]), carry[3]),
    )
    return inputs, _read_catalogue(body["catalogue"])


_AS_THEY_ARE = (
    "student",
    "as_of",
    "ability",
    "ability_variance",
    "responses",
    "switched_off",
    "reading",
    "language",
    "evidence_until",
)


def _current(now: list[Any]) -> CurrentInput:
    slot, skill, materials, state, since, evidence_until, attempted = now
    return CurrentInput(
        slot, skill, tuple(materials), state, since, evidence_until, None if attempted is None else tuple(attempted)
    )


def _tuples(row: list[Any]) -> list[Any]:
    return [tuple(value) if isinstance(value, list) else value for value in row]


def _read_catalogue(body: dict[str, Any]) -> Catalogue:
    entries = [Entry(*_tuples(row)) for row in body["materials"]]
    return Catalogue(
        version=body["version"],
        skills={row[0]: Skill(row[0], "", row[1], weight=row[2] / SCALE) for row in body["skills"]},
        topics={ref: Topic(ref, title) for ref, title in body["topics"]},
        entries={entry.id: entry for entry in entries},
        shelves=shelve(entries),
        needs={row[0]: tuple(row[3]) for row in body["skills"]},
        unlocks={row[0]: tuple((d, share) for d, share in row[4]) for row in body["skills"]},
        longest=max((entry.minutes for entry in entries), default=0),
    )
