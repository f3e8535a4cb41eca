"""A policy is read strictly and survives a round trip through its document."""

import json

import pytest

from learning.selection import Policy, PolicyError
from learning.selection.policy_fixed import fixed_policy


def test_a_policy_comes_back_from_its_document() -> None:
    policy = Policy(
        version=3, interest_tolerance=0.05, success_band=(0.65, 0.85), licences=("CC0",), needs_approval=True
    )
    assert Policy.from_document(json.loads(json.dumps(policy.document()))) == policy


def test_a_missing_setting_has_its_default() -> None:
    assert Policy.from_document({"tolerance": 0.0}) == Policy(interest_tolerance=0.0)


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
        ("wide_band", [0.65, 0.95]),
        ("wide_band", [0.5, 0.85]),
        ("target", 1.0),
        ("approve", 1),
        ("licences", [1]),
    ],
)
def test_an_impossible_setting_is_refused_by_its_key(name: str, value: object) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.from_document({name: value})
    assert caught.value.name == name


def test_a_share_of_sixty_percent_allows_six_of_ten_uses() -> None:
    assert fixed_policy(Policy()).max_context_uses == 6
    assert fixed_policy(Policy(context_window=5, context_share=0.5)).max_context_uses == 2


def test_the_stored_keys_of_a_policy_never_change() -> None:
    """Schools have stored them, teachers type them, and a record stores the values in the order of `FixedPolicy`."""
    assert list(Policy().document()) == [
        "version",
        "target",
        "sure",
        "ready",
        "tolerance",
        "band",
        "thin_band",
        "wide_band",
        "thin_student",
        "thin_skill",
        "ideal",
        "slots",
        "max_open",
        "alternates",
        "menu_spread",
        "reuse_window",
        "context_window",
        "context_share",
        "contexts_wanted",
        "review_below",
        "stuck_after",
        "explore_every",
        "hysteresis",
        "patience",
        "hold_limit_days",
        "pace_days",
        "least_open",
        "minutes_open",
        "least_minutes",
        "interest_floor",
        "confidence_floor",
        "cosmetic_depth",
        "reading_allowance",
        "licences",
        "approve",
        "tie_key",
        "variance_factor",
        "ready_doubt",
        "likely",
    ]
