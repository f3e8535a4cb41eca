"""Circles among prerequisites: named, so that somebody can cut them."""

from __future__ import annotations

from collections.abc import Iterable


def cycles(edges: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return a circle for each edge that closes one, as the skills along it with the first again at the end.

    Edges are (skill, what it needs). A depth-first walk without recursion, in the order of the names.
    """
    needs: dict[str, list[str]] = {}
    for skill, needed in edges:
        needs.setdefault(skill, []).append(needed)
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    for start in sorted(needs):
        path: list[str] = []
        waiting: list[tuple[str, bool]] = [(start, False)]
        while waiting:
            skill, leaving = waiting.pop()
            if leaving:
                path.pop()
                done.add(skill)
            elif skill in path:
                found.append((*path[path.index(skill) :], skill))
            elif skill not in done:
                path.append(skill)
                waiting.append((skill, True))
                waiting += [(needed, False) for needed in sorted(needs.get(skill, ()), reverse=True)]
    return found
