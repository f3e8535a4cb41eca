"""Load what links two things: prerequisites, alignments, the scope of classes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import bindparam

from lms.files.graph import circles
from lms.files.problem import Place
from lms.files.rows import PrerequisiteRow
from models.tables import Alignment, Prerequisite, Scope
from models.underway import Underway

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """One link as a file has it."""

    first: str
    second: str
    values: Mapping[str, Any]
    at: Place


@dataclass(frozen=True, slots=True)
class Links:
    """One kind of links: whose rows, and what the two ends are."""

    kind: str
    table: Any
    columns: tuple[str, str]
    """Where the ids of the two ends stand."""
    ends: tuple[str, str]
    """What the two ends are."""
    cells: tuple[str, str]
    """How a file calls them."""


PREREQUISITES = Links("prerequisite", Prerequisite, ("skill_id", "needs_id"), ("skill", "skill"), ("skill", "needs"))
ALIGNMENTS = Links("alignment", Alignment, ("item_id", "skill_id"), ("item", "skill"), ("item", "skill"))
SCOPE = Links("scope", Scope, ("class_id", "skill_id"), ("class", "skill"), ("class", "skill"))


def load_links(load: Underway, *, drop_circles: bool) -> None:
    """Write all links, and remove those that a file no longer has of a skill, item or class that it names."""
    bundle = load.bundle
    named = [skill for skill, _ in bundle.prerequisites] + list(bundle.skills)
    needs = _without_circles(load, set(named), drop=drop_circles)
    _write(load, PREREQUISITES, named, [Link(*_edge(row), {"strength": row.strength}, row.at) for row in needs])
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


def _write(load: Underway, links: Links, named: Iterable[str], rows: Sequence[Link]) -> None:
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
            load.bundle.note(row.at, links.cells[1], wrong, "Remove one of the two.")
            continue
        values = {first: ends[0], second: ends[1], **row.values}
        wanted[ends[0], ends[1]] = (f"{row.first} - {row.second}", values)
    owners = [load.ids(links.ends[0]).get(name) for name in named]
    gone = _remove_others(load, links, {owner for owner in owners if owner is not None}, wanted.keys())
    load.write(links.kind, links.table, wanted.values(), key=links.columns, ended=gone)


def _remove_others(load: Underway, links: Links, owners: set[int], wanted: Iterable[tuple[int, int]]) -> list[str]:
    """Delete the links of these owners that are not wanted; return their names."""
    first, second = links.columns
    table = links.table.__table__
    there = load.session.connection().execute(
        table.select()
        .with_only_columns(table.c[first], table.c[second])
        .where(table.c.school_id == load.school_id, table.c[first].in_(sorted(owners)))
    )
    gone = sorted({(row[0], row[1]) for row in there} - set(wanted))
    if not gone:
        return []
    one = table.delete().where(table.c[first] == bindparam("a"), table.c[second] == bindparam("b"))
    load.session.connection().execute(one, [{"a": a, "b": b} for a, b in gone])
    names = [load.refs(kind) for kind in links.ends]
    return [f"{names[0][a]} - {names[1][b]}" for a, b in gone]


def _without_circles(load: Underway, named: set[str], *, drop: bool) -> list[PrerequisiteRow]:
    """Return the prerequisites of the files without the steps that close circles, also with what is loaded already.

    Where they are not to be dropped, each circle is a problem that names it.
    """
    rows = dict(load.bundle.prerequisites)
    kept = {edge for edge in _loaded_edges(load) if edge[0] not in named}
    while found := circles([*kept, *rows]):
        for circle in found:
            steps = list(pairwise(circle))
            closing = next((step for step in reversed(steps) if step in rows), None)
            if closing is None:
                continue  # It has lost a step to another circle already.
            at = rows.pop(closing).at
            if drop:
                load.report.dropped.append(_from(circle, closing))
            else:
                said = " needs ".join(_from(circle, closing))
                load.bundle.note(at, "needs", f"it closes a circle: {said}", "Remove it, or load with --drop-cycles.")
    return list(rows.values())


def _from(circle: tuple[str, ...], closing: Edge) -> tuple[str, ...]:
    """Return a circle with its closing step last."""
    turn = circle.index(closing[1])
    around = circle[:-1]
    return (*around[turn:], *around[:turn], closing[1])


def _loaded_edges(load: Underway) -> list[Edge]:
    if "prerequisite" not in load.bundle.spoken:
        return []
    names = load.refs("skill")
    rows = load.execute("SELECT skill_id, needs_id FROM souschef.prerequisite WHERE school_id = :school")
    return [(names[skill], names[needs]) for skill, needs in rows]


def _edge(row: PrerequisiteRow) -> Edge:
    return row.skill, row.needs
