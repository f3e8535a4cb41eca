"""Each setting has a meaning and a range, and the range is the one that the policy holds to."""

import math
from typing import Any

import pytest

from learning.selection.policy import KEY_OF, Policy, PolicyError, range_of
from learning.selection.policy_meanings import MEANINGS, explain, range_text
from tasks.pipeline.policies import RESERVED_SETTINGS

BANDS = {"band", "thin_band", "wide_band"}


def refused(key: str, value: Any) -> PolicyError | None:
    try:
        Policy.from_document({key: value})
    except PolicyError as error:
        return error
    return None


def test_every_setting_of_teachers_has_a_meaning() -> None:
    assert MEANINGS.keys() == set(KEY_OF.values()) - RESERVED_SETTINGS
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())


@pytest.mark.parametrize("key", MEANINGS)
def test_its_range_is_what_is_accepted(key: str) -> None:
    limits = range_of(key)
    if limits is None:
        assert key in BANDS | {"approve", "licences"}
        assert refused(key, "nonsense") is not None or key == "licences"
        return
    low, high = limits
    whole = isinstance(Policy().document()[key], int)
    for inside in (low, high):
        assert refused(key, int(inside) if whole else inside) is None
    below, above = (low - 1, high + 1) if whole else (math.nextafter(low, -9e9), math.nextafter(high, 9e9))
    for outside in (below, above):
        error = refused(key, outside)
        assert error is not None
        assert explain(error)[1] == f"It takes {range_text(key)}."


def test_a_misspelt_setting_names_the_one_that_is_meant() -> None:
    error = refused("tolernce", 0)
    assert error is not None
    assert explain(error) == (
        "There is no setting tolernce.",
        "Did you mean tolerance? `souschef policy show` lists all.",
    )
