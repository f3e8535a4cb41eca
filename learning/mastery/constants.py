"""The parameters on their natural scale, as the filter's inner loop reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, pi, sqrt

from learning.mastery.forgetting import DAY
from learning.mastery.parameters import Parameters
from learning.mastery.snapshot import ItemTerms, SkillTerms

PROBIT = pi / 8.0
"""A logistic of slope 1 seen through a Gaussian of variance V has slope 1 / sqrt(1 + pi V / 8) (MacKay 1992)."""


@dataclass(frozen=True)
class Constants:
    """The parameters on their natural scale: variances in squared logits, one lookup away in the inner loop."""

    ability: float
    skill: float
    max_skill_variance: float
    """A skill practised long ago is at most twice as uncertain as one never practised."""
    form: float
    form_kept: float
    form_renewed: float
    item_memory: float
    item_terms: ItemTerms
    """An item that the snapshot does not know."""
    skill_terms: SkillTerms
    """A skill that the snapshot does not know."""
    gain_right: float
    gain_wrong: float
    gain_first: float
    gain_fading: float
    practice: float
    gap: float
    time: float
    decay: float
    ability_drift: float
    shares: tuple[float, ...]
    absence_seconds: float
    absence_variance: float
    stability_days: float
    noise: float
    """What a single response's logit varies by around its skill's: item, memory of it, form."""
    shrinkage: float
    """By how much that noise shrinks a logit."""


@lru_cache(maxsize=256)
def constants(parameters: Parameters) -> Constants:
    """Return the parameters on their natural scale."""
    p = parameters
    form = exp(p.log_form)
    noise = exp(p.log_item) + exp(p.log_item_memory) + form
    return Constants(
        ability=exp(p.log_ability),
        skill=exp(p.log_skill),
        max_skill_variance=2.0 * exp(p.log_skill),
        form=form,
        form_kept=p.form_kept,
        form_renewed=form * (1.0 - p.form_kept * p.form_kept),
        item_memory=exp(p.log_item_memory),
        item_terms=(0.0, exp(p.log_item), 0.0, p.item_slope_variance),
        skill_terms=(0.0, p.difficulty_variance, 0.0, p.skill_slope_variance, 0.0, p.ability_slope_variance),
        gain_right=p.gain_right,
        gain_wrong=p.gain_wrong,
        gain_first=p.gain_first,
        gain_fading=p.gain_fading,
        practice=exp(p.log_practice),
        gap=exp(p.log_gap),
        time=exp(p.log_time),
        decay=1.0 / (1.0 + exp(-p.logit_decay)),
        ability_drift=exp(p.log_ability_drift),
        shares=(0.0, *(1.0 / count**p.sharing for count in range(1, 65))),
        absence_seconds=p.long_absence_days * DAY,
        absence_variance=p.long_absence_variance,
        stability_days=p.stability_days,
        noise=noise,
        shrinkage=1.0 / sqrt(1.0 + PROBIT * noise),
    )


def share_of(count: int, constants: Constants) -> float:
    """Return how much each of `count` skills in one item counts."""
    shares = constants.shares
    return shares[count] if count < len(shares) else shares[-1] * (len(shares) - 1) / count
