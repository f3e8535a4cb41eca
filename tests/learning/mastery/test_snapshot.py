"""The shared terms as bytes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.mastery.parameters import SHIPPED
from learning.mastery.snapshot import ItemTerms, SkillTerms, Snapshot, SnapshotError

means, variances = st.floats(allow_nan=False), st.floats(0, 100)
item_tables = st.dictionaries(st.integers(0, 2**60), st.tuples(means, variances, means, variances), max_size=8)
skill_terms = st.tuples(means, variances, means, variances, means, variances)
skill_tables = st.dictionaries(st.integers(0, 2**60), skill_terms, max_size=8)


def test_the_prior_knows_nothing_but_the_bias() -> None:
    assert Snapshot.prior() == Snapshot(0, (SHIPPED.bias, SHIPPED.bias_variance), {}, {})


@given(st.integers(0, 2**40), skill_tables, item_tables)
def test_bytes_come_back_and_do_not_depend_on_the_order_of_keys(
    version: int, skills: dict[int, SkillTerms], items: dict[int, ItemTerms]
) -> None:
    snapshot = Snapshot(version, (0.7, 0.1), skills, items)
    body = snapshot.to_bytes()
    assert Snapshot.from_bytes(body) == snapshot
    turned = Snapshot(version, (0.7, 0.1), dict(reversed(skills.items())), dict(reversed(items.items())))
    assert turned.to_bytes() == body


def test_broken_bytes_are_refused() -> None:
    body = Snapshot(3, (0.7, 0.1), {1: (0.0, 1.0, 0.1, 0.2, 0.3, 0.4)}, {2: (0.5, 0.5, 0.1, 0.2)}, 1.8).to_bytes()
    for broken in (b"", body[:-1], body + b"\0", b"\7" + body[1:]):
        with pytest.raises(SnapshotError):
            Snapshot.from_bytes(broken)


def test_a_snapshot_of_the_first_format_is_read_with_slopes_of_the_prior() -> None:
    """Written by the version before: bias, two effects, one skill, one item, one skill's effects."""
    body = bytes([1, 6])  # format 1, version 3
    body += struct.pack("<6d", 0.7, 0.1, 0.4, 0.01, 0.2, 0.02)
    body += bytes([2, 2]) + struct.pack("<2d", 0.3, 0.5)  # one skill, of id 1
    body += bytes([2, 4]) + struct.pack("<2d", -0.5, 0.6)  # one item, of id 2
    body += bytes([2, 2]) + struct.pack("<4d", 0.1, 0.05, 0.1, 0.05)
    skill, item = (0.3, 0.5, 0.0, 0.05, 0.0, 0.05), (-0.5, 0.6, 0.0, 0.05)
    assert Snapshot.from_bytes(body) == Snapshot(3, (0.7, 0.1), {1: skill}, {2: item})
    for broken in (body[:-1], body + b"\0"):
        with pytest.raises(SnapshotError):
            Snapshot.from_bytes(broken)
