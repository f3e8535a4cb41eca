"""The shadow and a comparison by class, on the simulated classroom."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from learning.class_trial import assign_arms
from learning.selection import Policy, choose
from learning.simulation.run import Size, run
from learning.simulation.scenarios import SCENARIOS
from tasks.pipeline.shadow import compared

MATTERS = next(each for each in SCENARIOS if each.name == "matters")
SIZE = Size(students=6, days=10)
pytestmark = pytest.mark.full


def shadowed(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> tuple[Any, Counter[str]]:
    """Return a class's outcome while each decision is also made with other settings, and the counts."""
    counts: Counter[str] = Counter()

    def twice(student: Any, **arguments: Any) -> Any:
        live = choose(student, **arguments)
        tried = choose(student, **{**arguments, "policy": replace(arguments["policy"], **settings)})
        counts.update(compared(live, tried))
        return live

    with monkeypatch.context() as patch:
        patch.setattr("learning.simulation.souschef_policy.choose", twice)
        outcome = run("own", MATTERS, seed=3, size=SIZE)
    return outcome, counts


def test_a_shadow_leaves_the_class_as_it_is_and_counts_what_would_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = run("own", MATTERS, seed=3, size=SIZE)
    outcome, counts = shadowed(monkeypatch, interest_tolerance=0.0)
    assert outcome == alone
    assert counts["differs"] > 0
    assert counts["price_shadow"] == 0
    outcome, counts = shadowed(monkeypatch)
    assert outcome == alone
    assert counts["decisions"] > 0
    assert counts["differs"] == 0


def test_a_comparison_of_simulated_classes_sees_a_policy_that_gives_nothing_that_fits() -> None:
    """Ten classes, of which the key gives five the hardest tasks: these get fewer answers right, class by class."""
    arms = assign_arms(range(10), key=5, name="simulated")
    hard = replace(Policy(slots=1), target_success=0.35, success_band=(0.1, 0.5), low_evidence_band=(0.1, 0.5),
                   relaxed_band=(0.05, 0.55))  # fmt: skip
    share = {
        seed: run("own", MATTERS, seed=seed, size=SIZE, souschef_policy=hard if is_new else None).correct_share
        for seed, is_new in arms.items()
    }
    assert max(share[seed] for seed in arms if arms[seed]) < min(share[seed] for seed in arms if not arms[seed])
