"""The shared terms as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.parameters import SHIPPED
from learning.snapshot import Snapshot, SnapshotError

tables = st.dictionaries(st.integers(0, 2**60), st.tuples(st.floats(allow_nan=False), st.floats(0, 100)), max_size=8)


def test_the_prior_knows_nothing_but_the_bias() -> None:
    assert Snapshot.prior() == Snapshot(0, (SHIPPED.bias, SHIPPED.bias_variance), {}, {})


@given(st.integers(0, 2**40), tables, tables)
def test_bytes_come_back_and_do_not_depend_on_the_order_of_keys(version: int, skills: dict, items: dict) -> None:
    snapshot = Snapshot(version, (0.7, 0.1), skills, items)
    body = snapshot.to_bytes()
    assert Snapshot.from_bytes(body) == snapshot
    turned = Snapshot(version, (0.7, 0.1), dict(reversed(skills.items())), dict(reversed(items.items())))
    assert turned.to_bytes() == body


def test_broken_bytes_are_refused() -> None:
    body = Snapshot(3, (0.7, 0.1), {1: (0.0, 1.0)}, {2: (0.5, 0.5)}).to_bytes()
    for broken in (b"", body[:-1], body + b"\0", b"\7" + body[1:]):
        with pytest.raises(SnapshotError):
            Snapshot.from_bytes(broken)
