"""Circles among prerequisites: found, named, and gone once their closing steps are."""

import csv
import itertools
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.files.graph import circles

EDGES = st.sets(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")), max_size=20)
CCSS = Path(__file__).parents[4] / "shared" / "data" / "ccss_math_edges_2015.csv"


def has_circle(edges: set[tuple[str, str]]) -> bool:
    """The standard library's answer, which shares no code with ours."""
    needs: dict[str, set[str]] = {}
    for skill, needed in edges:
        needs.setdefault(skill, set()).add(needed)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        return True
    return False


def test_a_circle_of_three_and_two_self_loops_are_named_as_in_junyis_graph() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "d"), ("e", "e"), ("a", "d")]
    assert circles(edges) == [("a", "b", "c", "a"), ("d", "d"), ("e", "e")]


def law(find: Callable[[set[tuple[str, str]]], list[tuple[str, ...]]], edges: set[tuple[str, str]]) -> None:
    """Circles are found where there are any; each is made of edges; without their last steps none is left."""
    found = find(edges)
    assert bool(found) == has_circle(edges)
    for circle in found:
        assert circle[0] == circle[-1]
        assert set(itertools.pairwise(circle)) <= edges
    assert not has_circle(edges - {(circle[-2], circle[-1]) for circle in found})


@given(EDGES)
def test_without_the_closing_steps_no_circle_is_left(edges: set[tuple[str, str]]) -> None:
    law(circles, edges)


def test_naming_only_the_first_circle_would_be_noticed() -> None:
    """The mutant: two circles apart from each other, of which it names one."""
    edges = {("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")}
    law(circles, edges)
    with pytest.raises(AssertionError):
        law(lambda some: circles(some)[:1], edges)


def test_the_order_of_the_file_does_not_matter() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "b")]
    assert {tuple(circles(order)) for order in itertools.permutations(edges)} == {tuple(circles(edges))}


def test_a_chain_of_100_000_skills_needs_no_recursion() -> None:
    chain = [(f"s{n:06}", f"s{n + 1:06}") for n in range(100_000)]
    assert circles(chain) == []
    assert len(circles([*chain, ("s100000", "s000000")])[0]) == 100_002


@pytest.mark.skipif(not CCSS.exists(), reason="the coherence map of the Common Core is not on this machine")
def test_the_coherence_map_of_the_common_core_has_no_circle() -> None:
    """388 arrows over 240 standards; what an arrow points at needs where it comes from."""
    with CCSS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    edges = {(row["to"], row["from"]) for row in rows if row["type"] == "Arrow"}
    assert len(edges) == 388
    assert circles(edges) == []
    skill, needed = min(edges)
    turned = circles(edges | {(needed, skill)})
    assert any({skill, needed} <= set(circle) for circle in turned)
