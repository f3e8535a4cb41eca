"""The learner model's parameters: the shipped values, and the constants that the filter derives from them.

Source: medians over six public data sets of maximum a posteriori fits. The variances of the slopes are set by hand
(`docs/decisions/0022-effects-behind-the-filter.md`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

RETIRED = frozenset({"effect_variance", "skill_effect_variance"})
"""Names that stored documents of older versions hold, and that no longer mean anything."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is assumed of all students; log-variances are of squared logits, gains are logits a practice."""

    version: int = 0
    """0 is what ships; a school's own fits count up from 1."""
    log_ability: float = -0.07
    """Log-variance of ability among students."""
    log_skill: float = -1.08
    """Log-variance of what is special about one student on one skill."""
    log_form: float = -0.27
    """Log-variance of short-term form."""
    form_kept: float = 0.78
    """Share of form that is left after each response."""
    log_item_memory: float = -1.80
    """Log-variance of what is special about one student on one item."""
    log_item: float = 0.26
    """Log-variance of the items' deviations within a skill."""
    gain_right: float = 0.33
    gain_wrong: float = 0.24
    gain_first: float = 0.10
    """What the first practice adds on top."""
    gain_fading: float = 0.87
    """The n-th practice gains 1 / (1 + fading * n) of the first."""
    log_practice: float = -5.2
    """Log of the variance that a practice adds to its skill."""
    log_gap: float = -5.3
    """Log of the variance that ln(1 + responses on other skills) adds."""
    log_time: float = -8.6
    """Log of the variance that ln(1 + dt / 600 s) adds."""
    logit_decay: float = -3.8
    """Logit of the exponent by which a skill's offset shrinks with the responses on other skills."""
    log_ability_drift: float = -6.66
    """Log of the variance that each response adds to ability."""
    sharing: float = 0.74
    """Of `c` skills in one item each counts 1 / c ** sharing."""
    bias: float = 0.8
    bias_variance: float = 1.0
    difficulty_variance: float = 1.0
    item_slope_variance: float = 0.05
    """Prior variance of an item's slope: by how much it separates strong from weak students more than others do."""
    skill_slope_variance: float = 0.05
    """Prior variance of a skill's slope on what is special about a student on it."""
    ability_slope_variance: float = 0.05
    """Prior variance of a skill's slope on general ability."""
    gap_variance_factor: float = 2.0
    """The factor f on a belief's variance in intervals and gap probabilities: the filter is too sure of itself."""
    long_absence_days: float = 60.0
    long_absence_variance: float = 0.25
    """What a skill's variance grows by after `long_absence_days` without evidence: return from summer."""
    stability_days: float = 10.0
    """Days of the retention curve's stability after the first success."""

    def document(self) -> dict[str, float]:
        """Return the parameters as JSON-ready numbers by name."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, float]) -> Parameters:
        """Return the parameters that `document` made; what it lacks is as shipped, what is unknown is refused.

        Raises:
            ParametersError: a name is unknown or a value is not a finite number.
        """
        names = {field.name for field in fields(cls)} | RETIRED
        for name, value in document.items():
            if name not in names or isinstance(value, bool) or not isinstance(value, int | float):
                raise ParametersError(name, value)
            if not math.isfinite(value):
                raise ParametersError(name, value)
        values = {name: float(value) for name, value in document.items() if name not in RETIRED | {"version"}}
        return replace(cls(version=int(document.get("version", 0))), **values)  # type: ignore[arg-type] # each value is a float, as its field is


class ParametersError(ValueError):
    """A learner-model parameter is unknown or is not a finite number."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"parameter {name!r} cannot be {value!r}")
        self.name = name
        self.value = value


SHIPPED = Parameters()
