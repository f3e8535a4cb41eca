"""Circles among prerequisites: found, named, and gone once their closing steps are."""

import csv
import gzip
import itertools
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.files.cycles import find_cycles

EDGES = st.sets(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")), max_size=20)
CCSS = Path(__file__).parents[2] / "samples" / "ccss_math_edges_2015.csv.gz"


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
    assert find_cycles(edges) == [("a", "b", "c", "a"), ("d", "d"), ("e", "e")]


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
    law(find_cycles, edges)


def test_naming_only_the_first_circle_would_be_noticed() -> None:
    """The mutant: two circles apart from each other, of which it names one."""
    edges = {("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")}
    law(find_cycles, edges)
    with pytest.raises(AssertionError):
        law(lambda some: find_cycles(some)[:1], edges)


def test_the_order_of_the_file_does_not_matter() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "b")]
    assert {tuple(find_cycles(order)) for order in itertools.permutations(edges)} == {tuple(find_cycles(edges))}


@pytest.mark.full
def test_a_chain_of_100_000_skills_needs_no_recursion() -> None:
    chain = [(f"s{n:06}", f"s{n + 1:06}") for n in range(100_000)]
    assert find_cycles(chain) == []
    assert len(find_cycles([*chain, ("s100000", "s000000")])[0]) == 100_002


def test_the_coherence_map_of_the_common_core_has_no_circle() -> None:
    """388 arrows over 240 standards; what an arrow points at needs where it comes from."""
    with gzip.open(CCSS, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    edges = {(row["to"], row["from"]) for row in rows if row["type"] == "Arrow"}
    assert len(edges) == 388
    assert find_cycles(edges) == []
    skill, needed = min(edges)
    turned = find_cycles(edges | {(needed, skill)})
    assert any({skill, needed} <= set(circle) for circle in turned)
