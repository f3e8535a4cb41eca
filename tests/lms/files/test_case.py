"""CASE packages: skills, strands, order, other names."""

import json
from typing import Any, TypeAlias

import pytest

from lms.files.bundle import Bundle
from lms.files.registry import parse, reader_by_content

Json: TypeAlias = Any
"""Any JSON value."""


def item(identifier: str, code: str | None = None, **more: Json) -> dict[str, Any]:
    found = {
        "identifier": identifier,
        "uri": f"https://case.example/{identifier}",
        "fullStatement": f"doing {identifier}",
    }
    return {**found, **({"humanCodingScheme": code} if code else {}), **more}


def link(kind: str, origin: str, destination: str | dict[str, str]) -> dict[str, Any]:
    end = destination if isinstance(destination, dict) else {"identifier": destination}
    return {"associationType": kind, "originNodeURI": {"identifier": origin}, "destinationNodeURI": end}


def package(items: list[Any], links: list[Any] | None = None, *, wrapped: bool = False) -> Bundle:
    document = {"CFDocument": {"identifier": "doc"}, "CFItems": items, "CFAssociations": links or []}
    return parse([("skills.json", json.dumps({"CFPackage": document} if wrapped else document).encode())])


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_item_becomes_a_skill_with_its_names(wrapped: bool) -> None:  # noqa: FBT001 - a parameter of the test
    found = package([item("u1", "3.A", educationLevel=["03", "04"])], wrapped=wrapped)
    assert not found.problems
    skill = found.skills["3.A"]
    assert (skill.title, skill.grade, skill.weight) == ("doing u1", 3.0, 1.0)
    assert {name for kind, name in found.aliases if kind == "skill"} == {"3.A", "u1", "https://case.example/u1"}


def test_the_parent_is_the_strand_and_headings_are_no_skills() -> None:
    """Numbers is a Domain with a code, the cluster has no code but a child: neither is a skill."""
    items = [item("d", "3.NF", CFItemType="Domain"), item("c"), item("u1", "3.NF.1"), item("u2")]
    found = package(items, [link("isChildOf", "u1", "c"), link("isChildOf", "c", "d")])
    assert set(found.skills) == {"3.NF.1", "u2"}
    assert found.skills["3.NF.1"].strand == "doing c"


def test_a_standard_with_parts_stays_a_skill() -> None:
    found = package([item("a", "3.NF.3"), item("b", "3.NF.3.a")], [link("isChildOf", "b", "a")])
    assert set(found.skills) == {"3.NF.3", "3.NF.3.a"}


def test_what_precedes_is_what_is_needed() -> None:
    found = package([item("a", "A"), item("b", "B")], [link("precedes", "a", "b")])
    assert [(row.skill, row.needs, row.strength) for row in found.prerequisites.values()] == [("B", "A", "strong")]
    assert found.spoken == {"prerequisite"}


def test_a_package_without_an_order_says_nothing_of_prerequisites() -> None:
    """Most frameworks have none; loading one must not remove those from a CSV."""
    assert package([item("a", "A")]).spoken == set()


def test_an_exact_match_elsewhere_is_one_more_name() -> None:
    other = {"identifier": "theirs", "uri": "https://state.example/theirs", "title": "MA.3"}
    found = package([item("a", "A")], [link("exactMatchOf", "a", other)])
    assert {name for kind, name in found.aliases if kind == "skill"} >= {
        "theirs",
        "https://state.example/theirs",
        "MA.3",
    }
    assert all(row.ref == "A" for row in found.aliases.values())


def test_links_may_be_bare_addresses() -> None:
    bare = {
        "associationType": "precedes",
        "originNodeURI": "https://case.example/CFItems/a",
        "destinationNodeURI": "https://case.example/CFItems/b",
    }
    assert list(package([item("a", "A"), item("b", "B")], [bare]).prerequisites) == [("B", "A")]


@pytest.mark.parametrize(
    ("items", "links", "pointer"),
    [
        (None, [], "/CFItems"),
        ([7], [], "/CFItems/0"),
        ([{"humanCodingScheme": "A"}], [], "/CFItems/0/identifier"),
        ([item("a", "A"), item("a", "B")], [], "/CFItems/1/identifier"),
        ([item("a", "A", fullStatement=None)], [], "/CFItems/0/fullStatement"),
        ([item("a", "A")], [link("precedes", "a", "gone")], "/CFAssociations/0"),
        ([item("a", "A")], [{"associationType": "precedes"}], "/CFAssociations/0"),
        ([item("a", "A")], ["precedes"], "/CFAssociations/0"),
    ],
)
def test_what_is_wrong_in_a_package_is_reported_by_its_pointer(items: Json, links: Json, pointer: str) -> None:
    found = package(items, links)
    assert [problem.column for problem in found.problems] == [pointer]


def test_a_code_of_two_items_names_neither() -> None:
    """`N.1` of two grades: each skill has its identifier."""
    found = package([item("a", "N.1"), item("b", "N.1")])
    assert (list(found.skills), found.problems) == (["a", "b"], [])
    assert ("skill", "N.1") not in found.aliases
    assert [notice.wrong for notice in found.notices] == [
        "'N.1' is a name of 2 skills (a, b), so it names none of them"
    ]


def test_a_label_of_a_node_is_no_name() -> None:
    other = {"identifier": "theirs", "title": "Destination"}
    found = package([item("a", "A")], [link("exactMatchOf", "a", other)])
    assert found.aliases["skill", "theirs"].ref == "A"
    assert ("skill", "Destination") not in found.aliases


def test_a_link_to_a_heading_leaves_the_rest_in_force() -> None:
    """`a precedes` a cluster that is no skill, and `b`: the second is kept, the first is listed."""
    cluster = item("c", None, CFItemType="Cluster")
    found = package([item("a", "A"), item("b", "B"), cluster], [link("precedes", "a", "c"), link("precedes", "a", "b")])
    assert list(found.prerequisites) == [("B", "A")]
    assert [(each.column, each.severity) for each in found.problems] == [("/CFAssociations/0", "row")]


def test_a_single_file_of_any_name_is_reported_by_what_it_holds() -> None:
    assert reader_by_content("export.json", b'{"CFItems": []}') is not reader_by_content("q.json", b'{"survey": "s"}')
    assert reader_by_content("photo.png", b"") is None


def test_a_package_in_utf16_is_reported_as_that() -> None:
    (problem,) = parse([("skills.json", '{"CFItems": []}'.encode("utf-16"))]).problems
    assert "UTF-8" in problem.wrong
