"""Circles among prerequisites: named, so that somebody can cut them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def find_cycles(edges: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return a circle for each edge that closes one: the skills along it, the first again at the end.

    Edges are (skill, what it needs). The last step of each circle is the edge that closes it; without these edges there
    is no circle left. A depth-first walk without recursion, in the order of the names, so that the same file always
    gives the same circles.
    """
    needs: dict[str, list[str]] = {}
    for skill, needed in edges:
        needs.setdefault(skill, []).append(needed)
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    for start in sorted(needs):
        if start not in done:
            found += _walk(start, needs, done)
    return found


def _walk(start: str, needs: dict[str, list[str]], done: set[str]) -> Iterator[tuple[str, ...]]:
    path: dict[str, int] = {start: 0}
    ahead = [iter(sorted(needs.get(start, ())))]
    while ahead:
        step = next(ahead[-1], None)
        if step is None:
            ahead.pop()
            done.add(path.popitem()[0])
        elif step in path:
            yield (*list(path)[path[step] :], step)
        elif step not in done:
            path[step] = len(path)
            ahead.append(iter(sorted(needs.get(step, ()))))
