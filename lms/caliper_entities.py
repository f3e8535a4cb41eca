"""What all of Caliper's events share: entities that may be bare IRIs, absent properties, anonymity, groups."""

from __future__ import annotations

from lms.facts import SourceRules
from lms.fields import at, ref, text_at

_ANONYMOUS = "http://purl.imsglobal.org/caliper/"
_LEARNER = "Learner"


def type_of(entity: object) -> str:
    """Return the type without the IRI that an extension puts before it; "" where there is none."""
    return (text_at(entity, "type") or "").rsplit("/", 1)[-1]


def action_of(event: object) -> str:
    """Return the action without the IRI that version 1.0 put before it."""
    return (text_at(event, "action") or "").rsplit("#", 1)[-1]


def ident(entity: object) -> str:
    """Return the IRI of an entity, which may be nothing but its IRI; "" where there is none."""
    return entity if isinstance(entity, str) else text_at(entity, "id") or ""


def is_anonymous(name: str) -> bool:
    """Whether an entity is anonymous, which the specification shows by an id that is the type's."""
    return name.startswith(_ANONYMOUS)


def survey_of(event: object, rules: SourceRules) -> str | None:
    """Return the survey as the school allowed it: the questionnaire, what it is part of, or the head of an address."""
    item = at(event, "object")
    around = [ident(item), ident(at(item, "isPartOf")), ident(at(item, "isPartOf", "isPartOf"))]
    for name in sorted(rules.surveys):
        head = name.rstrip("/") + "/"
        if any(each == name or each.startswith(head) for each in around if each):
            return name
    return None


def class_of(event: object) -> str | None:
    """Return the course as the school numbers it, else its IRI; a group's own parent where it has no number."""
    group = at(event, "group")
    numbered = text_at(group, "courseNumber") or text_at(group, "subOrganizationOf", "courseNumber")
    name = numbered or ident(group)
    return None if not name or is_anonymous(name) else ref(name, "/group")


def is_staff(event: object) -> bool:
    """Whether the sender says that whoever acts is in the course, and not as a learner: a preview."""
    roles = at(event, "membership", "roles")
    told = [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []
    return bool(told) and not any(_LEARNER in role.replace("#", "/").split("/") for role in told)
