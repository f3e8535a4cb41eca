"""What all of Caliper's events share: entities that may be bare IRIs, absent properties, anonymity, groups."""

from __future__ import annotations

from lms.facts import SourceRules
from lms.json_fields import get_path, text_at, valid_ref

_ANONYMOUS = "http://purl.imsglobal.org/caliper/"
_LEARNER = "Learner"


def type_of(entity: object) -> str:
    """Return the type without the IRI that an extension puts before it; "" where there is none."""
    return (text_at(entity, "type") or "").rsplit("/", 1)[-1]


def action_of(event: object) -> str:
    """Return the action without the IRI that version 1.0 put before it."""
    return (text_at(event, "action") or "").rsplit("#", 1)[-1]


def iri_of(entity: object) -> str:
    """Return the IRI of an entity, which may be nothing but its IRI; "" where there is none."""
    return entity if isinstance(entity, str) else text_at(entity, "id") or ""


def part_of_attempt(attempt: object, name: str) -> object:
    """Return the assignee, the assignable or what else belongs to an attempt; Open edX keeps it in `extensions`."""
    part = get_path(attempt, name)
    return get_path(attempt, "extensions", name) if part is None else part


def is_anonymous(name: str) -> bool:
    """Whether an entity is anonymous, which the specification shows by an id that is the type's."""
    return name.startswith(_ANONYMOUS)


def survey_of(event: object, rules: SourceRules) -> str | None:
    """Return the survey as the school allowed it: the questionnaire, what it is part of, or the head of an address."""
    item = get_path(event, "object")
    around = [iri_of(item), iri_of(get_path(item, "isPartOf")), iri_of(get_path(item, "isPartOf", "isPartOf"))]
    for name in sorted(rules.surveys):
        head = name.rstrip("/") + "/"
        if any(each == name or each.startswith(head) for each in around if each):
            return name
    return None


def class_of(event: object) -> str | None:
    """Return the course as the school numbers it, else its IRI; a group's own parent where it has no number."""
    group = get_path(event, "group")
    numbered = text_at(group, "courseNumber") or text_at(group, "subOrganizationOf", "courseNumber")
    name = numbered or iri_of(group)
    return None if not name or is_anonymous(name) else valid_ref(name, "/group")


def is_staff(event: object) -> bool:
    """Whether the sender says that the actor is in the course and is no learner: a preview."""
    roles = get_path(event, "membership", "roles")
    role_iris = [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []
    return bool(role_iris) and not any(_LEARNER in role.replace("#", "/").split("/") for role in role_iris)
