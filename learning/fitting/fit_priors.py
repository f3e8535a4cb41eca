"""Which parameters a fit may move, how far, and on which scale."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from learning.fitting.metrics import Floats
from learning.mastery.parameters import SHIPPED, Parameters

FARTHEST = 5.0
"""In spreads of the prior: further out the data is odd, not the school."""


@dataclass(frozen=True, slots=True)
class FittedParameter:
    """One parameter that is fitted, on the scale where its prior is Gaussian."""

    name: str
    spread: float
    """Standard deviation of the prior."""
    scale: str = "plain"
    """plain, log (stays above 0) or logit (stays between 0 and 1)."""

    def read(self, parameters: Parameters) -> float:
        """Return the parameter on that scale."""
        value: float = getattr(parameters, self.name)
        match self.scale:
            case "log":
                return math.log(value)
            case "logit":
                return math.log(value / (1.0 - value))
            case _:
                return value

    def write(self, value: float) -> float:
        """Return the parameter that has this value on that scale."""
        match self.scale:
            case "log":
                return math.exp(value)
            case "logit":
                return 1.0 / (1.0 + math.exp(-value))
            case _:
                return value


FREE = (
    FittedParameter("log_ability", 0.5),
    FittedParameter("log_skill", 0.5),
    FittedParameter("log_form", 0.5),
    FittedParameter("form_kept", 0.5, "logit"),
    FittedParameter("log_item_memory", 0.5),
    FittedParameter("log_item", 0.5),
    FittedParameter("gain_right", 0.1),
    FittedParameter("gain_wrong", 0.1),
    FittedParameter("gain_first", 0.1),
    FittedParameter("gain_fading", 0.5, "log"),
    FittedParameter("log_practice", 0.5),
    FittedParameter("log_gap", 0.5),
    FittedParameter("log_time", 0.5),
    FittedParameter("logit_decay", 0.5),
    FittedParameter("log_ability_drift", 0.5),
    FittedParameter("sharing", 0.1),
)
"""What is fitted; each spread is 0.5 as published, 0.1 for gains and for how skills share an item."""

SPREADS: Floats = np.array([free.spread for free in FREE])


def deviations(parameters: Parameters) -> Floats:
    """Return how far each free parameter lies from the shipped one, on the scale of its prior."""
    return np.array([free.read(parameters) - free.read(SHIPPED) for free in FREE])


def shifted(parameters: Parameters, step: Floats) -> Parameters:
    """Return parameters moved by `step` on the scales of their priors, no further than `FARTHEST` from shipped."""
    values = {}
    for free, move in zip(FREE, step.tolist(), strict=True):
        centre = free.read(SHIPPED)
        value = min(max(free.read(parameters) + move, centre - FARTHEST * free.spread), centre + FARTHEST * free.spread)
        values[free.name] = free.write(value)
    return replace(parameters, **values)  # type: ignore[arg-type] # all of them are floats
