"""The arrays that `learning.fitting.array_filter` works on: skills and items are numbered from 0 without gaps."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from learning.fitting.metrics import Floats

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Numbers(NamedTuple):
    """The constants of `learning.mastery.constants` that the filter reads."""

    ability: float
    skill: float
    max_skill_variance: float
    form: float
    form_kept: float
    form_renewed: float
    item_memory: float
    gain_right: float
    gain_wrong: float
    gain_first: float
    gain_fading: float
    practice: float
    gap: float
    time: float
    decay: float
    ability_drift: float
    absence_seconds: float
    absence_variance: float
    stability_days: float
    item_variance: float
    """Prior variance of an item's deviation."""
    skill_variance: float
    """Prior variance of a skill's difficulty."""
    item_slope_variance: float
    shrinkage: float


class SharedArrays(NamedTuple):
    """What all students share: rows of items and skills as in a snapshot."""

    bias: Floats
    """Mean and variance, shape `(2,)`."""
    skills: Floats
    """Shape `(skills, 6)`."""
    items: Floats
    """Shape `(items, 4)`."""
    learned: Ints
    """How many responses have taught it something, shape `(1,)`."""
    skill_met: Bools
    item_met: Bools
    """Whether any of them was about it."""


class StudentArrays(NamedTuple):
    """One student's state while it changes; a row that another student owns does not count."""

    level: Floats
    """Ability and form, mean and variance each, shape `(4,)`."""
    counts: Ints
    """The student's number, responses so far, item memories, shape `(3,)`."""
    skills: Floats
    """Offset, variance, evidence, at, stability, shape `(skills, 5)`."""
    skill_counts: Ints
    """Owner, practices, seen, whether anything was earned, shape `(skills, 4)`."""
    items: Floats
    """Mean and variance of the memory, shape `(items, 2)`."""
    item_counts: Ints
    """Owner, and when it was last met, shape `(items, 2)`."""
    latest: Ints
    """The items with a memory, in any order, shape `(ITEMS_KEPT + 1,)`."""
    before: Floats
    """Of each skill of the response: offset and variance after forgetting, shape `(most skills, 2)`."""


class Responses(NamedTuple):
    """Responses in the order of the pass, shape `(responses,)` each."""

    at: Floats
    item: Ints
    """-1 is unknown."""
    outcome: Floats
    """NaN is unknown."""
    weight: Floats
    first_skill: Ints
    """Where the response's skills begin in `skill`, and behind the last where they end; shape `(responses + 1,)`."""
    skill: Ints
