"""Compare a policy by class: declared with its power before it starts, then set for the classes that the key chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from learning.class_trial import ClassTrial, assign_arms
from models.assignments import class_trials, decision_inputs, policies
from models.privacy import audit
from tasks.pipeline.overrides import RefusedError
from tasks.pipeline.policies import SCHOOL_ONLY, Authorship, PolicyChange, set_policy, validate_settings

MIN_CLASSES = 4
"""Fewer, and an arm has one class: a difference of classes is then no difference of policies."""


@dataclass(frozen=True, slots=True)
class TrialWish:
    """What is to be compared, and how it will be judged."""

    name: str
    settings: Mapping[str, object]
    outcome: str
    """The school's own measure, such as the test at the end of the unit."""
    effect: float = 0.2
    """The difference worth seeing, in standard deviations of a student."""
    correlation: float = 0.1
    has_pretest: bool = False


@dataclass(frozen=True, slots=True)
class Declaration:
    """A trial as it is declared."""

    name: str
    settings: Mapping[str, object]
    outcome: str
    with_settings: tuple[str, ...]
    """Classes by ref."""
    without: tuple[str, ...]
    students_a_class: float
    smallest_effect: float
    """What the smaller arm sees with power .8."""
    classes_needed: int
    """In each arm, for the effect that is worth seeing."""
    effect: float

    @property
    def decides(self) -> bool:
        """Whether there are classes enough for the effect that is worth seeing."""
        return min(len(self.with_settings), len(self.without)) >= self.classes_needed


def declare(session: Session, school_id: int, wish: TrialWish, *, by: Authorship, dry_run: bool = False) -> Declaration:
    """Declare a comparison in the access log: settings, classes, outcome and power; no policy changes.

    Raises:
        RefusedError: a setting cannot be, there are too few classes, or the name was declared before.
    """
    document = dict(policies.load_policy(session, school_id, None).document)
    validate_settings(wish.settings, {**document, **wish.settings})
    if not wish.settings or SCHOOL_ONLY & wish.settings.keys():
        raise RefusedError("Classes are compared by settings of a class.", "Give NAME=VALUE, not max_open.")
    if not wish.name.strip() or not wish.outcome.strip() or not 0 <= wish.correlation <= 1 or wish.effect <= 0:
        raise RefusedError("A trial has a name, an outcome, an effect above 0 and an ICC of 0 to 1.", "Give them.")
    if class_trials.declaration(session, school_id, wish.name) is not None:
        raise RefusedError(f"The trial {wish.name} is declared already.", "Start it, or give another name.")
    found = _lay_out(session, school_id, wish)
    if not dry_run:
        detail = {
            "trial": found.name, "settings": dict(found.settings), "outcome": found.outcome,
            "with": list(found.with_settings), "without": list(found.without), "reason": by.reason,
            "smallest_effect": round(found.smallest_effect, 3), "classes_needed": found.classes_needed,
        }  # fmt: skip
        author = f"{by.author}, {by.through}"
        audit.append(session, school_id, author=author, action=class_trials.DECLARED, subjects=[], detail=detail)
    return found


def _lay_out(session: Session, school_id: int, wish: TrialWish) -> Declaration:
    classes = class_trials.classes_with_scope(session, school_id)
    if len(classes) < MIN_CLASSES:
        raise RefusedError(
            f"There are {len(classes)} classes with a scope and students; {MIN_CLASSES} are the least.",
            "One class shows nothing of a policy. Try it in the shadow: souschef policy set --shadow.",
        )
    key = decision_inputs.class_policies(session, school_id, [None])[None].policy.tie_break_key
    arms = assign_arms([each.id for each in classes], key=key, name=wish.name)
    size = sum(each.students for each in classes) / len(classes)
    trial = ClassTrial(size, correlation=wish.correlation, has_pretest=wish.has_pretest)
    with_settings = tuple(each.ref for each in classes if arms[each.id])
    rest = tuple(each.ref for each in classes if not arms[each.id])
    smaller = min(len(with_settings), len(rest))
    return Declaration(
        wish.name, wish.settings, wish.outcome, with_settings, rest, size, trial.smallest_effect(smaller),
        trial.classes_needed(wish.effect), wish.effect,
    )  # fmt: skip


def start(
    session: Session, school_id: int, name: str, *, by: Authorship, until: str, dry_run: bool = False
) -> dict[str, PolicyChange]:
    """Set the declared settings for the declared classes until a day; return what changes, by class.

    Raises:
        RefusedError: the trial was not declared, or a setting or the day cannot be.
    """
    found: dict[str, Any] | None = class_trials.declaration(session, school_id, name)
    if found is None:
        raise RefusedError(f"The trial {name} was not declared.", "Declare it first: souschef policy declare-trial.")
    return {
        ref: set_policy(session, school_id, found["settings"], by=by, class_ref=ref, until=until, dry_run=dry_run)
        for ref in found["with"]
    }
