"""The nightly pass: all students' responses once through the filter, which learns the items and skills as it goes."""

from __future__ import annotations

from collections.abc import Iterable

from learning.mastery import Response
from learning.parameters import SHIPPED, Parameters
from learning.snapshot import Snapshot


def online_pass(
    students: Iterable[Iterable[Response]], *, previous: Snapshot, parameters: Parameters = SHIPPED
) -> Snapshot:
    """Return a new snapshot, one version above `previous`, learned from the responses of all students.

    Each inner iterable is one student's responses in order. The pass starts at the prior and not at `previous`, so that
    no response counts twice; the order of the students is the caller's and should not change from night to night.
    """
    raise NotImplementedError
