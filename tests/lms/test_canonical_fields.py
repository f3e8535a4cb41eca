"""The table of our own events' fields is what the parser reads: no field more, none less, none that is not needed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lms import canonical, canonical_overrides
from lms.canonical_fields import TYPES, EventType, Field, example_of, fields_of, nearest_type, schema_of, unread_fields
from lms.facts import FactKind, Ignored, PayloadError, SourceRules

ROOT = Path(__file__).parents[2]
RULES = SourceRules(surveys=frozenset({"interests-24"}))
READ = re.compile(r"""(?:top|event)(?:\.get\(|\[)"(\w+)\"|text_at\(\w+, "(\w+)"\)|_optional\(top, name\)""")
IN_LOOPS = {"student", "class", "material", "skill", "position", "options"}
"""Fields that the parsers read by a loop over their names."""
LENIENT = {("withdrawal", "id")}
"""A withdrawal without an id is known by its content."""
NOT_CHECKED = {"number", "sequence"}
"""`number` may be anything on the way in; `sequence` may be a text or a number."""


def parse(event: dict[str, Any]) -> object:
    parser = canonical_overrides.parse if event.get("type") == "order" else canonical.parse
    return parser(event, rules=RULES)


def fails(event: dict[str, Any]) -> bool:
    try:
        return isinstance(parse(event), Ignored)
    except PayloadError:
        return True


def wrong_values(field: Field) -> Iterator[object]:
    yield {"an": "object"}
    if "enum" in field.schema:
        yield "no such word"


def test_every_type_that_the_parser_knows_is_in_the_table() -> None:
    assert {each.name for each in TYPES} == {kind.value for kind in FactKind} | {"order", "withdrawal"}


@pytest.mark.parametrize("each", TYPES, ids=lambda each: each.name)
def test_the_example_is_understood(each: EventType) -> None:
    assert not fails(example_of(each))
    assert unread_fields(example_of(each)) == []


@pytest.mark.parametrize("each", TYPES, ids=lambda each: each.name)
def test_without_a_needed_field_it_is_refused_and_without_another_it_is_not(each: EventType) -> None:
    event = example_of(each)
    for field in fields_of(each):
        if field.name in event and (each.name, field.name) not in LENIENT:
            without = {name: value for name, value in event.items() if name != field.name}
            one_of_several = any(field.name in group for group in each.one_of)
            about = each.name == "order" and field.name in {"material", "skill"}  # an order to pin wants one of them
            assert fails(without) == (field.needed or one_of_several or about), field.name


@pytest.mark.parametrize("each", TYPES, ids=lambda each: each.name)
def test_every_field_is_read(each: EventType) -> None:
    """A value of a wrong kind in it is refused, so somebody looks at it."""
    for field in fields_of(each):
        if field.name in NOT_CHECKED or (each.name, field.name) in UNUSED | LENIENT:
            continue
        base = BASES.get((each.name, field.name), {})
        for wrong in wrong_values(field):
            assert fails({**example_of(each), **base, field.name: wrong}), (field.name, wrong)


BASES: dict[tuple[str, str], dict[str, Any]] = {
    ("order", "revokes"): {"order": "revoke"},
    ("help_requested", "position"): {"assignment": "812"},
    ("item_result", "position"): {"assignment": "812"},
    **{(name, field): {"points": 1, "of": 2} for name in ("item_result", "skill_result") for field in ("points", "of")},
    **{(name, "outcome"): {"points": None} for name in ("item_result", "skill_result", "attempt_graded")},
}
"""What else has to stand in the event for the field to be read."""
UNUSED = {
    *((name, field) for name in ("order", "withdrawal") for field in ("attempt", "revised_at")),
    ("withdrawal", "class"),
}
"""What these two do not read of the fields that all may have."""


def test_no_field_is_read_that_is_not_in_the_table() -> None:
    """The parsers' own text is searched for the names of fields."""
    text = "".join((ROOT / "lms" / name).read_text() for name in ("canonical.py", "canonical_overrides.py"))
    read = {name for pair in READ.findall(text) for name in pair if name} | IN_LOOPS
    assert read == {field.name for each in TYPES for field in fields_of(each)} | {"position"}


def test_what_nobody_reads_and_what_is_misspelt_is_named() -> None:
    event = {**example_of(TYPES[0]), "correct": True, "outcom": 1}
    assert unread_fields(event) == ["correct", "outcom (did you mean outcome?)"]
    assert unread_fields({"type": "quiz_result", "x": 1}) == []
    assert (nearest_type("item_reslt"), nearest_type("zebra")) == ("item_result", None)


@pytest.mark.parametrize("each", TYPES, ids=lambda each: each.name)
def test_the_schema_wants_what_the_parser_wants(each: EventType) -> None:
    schema = schema_of(each)
    event = example_of(each)
    assert set(schema["required"]) <= event.keys() <= schema["properties"].keys()
    assert schema["properties"]["type"]["const"] == each.name
