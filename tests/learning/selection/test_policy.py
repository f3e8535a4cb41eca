"""A policy is read strictly and comes back as it was written."""

import json

import pytest

from learning.selection import Policy, PolicyError
from learning.selection.rules import rules_of


def test_a_policy_comes_back_from_its_document() -> None:
    policy = Policy(version=3, tolerance=0.05, band=(0.65, 0.85), licences=("CC0",), approve=True)
    assert Policy.from_document(json.loads(json.dumps(policy.document()))) == policy


def test_what_a_document_lacks_is_as_shipped() -> None:
    assert Policy.from_document({"tolerance": 0.0}) == Policy(tolerance=0.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tolerence", 0.1),
        ("tolerance", 0.2),
        ("tolerance", -0.01),
        ("tolerance", "0.1"),
        ("tolerance", float("nan")),
        ("tolerance", True),
        ("slots", 0),
        ("slots", 2.5),
        ("band", [0.9, 0.6]),
        ("band", [0.6]),
        ("band", 0.6),
        ("target", 1.0),
        ("approve", 1),
        ("licences", [1]),
    ],
)
def test_an_impossible_setting_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.from_document({name: value})
    assert caught.value.name == name


def test_six_of_ten_is_what_sixty_in_a_hundred_allows() -> None:
    assert rules_of(Policy()).context_most == 6
    assert rules_of(Policy(context_window=5, context_share=0.5)).context_most == 2
