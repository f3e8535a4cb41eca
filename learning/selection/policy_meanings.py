"""What each setting of the policy means, in a line for teachers and operators; `policy.py` has defaults and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from learning.selection.policy import FIELD_OF, PolicyError, range_of

MEANINGS: Mapping[str, str] = {
    "target": "Mastery from which a skill counts as mastered.",
    "sure": "How sure it must be that there is a gap, or none.",
    "likely": "Probability from which a gap is likely.",
    "ready": "Mastery of a prerequisite from which the next skill may begin.",
    "tolerance": "Share of the fit that a liked theme may cost; 0: themes play no part.",
    "band": "Predicted success, lowest and highest, at which a material fits.",
    "thin_band": "The same while little is known of the student or the skill.",
    "wide_band": "The same where else nothing fits, and for work that is already open.",
    "thin_student": "Answers of a student below which little is known.",
    "thin_skill": "Answers on a skill below which little is known.",
    "ideal": "Predicted success that fits best.",
    "slots": "Most open assignments of a student in one class.",
    "max_open": "Most open assignments of a student in all classes together; set for the school.",
    "alternates": "Most other themes that a student may choose among, for one task.",
    "menu_spread": "How much easier or harder those may be, in predicted success.",
    "reuse_window": "Attempts that pass before a material may come again.",
    "context_window": "Number of last attempts that context_share looks at.",
    "context_share": "Largest share of one theme among those.",
    "contexts_wanted": "Themes in which a mastered skill is still practised.",
    "review_below": "Share that is still remembered below which a skill is reviewed.",
    "stuck_after": "Failures in a row after which a skill gets only easier material.",
    "explore_every": "Every how-many-th task tries a theme that little is known of; 0: never.",
    "hysteresis": "How much better, as a share, another material must be to replace one that nobody has begun.",
    "patience": "How many refreshes in a row it must be better.",
    "hold_limit_days": "Days after which work that nobody has begun is replaced.",
    "pace_days": "Days over which it is counted how much a student completes: as much may be open.",
    "least_open": "Assignments that may be open however little is completed.",
    "minutes_open": "Most minutes of open work.",
    "least_minutes": "Minutes that may be open however little is completed.",
    "interest_floor": "Interest from which a theme counts as liked.",
    "confidence_floor": "Confidence from which that counts as known.",
    "cosmetic_depth": "What a theme in the wording alone counts, where one in the task itself counts 1.",
    "reading_allowance": "School years by which a text may be above the student's reading level.",
    "licences": 'Licences that may be used, as in ["CC0"]; empty: all.',
    "approve": "on: work is proposed, and a teacher approves it.",
    "ready_doubt": "How likely a prerequisite may still be too low; 1: that does not matter.",
}
"""Stored key -> what it means. Settings that are not for teachers are left out."""


def range_text(key: str) -> str:
    """Return the values that a setting may have, as people read them."""
    limits = range_of(key)
    if limits is not None:
        return f"{limits[0]:g} to {limits[1]:g}"
    match key:
        case "approve":
            return "on, off"
        case "licences":
            return "a list"
        case _:
            return "two numbers, 0 to 1"


def explain(error: PolicyError) -> tuple[str, str]:
    """Return what is wrong with a setting, and how to fix it."""
    if error.name not in FIELD_OF:
        near = get_close_matches(error.name, MEANINGS, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        return f"There is no setting {error.name}.", f"{hint}`souschef policy show` lists all."
    if error.name == "wide_band":
        return f"wide_band cannot be {error.value!r}.", "It must contain band and thin_band."
    return f"{error.name} cannot be {error.value!r}.", f"It takes {range_text(error.name)}."
