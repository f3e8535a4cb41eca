"""What files say that makes no sense together, seen without a database: names that are nowhere, and what is missing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from lms.files.bundle import Bundle
from lms.files.problem import SourceLocation

EASY = 0.0
"""A skill has an easy way in if one of its materials is at most this difficult, in logits."""
SHOWN = 3
"""Names in a sentence."""
MAX_COMPARED = 300
"""With more names a misspelt one is not compared."""
_OTHER_SEPARATORS = re.compile(r"[,|/+&\n]")
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name that no file explains, and where it stands."""

    kind: str
    name: str
    at: SourceLocation
    column: str


def unknown_names(bundle: Bundle) -> Iterator[UnknownName]:
    """Yield the names in the files that no file explains: a load looks for them in the database."""
    existing = existing_names(bundle)
    for each in _names(bundle):
        if each.name not in existing[each.kind] and (each.kind, each.name) not in bundle.aliases:
            yield each


def existing_names(bundle: Bundle) -> Mapping[str, Collection[str]]:
    """Return what the files have, by kind."""
    return {
        "person": bundle.people.keys() | bundle.relatives,
        "class": bundle.classes,
        "skill": bundle.skills,
        "topic": bundle.topics,
        "material": bundle.materials,
    }


def _names(bundle: Bundle) -> Iterator[UnknownName]:
    for row in bundle.enrolments:
        yield UnknownName("person", row.person, row.at, "userSourcedId")
        yield UnknownName("class", row.class_ref, row.at, "classSourcedId")
    for scope in bundle.scope.values():
        yield UnknownName("class", scope.class_ref, scope.at, "class")
        yield UnknownName("skill", scope.skill, scope.at, "skill")
    for alignment in bundle.alignments.values():
        yield UnknownName("skill", alignment.skill, alignment.at, "skill")
    for edge in bundle.prerequisites.values():
        yield UnknownName("skill", edge.skill, edge.at, "skill")
        yield UnknownName("skill", edge.needs, edge.at, "needs")
    for material in bundle.materials.values():
        yield from (UnknownName("skill", skill, material.at, "skills") for skill in material.skills)
        if material.context is not None:
            yield UnknownName("topic", material.context, material.at, "context")
        if material.twin is not None:
            yield UnknownName("material", material.twin, material.at, "twin")


def list_hint(name: str, existing: Collection[str]) -> str:
    """Return how to write a list, where an unknown name is one with another separator; else an empty text."""
    parts = [part.strip() for part in _OTHER_SEPARATORS.split(name)]
    if len(parts) > 1 and any(part in existing for part in parts):
        return f"Separate several by a semicolon: {';'.join(parts)}"
    near = difflib.get_close_matches(name, existing, n=1, cutoff=0.8) if len(existing) <= MAX_COMPARED else []
    # Codes that differ in their numbers alone are two codes, and no slip.
    return f"Did you mean {near[0]}?" if near and _NUMBERS.sub("", near[0]) != _NUMBERS.sub("", name) else ""


def what_is_missing(bundle: Bundle) -> Iterator[str]:
    """Yield a sentence for each thing without which nobody, or not everybody, is assigned anything."""
    levels: dict[str, float] = {}
    for material in bundle.materials.values():
        for skill in material.skills[:1]:
            levels[skill] = min(levels.get(skill, material.difficulty), material.difficulty)
    in_scope = {row.skill for row in bundle.scope.values()}
    yield from _sentence(in_scope - levels.keys(), "skill", "in scope {has} no material, and {is} never assigned")
    hard = {skill for skill, level in levels.items() if level > EASY}
    yield from _sentence(hard, "skill", "{has} no material at an easy level (difficulty 0 or less)")
    guessed = {ref for ref, row in bundle.materials.items() if not row.difficulty_known}
    yield from _sentence(guessed, "material", "{has} no difficulty (middling until answers show it)")
    if len(levels) > 1 and len({row.difficulty for row in bundle.materials.values()}) == 1:
        yield "All materials have one difficulty, so that nobody gets an easier or a harder one."
    skills = {row.skill for row in bundle.alignments.values() if row.weight}
    yield from _sentence(set(bundle.skills) - skills, "skill", "{has} no item, so that answers say nothing of {them}")
    with_skill = {row.item for row in bundle.alignments.values() if row.weight}
    items = {name for kind, name in bundle.names.first if kind in {"item", "material_item"}}
    yield from _sentence(items - with_skill, "item", "{has} no skill in alignments.csv, so that answers count nowhere")
    with_scope = {class_ref for class_ref, _ in bundle.scope}
    by_alias = {alias.ref for (kind, name), alias in bundle.aliases.items() if kind == "class" and name in with_scope}
    classes = {ref for ref, row in bundle.classes.items() if not row.deleted}
    yield from _sentence(classes - with_scope - by_alias, "class", "{has} no scope")
    students = {ref for ref, row in bundle.people.items() if row.role == "student" and row.active}
    enrolled = {row.person for row in bundle.enrolments if not row.deleted}
    yield from _sentence(students - enrolled, "student", "{is} in no class")


_ONE = {"has": "has", "is": "is", "them": "it"}
_SEVERAL = {"has": "have", "is": "are", "them": "them"}


def _sentence(refs: Collection[str], noun: str, what: str) -> Iterator[str]:
    if refs:
        some = ", ".join(sorted(refs)[:SHOWN]) + (", ..." if len(refs) > SHOWN else "")
        plural = noun if len(refs) == 1 else f"{noun}es" if noun.endswith("s") else f"{noun}s"
        yield f"{len(refs):,} {plural} {what.format_map(_ONE if len(refs) == 1 else _SEVERAL)}: {some}."
