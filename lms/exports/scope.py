"""The scope of classes, from what a folder already has: its classes, its skills, and which of them have materials."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

from lms.exports.imported import ExportError, Imported
from lms.files.bundle import Bundle
from lms.files.rows import ClassRow, SkillRow


def add_scope(
    bundle: Bundle, found: Imported, *, classes: Sequence[str], strands: Sequence[str], skills: Sequence[str]
) -> None:
    """Add a row of scope.csv for each class and each skill that it is to work on.

    Args:
        bundle: the files of the folder.
        found: where the rows and what is left out go.
        classes: by id or title; none: every class that has no scope.
        strands: all their skills that have a material.
        skills: codes. Without strands and skills: all of the class's grade, or of no grade, that have a material.

    Raises:
        ExportError: a class, a strand or a skill is not in the folder.
    """
    titles = {row.title: ref for ref, row in bundle.classes.items()}
    with_scope = {row.class_ref for row in bundle.scope.values()}
    without = [ref for ref, row in bundle.classes.items() if not row.deleted and ref not in with_scope]
    wanted = [_find("class", name, {**titles, **{ref: ref for ref in bundle.classes}}) for name in classes] or without
    by_strand = {row.strand: row.strand for row in bundle.skills.values() if row.strand}
    of_strands = {_find("strand", name, by_strand) for name in strands}
    single = {_find("skill", name, {ref: ref for ref in bundle.skills}) for name in skills}
    with_material = {skill for material in bundle.materials.values() for skill in material.skills[:1]}
    if not wanted:
        found.notes.append("Every class has a scope. Name one to add to it: --class.")
    for ref in wanted:
        rows = [row for row in bundle.skills.values() if _works_on(bundle.classes[ref], row, of_strands, single)]
        selection = [row.ref for row in rows if row.ref in with_material or row.ref in single]
        if len(rows) > len(selection):
            found.left_out["are skills without a material"] += len(rows) - len(selection)
        found.read["skills in scope"] += len(selection)
        for skill in selection:
            found.add("scope.csv", {"class": ref, "skill": skill})
        if not selection:
            found.notes.append(
                f"{ref} gets nothing: no skill that it could work on has a material. Name some: --skill."
            )


def _works_on(group: ClassRow, skill: SkillRow, strands: Collection[str], skills: Collection[str]) -> bool:
    if strands or skills:
        return skill.ref in skills or skill.strand in strands
    return skill.grade is None or group.grade is None or skill.grade == group.grade


def _find(kind: str, name: str, existing: Mapping[str, str]) -> str:
    if name not in existing:
        near = difflib.get_close_matches(name, existing, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]}?" if near else f"There is {', '.join(sorted(existing)[:5]) or 'none'}."
        raise ExportError("scope.csv", f"the folder has no {kind} {name!r}", hint)
    return existing[name]
