"""Load links between two things: prerequisites, alignments, the scope of classes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import select

from lms.files.cycles import find_cycles
from lms.files.problem import SourceLocation
from lms.files.rows import PrerequisiteRow
from models.imports.session import ImportSession
from models.tables import Alignment, Prerequisite, Scope

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """One link as a file has it."""

    first: str
    second: str
    values: Mapping[str, Any]
    at: SourceLocation


@dataclass(frozen=True, slots=True)
class Links:
    """One kind of links: its table, and the kinds of the two ends."""

    kind: str
    table: Any
    columns: tuple[str, str]
    """The columns with the ids of the two ends."""
    ends: tuple[str, str]
    """The kinds of the two ends."""
    cells: tuple[str, str]
    """The names of the two ends in files."""


PREREQUISITES = Links("prerequisite", Prerequisite, ("skill_id", "needs_id"), ("skill", "skill"), ("skill", "needs"))
ALIGNMENTS = Links("alignment", Alignment, ("item_id", "skill_id"), ("item", "skill"), ("item", "skill"))
SCOPE = Links("scope", Scope, ("class_id", "skill_id"), ("class", "skill"), ("class", "skill"))


def load_links(load: ImportSession, *, drop_cycles: bool) -> None:
    """Write all links; of each skill, item or class in the files, delete the links that they no longer contain."""
    bundle = load.bundle
    owners = [skill for skill, _ in bundle.prerequisites] + list(bundle.skills)
    needs = _without_cycles(load, set(owners), drop=drop_cycles)
    _write(load, PREREQUISITES, owners, [Link(*_edge(row), {"strength": row.strength}, row.at) for row in needs])
    aligned = [
        Link(row.item, row.skill, {"weight": row.weight, "difficulty": row.difficulty}, row.at)
        for row in bundle.alignments.values()
        if row.weight
    ]
    _write(load, ALIGNMENTS, [item for item, _ in bundle.alignments], aligned)
    scope = [
        Link(
            row.class_ref,
            row.skill,
            {"opens_at": row.opens_at, "closes_at": row.closes_at, "due_at": row.due_at},
            row.at,
        )
        for row in bundle.scope.values()
    ]
    _write(load, SCOPE, [class_ref for class_ref, _ in bundle.scope], scope)


def _write(load: ImportSession, links: Links, owner_names: Iterable[str], rows: Sequence[Link]) -> None:
    if links.kind not in load.bundle.spoken:
        return
    first, second = links.columns
    wanted: dict[tuple[int, int], tuple[str, Mapping[str, Any]]] = {}
    for row in rows:
        ends = [
            load.find(kind, name, row.at, cell)
            for kind, name, cell in zip(links.ends, (row.first, row.second), links.cells, strict=True)
        ]
        if ends[0] is None or ends[1] is None:
            continue
        if (ends[0], ends[1]) in wanted:
            wrong = f"{row.first!r} and {row.second!r} are linked by another row too, under other names"
            load.leave_out(row.at, links.cells[1], wrong, "Remove one of the two.")
            continue
        values = {first: ends[0], second: ends[1], **row.values}
        wanted[ends[0], ends[1]] = (f"{row.first} - {row.second}", values)
    owners = [load.ids(links.ends[0]).get(name) for name in owner_names]
    removed = _remove_others(load, links, {owner for owner in owners if owner is not None}, wanted.keys())
    load.write(links.kind, links.table, wanted.values(), key=links.columns, ended=removed)


def _remove_others(load: ImportSession, links: Links, owners: set[int], wanted: Iterable[tuple[int, int]]) -> list[str]:
    """Delete the links of these owners that are not in the files; return their names."""
    first, second = links.columns
    table = links.table.__table__
    stored = load.session.connection().execute(
        table.select()
        .with_only_columns(table.c[first], table.c[second])
        .where(table.c.school_id == load.school_id, table.c[first].in_(sorted(owners)))
    )
    unwanted = sorted({(row[0], row[1]) for row in stored} - set(wanted))
    if not unwanted:
        return []
    one = table.delete().where(table.c[first] == bindparam("a"), table.c[second] == bindparam("b"))
    load.session.connection().execute(one, [{"a": a, "b": b} for a, b in unwanted])
    names = [load.refs(kind) for kind in links.ends]
    return [f"{names[0][a]} - {names[1][b]}" for a, b in unwanted]


def _without_cycles(load: ImportSession, owners: set[str], *, drop: bool) -> list[PrerequisiteRow]:
    """Return the prerequisites of the files without those that close a cycle, also with prerequisites already loaded.

    Unless they are to be dropped, each cycle is added as a problem.
    """
    rows = dict(load.bundle.prerequisites)
    unchanged = {edge for edge in _loaded_edges(load) if edge[0] not in owners}
    while found := find_cycles([*unchanged, *rows]):
        for cycle in found:
            steps = list(pairwise(cycle))
            closing = next((step for step in reversed(steps) if step in rows), None)
            if closing is None:
                continue  # It has lost a step with another cycle already.
            at = rows.pop(closing).at
            if drop:
                load.report.dropped.append(_ending_with(cycle, closing))
            else:
                path = " needs ".join(_ending_with(cycle, closing))
                load.bundle.note(at, "needs", f"it closes a circle: {path}", "Remove it, or load with --drop-cycles.")
    return list(rows.values())


def _ending_with(cycle: tuple[str, ...], closing: Edge) -> tuple[str, ...]:
    """Return a cycle with its closing step last."""
    turn = cycle.index(closing[1])
    around = cycle[:-1]
    return (*around[turn:], *around[:turn], closing[1])


def _loaded_edges(load: ImportSession) -> list[Edge]:
    if "prerequisite" not in load.bundle.spoken:
        return []
    names = load.refs("skill")
    stored = select(Prerequisite.skill_id, Prerequisite.needs_id).where(Prerequisite.school_id == load.school_id)
    rows = load.session.exec(stored).all()
    return [(names[skill], names[needs]) for skill, needs in rows]


def _edge(row: PrerequisiteRow) -> Edge:
    return row.skill, row.needs
