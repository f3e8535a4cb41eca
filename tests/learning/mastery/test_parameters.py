"""Parameters as documents."""

import math

import pytest

from learning.mastery.parameters import SHIPPED, Parameters, ParametersError


def test_a_document_comes_back() -> None:
    assert Parameters.from_document(SHIPPED.document()) == SHIPPED
    changed = Parameters(version=3, gain_right=0.5)
    assert Parameters.from_document(changed.document()) == changed


def test_what_a_document_lacks_is_as_shipped() -> None:
    assert Parameters.from_document({"version": 2, "bias": 1.0}) == Parameters(version=2, bias=1.0)


@pytest.mark.parametrize(
    "document", [{"unknown_name": 1.0}, {"bias": math.nan}, {"bias": math.inf}, {"bias": "1"}, {"bias": True}]
)
def test_what_is_unknown_or_no_number_is_refused(document: dict[str, float]) -> None:
    with pytest.raises(ParametersError) as caught:
        Parameters.from_document(document)
    assert caught.value.name in document
