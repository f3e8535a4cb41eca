"""The record of a decision: its self-contained inputs and its outcome, as canonical JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from learning.selection.catalogue import Catalogue, Skill, Topic
from learning.selection.context import DecisionContext
from learning.selection.decision import Placement, Trigger, Withdrawal
from learning.selection.fixed_point import SCALE
from learning.selection.inputs import (
    AttemptHistory,
    FixedAssignment,
    FixedBelief,
    FixedCompletionRate,
    FixedMemory,
    FixedOverride,
    Inputs,
    OtherLists,
)
from learning.selection.material_index import MaterialRow, build_index
from learning.selection.policy_fixed import FixedPolicy

VERSION = 2
"""Version of the record's format: the first held one list, the second holds all lists of a student."""
ENGINE = 4
"""The number of the rules and weights that decide; another number, and the same inputs may give another outcome."""
_UNCHANGED = {
    "student": "student_id",
    "as_of": "as_of",
    "ability": "ability",
    "ability_variance": "ability_variance",
    "responses": "responses",
    "switched_off": "interests_off",
    "reading": "reading_level",
    "language": "language",
    "evidence_until": "evidence_until",
}
"""The stored key and the field of each input that is the same in the record; a stored key never changes."""


class ReadRecord(NamedTuple):
    """What a decision is made again from."""

    student_id: int
    as_of: int
    lists: tuple[tuple[Inputs, Catalogue], ...]
    """Of each list its inputs and the part of the catalogue that its decision rests on."""
    placement: Placement


class RecordError(ValueError):
    """The text is not the record of a decision."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"not a decision's record: {detail}")
        self.detail = detail


class OldEngineError(RecordError):
    """The record is of another version of the decision, which would have to decide it again."""

    def __init__(self, engine: int) -> None:
        super().__init__(f"it is of version {engine} of the decision, and this is version {ENGINE}")
        self.engine = engine


def write_record(
    student_id: int,
    ctxs: Sequence[DecisionContext],
    outcomes: Sequence[Mapping[str, Any]],
    *,
    placement: Placement,
    as_of: int,
) -> tuple[str, str]:
    """Return the record of a student's lists and the digest of its inputs."""
    used = _Used.of(ctxs)
    # Without a next grade there is no key of it, as in the records from before there was any.
    stretch = any(ctx.inputs.stretch for ctx in ctxs)
    lists = [
        _list_inputs(ctx, used) | _list_only(ctx, used) | ({"stretch": ctx.inputs.stretch} if stretch else {})
        for ctx in ctxs
    ]
    inputs = _shared_and_apart(lists) | {
        "student": student_id,
        "as_of": as_of,
        "beliefs": used.belief_pairs(),
        "catalogue": _catalogue_record(used),
        "moved": placement.moved,
        "left": [(w.slot, w.material, w.trigger.value, w.detail) for w in placement.withdrawals],
    }
    body = _dump(inputs)
    digest = blake2b(body, digest_size=16).hexdigest()
    parts = digest.encode(), ENGINE, body, _dump({"lists": outcomes}), VERSION
    return (b'{"digest":"%b","engine":%d,"inputs":%b,"outcome":%b,"v":%d}' % parts).decode(), digest


def read_record(record: str) -> ReadRecord:
    """Return what is in a record.

    Raises:
        OldEngineError: another version of the decision wrote it.
        RecordError: the text is not a record.
    """
    try:
        body = orjson.loads(record)
        # The first version of the record named no version of the decision.
        engine = 1 if body["v"] == 1 else body["engine"]
        if engine != ENGINE:
            raise OldEngineError(engine)
        if body["v"] != VERSION:
            raise RecordError(f"version {body['v']!r}")
        inputs = body["inputs"]
        lists = [inputs["shared"] | own for own in inputs["lists"]]
        beliefs = {skill: FixedBelief(*belief) for skill, belief in inputs["beliefs"]}
        return ReadRecord(
            student_id=inputs["student"],
            as_of=inputs["as_of"],
            lists=tuple(
                (_read_inputs(each, beliefs), _read_catalogue(inputs["catalogue"], each.get("materials")))
                for each in lists
            ),
            placement=_read_placement(inputs),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        if isinstance(error, RecordError):
            raise
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


class _Used(NamedTuple):
    """What the decisions for a student's lists have read, all together."""

    catalogue: Catalogue | None
    beliefs: Mapping[int, FixedBelief]
    entries: Mapping[int, MaterialRow]
    titles: frozenset[int]
    topics: frozenset[str]

    @classmethod
    def of(cls, ctxs: Sequence[DecisionContext]) -> _Used:
        """Return what these decisions have read; equal beliefs and materials are stored once."""
        beliefs: dict[int, FixedBelief] = {}
        entries: dict[int, MaterialRow] = {}
        for ctx in ctxs:
            beliefs.update(ctx.beliefs_read())
            entries.update(ctx.recorded_entries)
        titles = frozenset(title for ctx in ctxs for title in ctx.recorded_titles)
        topics = frozenset(topic for ctx in ctxs for topic in ctx.recorded_topics)
        return cls(ctxs[0].catalogue if ctxs else None, beliefs, entries, titles, topics)

    def belief_pairs(self) -> list[tuple[int, tuple[int | None, ...]]]:
        return [(skill, tuple(belief)) for skill, belief in sorted(self.beliefs.items())]


def _list_inputs(ctx: DecisionContext, used: _Used) -> dict[str, Any]:
    """Return the inputs of one list as JSON, without the beliefs and the catalogue."""
    inputs, beliefs = ctx.inputs, ctx.beliefs_read()
    history, memory = inputs.history, inputs.memory
    # Without a wish there is no key of it, as in the records from before there were wishes.
    wish = {} if inputs.wish is None else {"wish": inputs.wish}
    return (
        {key: getattr(inputs, name) for key, name in _UNCHANGED.items()}
        | wish
        | {
            "rules": inputs.policy,
            "scope": None if inputs.scope is None else _pairs(inputs.scope),
            "unit": inputs.unit,
            "orders": inputs.overrides,
            "interests": _pairs(inputs.interests),
            "vetoes": inputs.vetoes,
            "past": {
                "materials": history.materials,
                "contexts": history.contexts,
                "skills": history.skills,
                "seen": [
                    (skill, contexts) for skill, contexts in _pairs(history.contexts_by_skill) if skill in beliefs
                ],
                "ceilings": [(skill, limit) for skill, limit in _pairs(history.difficulty_limits) if skill in beliefs],
            },
            "tallies": [(skill, counts) for skill, counts in _pairs(inputs.answer_counts) if skill in used.titles],
            "current": inputs.open_assignments,
            "evidence": inputs.cited_facts,
            "pace": inputs.completion_rate,
            "carry": (
                memory.choice_count,
                _pairs(memory.better_counts),
                memory.replaced_materials,
                memory.evidence_counted_until,
                memory.liked_topics,
            ),
        }
    )


def _list_only(ctx: DecisionContext, used: _Used) -> dict[str, Any]:
    """Return what only records of several lists have: the class, the other lists, and which part of the whole it read.

    Null is all of it.
    """
    read = sorted(ctx.beliefs_read())
    return {
        "class": ctx.inputs.class_id,
        "closing": ctx.inputs.is_closing,
        "others": ctx.inputs.others,
        "read": None if len(read) == len(used.beliefs) else read,
        "materials": None if len(ctx.recorded_entries) == len(used.entries) else sorted(ctx.recorded_entries),
    }


def _shared_and_apart(lists: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what is the same in all lists once, and the rest by list."""
    first = lists[0] if lists else {}
    same = {key for key, value in first.items() if all(other[key] == value for other in lists[1:])}
    return {
        "shared": {key: first[key] for key in same},
        "lists": [{key: value for key, value in each.items() if key not in same} for each in lists],
    }


def _catalogue_record(used: _Used) -> dict[str, Any]:
    """Return the part of the catalogue that the decisions rest on: skills read and materials found."""
    catalogue, beliefs = used.catalogue, used.beliefs
    if catalogue is None:
        return {"version": 0, "skills": [], "topics": [], "materials": []}
    skills = []
    # A material of the record may practise a skill without a belief, and a gap at the root may lie below one.
    read = beliefs.keys() | {skill for entry in used.entries.values() for skill in entry.skills}
    for skill in sorted(catalogue.with_needs(read) & catalogue.skills.keys()):
        title = catalogue.skills[skill].title if skill in used.titles else ""
        unlocks = [pair for pair in catalogue.unlocks.get(skill, ()) if pair[0] in beliefs]
        weight = round(catalogue.skills[skill].weight * SCALE)
        skills.append((skill, title, weight, catalogue.prerequisites.get(skill, ()), unlocks))
    return {
        "version": catalogue.version,
        "skills": skills,
        "topics": [(ref, catalogue.topics[ref].title) for ref in sorted(used.topics)],
        "materials": [tuple(used.entries[material]) for material in sorted(used.entries)],
    }


def _read_inputs(body: dict[str, Any], beliefs: Mapping[int, FixedBelief]) -> Inputs:
    """Return the inputs of one list; what records of the first version lack keeps its default."""
    history, rate, memory, read = body["past"], body["pace"], body["carry"], body.get("read")
    return Inputs(
        **{name: body[key] for key, name in _UNCHANGED.items()},
        policy=FixedPolicy(*_tuples(body["rules"])),
        scope=None if body["scope"] is None else dict(body["scope"]),
        unit=frozenset(body["unit"]),
        overrides=tuple(FixedOverride(*override) for override in body["orders"]),
        beliefs=beliefs if read is None else {skill: beliefs[skill] for skill in read},
        interests={topic: (value, confidence) for topic, (value, confidence) in body["interests"]},
        vetoes=frozenset(body["vetoes"]),
        history=AttemptHistory(
            tuple(history["materials"]),
            tuple(history["contexts"]),
            tuple(history["skills"]),
            {skill: frozenset(contexts) for skill, contexts in history["seen"]},
            dict(history["ceilings"]),
        ),
        answer_counts={skill: (correct, total) for skill, (correct, total) in body["tallies"]},
        open_assignments=tuple(_read_assignment(values) for values in body["current"]),
        cited_facts=tuple(body["evidence"]),
        completion_rate=None if rate is None else FixedCompletionRate(*rate),
        memory=FixedMemory(memory[0], dict(memory[1]), tuple(memory[2]), memory[3], tuple(memory[4])),
        class_id=body.get("class"),
        is_closing=body.get("closing", False),
        others=OtherLists(*_tuples(body.get("others", []))),
        wish=body.get("wish"),
        stretch=frozenset(body.get("stretch", ())),
    )


def _read_placement(body: dict[str, Any]) -> Placement:
    return Placement(
        moved=tuple((slot, before, after) for slot, before, after in body.get("moved", ())),
        withdrawals=tuple(Withdrawal(slot, m, Trigger(trigger), why) for slot, m, trigger, why in body.get("left", ())),
    )


def _read_assignment(values: list[Any]) -> FixedAssignment:
    slot, skill, materials, state, assigned_at, evidence_until, attempted, is_nearest = values
    return FixedAssignment(
        slot,
        skill,
        tuple(materials),
        state,
        assigned_at,
        evidence_until,
        None if attempted is None else tuple(attempted),
        is_nearest,
    )


def _tuples(row: list[Any]) -> list[Any]:
    return [tuple(value) if isinstance(value, list) else value for value in row]


def _read_catalogue(body: dict[str, Any], materials: list[int] | None) -> Catalogue:
    """Return the catalogue of one list, which has read only these `materials`; None: all."""
    rows = body["materials"] if materials is None else [row for row in body["materials"] if row[0] in set(materials)]
    entries = [MaterialRow(*_tuples(row)) for row in rows]
    return Catalogue(
        version=body["version"],
        skills={row[0]: Skill(row[0], "", row[1], weight=row[2] / SCALE) for row in body["skills"]},
        topics={ref: Topic(ref, title) for ref, title in body["topics"]},
        entries={entry.id: entry for entry in entries},
        index=build_index(entries),
        prerequisites={row[0]: tuple(row[3]) for row in body["skills"]},
        unlocks={row[0]: tuple((d, share) for d, share in row[4]) for row in body["skills"]},
        max_minutes=max((entry.minutes for entry in entries), default=0),
    )
