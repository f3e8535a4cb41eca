"""Skills and their order as a CASE 1.0 package (CFDocument, CFItems, CFAssociations).

The wording is our own; of the standards only the codes are used, and the arrows between them.
Source: IMS CASE 1.0, CFPackage.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from examples.curriculum import Prerequisite, Skill
from examples.oneroster import grade_code

_SPACE = uuid.UUID("5b3e4b34-7f6a-5c55-9d0f-3f0f3a6f5a11")
_SITE = "https://example.org/case"
_CHANGED = "2026-08-01T00:00:00Z"


def case_package(title: str, skills: Sequence[Skill], prerequisites: Iterable[Prerequisite]) -> dict[str, Any]:
    """Return a CFPackage: each skill is a child of the document, and precedes what needs it."""
    top = {"title": title, "identifier": _identifier(title), "uri": f"{_SITE}/CFDocuments/{_identifier(title)}"}
    document = {
        "identifier": top["identifier"],
        "uri": top["uri"],
        "creator": "Souschef example school",
        "title": title,
        "lastChangeDateTime": _CHANGED,
        "adoptionStatus": "Implemented",
        "language": "en",
        "licenseURI": None,
        "subject": ["Mathematics"],
    }
    by_ref = {skill.ref: skill for skill in skills}
    children = [_association("isChildOf", _link(skill), top) for skill in skills]
    order = [_association("precedes", _link(by_ref[n.requires]), _link(by_ref[n.skill])) for n in prerequisites]
    return {
        "CFDocument": document,
        "CFItems": [_item(skill, top) for skill in skills],
        "CFAssociations": children + order,
    }


def _identifier(name: str) -> str:
    return str(uuid.uuid5(_SPACE, name))


def _link(skill: Skill) -> dict[str, str]:
    identifier = _identifier(skill.ref)
    return {"title": skill.ref, "identifier": identifier, "uri": f"{_SITE}/CFItems/{identifier}"}


def _item(skill: Skill, document: dict[str, Any]) -> dict[str, Any]:
    identifier = _identifier(skill.ref)
    return {
        "identifier": identifier,
        "uri": f"{_SITE}/CFItems/{identifier}",
        "CFDocumentURI": document,
        "humanCodingScheme": skill.ref,
        "fullStatement": skill.title,
        "CFItemType": "Standard",
        "educationLevel": [grade_code(skill.grade)],
        "subject": ["Mathematics"],
        "conceptKeywords": [skill.strand],
        "language": "en",
        "lastChangeDateTime": _CHANGED,
    }


def _association(kind: str, origin: dict[str, str], destination: dict[str, str]) -> dict[str, Any]:
    identifier = _identifier(f"{kind} {origin['identifier']} {destination['identifier']}")
    return {
        "identifier": identifier,
        "uri": f"{_SITE}/CFAssociations/{identifier}",
        "associationType": kind,
        "originNodeURI": origin,
        "destinationNodeURI": destination,
        "lastChangeDateTime": _CHANGED,
    }
