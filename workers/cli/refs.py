"""Turn what a person types for a student, class, skill or material into its ref.

The ref itself always wins, so that scripts never depend on names. Nothing is looked up in another school. What would
erase or join people takes refs alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.reports import names
from models.reports.names import MAX_FOUND, Match, NameKind

if TYPE_CHECKING:
    from sqlmodel import Session

    from models.access.schools import SchoolKey
    from tasks.pipeline.overrides import OverrideDraft

MAX_LISTED = MAX_FOUND - 1
LISTS = {NameKind.CLASS: "classes", NameKind.STAFF: "classes"}
"""Whose list is not called by its own plural."""
PEOPLE = (NameKind.STUDENT, NameKind.STAFF)


def match(session: Session, school: SchoolKey, kind: NameKind, typed: str) -> Match:
    """Return what `typed` means.

    Raises:
        UnknownRefError: nothing of the school fits, or several do, which the message lists.
    """
    found = names.find(session, school.id, kind, typed)
    if len(found) == 1:
        return found[0]
    raise _unclear(school, kind, typed, found)


def class_match(session: Session, school: SchoolKey, typed: str | None) -> Match | None:
    """Return the class that `typed` means; None for None.

    Raises:
        UnknownRefError: as `match`.
    """
    return None if typed is None else match(session, school, NameKind.CLASS, typed)


def resolve_all(session: Session, school: SchoolKey, **typed: str | None) -> dict[str, str | None]:
    """Return the refs of several options by their names: student, class_ref, skill, material; None for None.

    Raises:
        UnknownRefError: as `match`.
    """
    return {
        name: None if word is None else match(session, school, NameKind(name.removesuffix("_ref")), word).ref
        for name, word in typed.items()
    }


def of_draft(session: Session, school: SchoolKey, draft: OverrideDraft) -> OverrideDraft:
    """Return an override with refs in the place of names.

    Raises:
        RefusedError: the draft is incomplete or ambiguous.
        UnknownRefError: as `match`.
    """
    from lms.facts import OrderVerb
    from tasks.pipeline.overrides import require_complete

    if draft.verb is not OrderVerb.REVOKE:
        require_complete(draft)
    typed = {"student": draft.student, "class_ref": draft.class_ref, "material": draft.material, "skill": draft.skill}
    refs = resolve_all(session, school, **typed)
    return replace(
        draft, student=refs["student"], class_ref=refs["class_ref"], material=refs["material"], skill=refs["skill"]
    )


def _unclear(school: SchoolKey, kind: NameKind, typed: str, found: list[Match]) -> Exception:
    from models.students.people import UnknownRefError

    if not found:
        hint = f"`souschef list {LISTS.get(kind, f'{kind}s')}` lists those that there are."
        return UnknownRefError(f"School {school.ref} has no {kind} {typed}.", hint)
    if kind in PEOPLE:
        _log_names(found)
    matches = "; ".join(f"{each.name} ({each.ref})" for each in found[:MAX_LISTED])
    more = " and more" if len(found) > MAX_LISTED else ""
    return UnknownRefError(f"{typed} may be several of school {school.ref}: {matches}{more}.", "Type the ref of one.")


def _log_names(found: list[Match]) -> None:
    """Note in the access log whose names an error lists; in a transaction of its own, as the command's ends here."""
    from models import engine
    from workers.cli import audit_trail

    with engine.transaction() as session:
        audit_trail.log_access(session, "name lookup", [each.id for each in found])
