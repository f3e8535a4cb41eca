"""Set the policy that is tried in the shadow, and report by day what it would have done differently."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from models.assignments import policies, shadow_counts
from models.privacy import audit
from models.tables.people import AliasKind
from tasks.pipeline.overrides import RefusedError, unknown_name
from tasks.pipeline.policies import SCHOOL_ONLY, Authorship, validate_settings
from tasks.pipeline.resolve_names import UnknownNameError, resolve_name

SCALE = 10_000


@dataclass(frozen=True, slots=True)
class ShadowDay:
    """One day: what the policy in force decided, and the shadow from the same inputs."""

    day: dt.date
    decisions: int
    """Decisions for one list; a student has one at each refresh."""
    differs: int
    """Decisions after which the list's first slot would have another material."""
    codes: tuple[tuple[str, str, int], ...]
    """(reason code in force, in the shadow, how often), of those that differ; the most frequent first."""
    price: tuple[float, float]
    """Mean price of interest of the slots filled: in force, and in the shadow."""
    ladder: tuple[float, float]
    """Share of the slots filled for which a rule was relaxed."""
    churn: tuple[float, float]
    """Unattempted slots withdrawn, by decision."""
    milliseconds: float
    """What the shadow cost, by decision."""


def set_shadow(
    session: Session,
    school_id: int,
    values: Mapping[str, object],
    *,
    by: Authorship,
    class_ref: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Set settings that are tried in the shadow; None removes one. Return all that are tried then.

    No student is decided for again: the shadow goes along with whatever is decided from now on.

    Raises:
        RefusedError: a name is unknown, or a value is out of its range; nothing was written.
    """
    class_id = _class_id(session, school_id, class_ref)
    before = policies.load_shadow(session, school_id, class_id)
    tried = {name: value for name, value in {**before, **values}.items() if value is not None}
    in_force = dict(policies.load_policy(session, school_id, None).document)
    in_force |= policies.load_policy(session, school_id, class_id).document
    validate_settings(values, {**in_force, **tried})
    if class_id is not None and SCHOOL_ONLY & values.keys():
        raise RefusedError("max_open can only be set for the whole school.", "Set it without --class.")
    if not dry_run:
        policies.save_shadow(session, school_id, class_id, tried)
    action = "policy shadow, dry run" if dry_run else "policy shadow"
    detail = {"class": class_ref or "", "settings": sorted(tried), "reason": by.reason}
    audit.append(session, school_id, author=f"{by.author}, {by.through}", action=action, subjects=[], detail=detail)
    return tried


def tried_settings(session: Session, school_id: int, class_ref: str | None) -> dict[str, Any]:
    """Return the settings that are tried for a class, the school's included; or for the school.

    Raises:
        RefusedError: there is no such class.
    """
    class_id = _class_id(session, school_id, class_ref)
    of_school = policies.load_shadow(session, school_id, None)
    return of_school if class_id is None else {**of_school, **policies.load_shadow(session, school_id, class_id)}


def shadow_days(session: Session, school_id: int, class_ref: str | None) -> list[ShadowDay]:
    """Return the days on which a shadow went along, of a class or of all classes, the oldest first.

    Raises:
        RefusedError: there is no such class.
    """
    class_id = _class_id(session, school_id, class_ref)
    return [_day(day, counts) for day, counts in shadow_counts.by_day(session, school_id, class_id).items()]


def _day(day: dt.date, counts: Mapping[str, int]) -> ShadowDay:
    decisions = counts.get("decisions", 0)

    def both(name: str, *, by: str | None = None, scale: int = 1) -> tuple[float, float]:
        found = []
        for side in ("live", "shadow"):
            of = decisions if by is None else counts.get(f"{by}_{side}", 0)
            found.append(counts.get(f"{name}_{side}", 0) / scale / of if of else 0.0)
        return found[0], found[1]

    codes = []
    for name, count in counts.items():
        if name.startswith("code:"):
            live, _, other = name.removeprefix("code:").partition(">")
            codes.append((live, other, count))
    codes.sort(key=lambda each: (-each[2], each))
    return ShadowDay(
        day=day,
        decisions=decisions,
        differs=counts.get("differs", 0),
        codes=tuple(codes),
        price=both("price", by="slots", scale=SCALE),
        ladder=both("ladder", by="slots"),
        churn=both("churn"),
        milliseconds=counts.get("microseconds", 0) / 1000 / decisions if decisions else 0.0,
    )


def _class_id(session: Session, school_id: int, class_ref: str | None) -> int | None:
    try:
        return resolve_name(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
    except UnknownNameError as error:
        raise unknown_name(error) from None
