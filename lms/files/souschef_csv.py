"""Our own CSVs: skills, prerequisites, topics, alignments, materials and the scope of classes.

A date that closes something (`until`, `due`, `active_until`) is its last day: that day still counts.
"""

from __future__ import annotations

import re

from lms.files import columns
from lms.files.bundle import Bundle
from lms.files.csv_reader import LONG, CsvRow, csv_rows, wall_time
from lms.files.rows import AlignmentRow, MaterialRow, PrerequisiteRow, ScopeRow, SkillRow, TopicRow

LOGITS = 6.0
"""Difficulties lie between -6 and 6 logits."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_ADDRESS = re.compile(r"(?:https?://[^\s/\\]+|/(?![/\\]))\S*")
"""A page anywhere, or one of the LMS's own; two slashes would lead away from it, as would a slash and a backslash."""
_DEPTHS = ("structural", "cosmetic", "neutral")


def skills(file: str, body: bytes, into: Bundle) -> None:
    """Read skills and their other names; the file goes before what a CASE package says of a skill."""
    here = {ref: row for ref, row in into.skills.items() if row.at.line}  # What no package says: it has no lines.
    for line in csv_rows(file, body, into, needs=columns.SKILLS.needs, may=columns.SKILLS.may):
        ref, title = line.ref("skill"), line.required("title")
        grade, weight = line.number("grade", 0, 13), line.number("weight", 0.01, 100)
        if not ref or not title or not line.once(here, ref, "skill"):
            continue
        here[ref] = SkillRow(
            ref=ref,
            title=title,
            grade=grade,
            strand=line.text("strand"),
            weight=1.0 if weight is None else weight,
            at=line.at,
            student_title=line.text("student_title"),
        )
        for name in (ref, *line.several("names")):
            into.call("skill", name, ref, line.at)
    into.skills.update(here)


def prerequisites(file: str, body: bytes, into: Bundle) -> None:
    """Read skill, needs, strength; this file goes before what a CASE package says of the same two skills."""
    into.spoken.add("prerequisite")
    here = {edge: row for edge, row in into.prerequisites.items() if row.at.line}
    for line in csv_rows(file, body, into, needs=columns.PREREQUISITES.needs, may=columns.PREREQUISITES.may):
        skill, needs = line.ref("skill"), line.ref("needs")
        if not skill or not needs:
            continue
        if (skill, needs) in here:
            first = here[skill, needs].at.seen_from(line.at)
            line.wrong("needs", f"{skill!r} needs {needs!r} already in {first}", "Remove one of the two.")
            continue
        strength = line.one_of("strength", ("strong", "weak"), default="strong")
        here[skill, needs] = PrerequisiteRow(skill, needs, strength, line.at)
    into.prerequisites.update(here)


def topics(file: str, body: bytes, into: Bundle) -> None:
    """Read topic, title, phrases."""
    for line in csv_rows(file, body, into, needs=columns.TOPICS.needs, may=columns.TOPICS.may):
        ref, title = line.ref("topic"), line.required("title")
        if ref and title and line.once(into.topics, ref, "topic"):
            into.topics[ref] = TopicRow(ref, title, line.several("phrases"), line.at)


def alignments(file: str, body: bytes, into: Bundle) -> None:
    """Read source, item, skill, weight, difficulty: which skills a question of the LMS asks for.

    The source is for the reader alone: a question has one meaning, whichever pipe its answers come through. A weight of
    0 takes an alignment away.
    """
    into.spoken.add("alignment")
    for line in csv_rows(file, body, into, needs=columns.ALIGNMENTS.needs, may=columns.ALIGNMENTS.may):
        item, skill = line.ref("item"), line.ref("skill")
        if not item or not skill:
            continue
        if (item, skill) in into.alignments:
            first = into.alignments[item, skill].at.seen_from(line.at)
            line.wrong("skill", f"{item!r} is aligned with {skill!r} already in {first}", "Remove one of the two.")
            continue
        weight = line.number("weight", 0, 1)
        difficulty = line.number("difficulty", -LOGITS, LOGITS)
        into.alignments[item, skill] = AlignmentRow(item, skill, 1.0 if weight is None else weight, difficulty, line.at)
        into.call("item", item, item, line.at)


def materials(file: str, body: bytes, into: Bundle) -> None:
    """Read what can be assigned; the first of its skills is the one that it is for."""
    for line in csv_rows(file, body, into, needs=columns.MATERIALS.needs, may=columns.MATERIALS.may):
        ref = line.ref("material")
        if not ref or not line.once(into.materials, ref, "material"):
            continue
        into.materials[ref] = _material(line, ref)
        for item in line.several("items"):
            into.call("material_item", item, ref, line.at)


def _material(line: CsvRow, ref: str) -> MaterialRow:
    context = line.text("context")
    skills = line.several("skills")
    if not skills:
        line.wrong("skills", "it is empty", "Name the skill that the material is for.")
    starts, ends = line.moment("active_from"), line.moment("active_until", whole_day=True)
    if starts and ends and wall_time(ends) <= wall_time(starts):
        line.wrong("active_until", "it lies before active_from", "Correct one of them.")
    difficulty = line.number("difficulty", -LOGITS, LOGITS)
    return MaterialRow(
        ref=ref,
        title=line.required("title") or "",
        url=_url(line),
        skills=skills,
        difficulty=difficulty or 0.0,
        difficulty_known=difficulty is not None,
        context=context,
        depth=line.one_of("depth", _DEPTHS, default="cosmetic" if context else "neutral"),
        reading_level=line.number("reading_level", -5, 20),
        minutes=line.whole("minutes", 1, 600, default=10),
        language=_language(line),
        licence=line.text("licence"),
        active_from=starts,
        active_until=ends,
        twin=line.text("twin"),
        text=line.text("text", most=LONG),
        answer=line.text("answer", most=LONG),
        at=line.at,
    )


def _url(line: CsvRow) -> str:
    """Return an address that a browser opens as a page: anything else (such as javascript:) is a problem."""
    found = line.required("url") or ""
    if found and not is_address(found):
        line.wrong("url", f"{found[:50]!r} is no web address", "Begin it with https://, and write %20 for a space.")
    return found


def is_address(text: str) -> bool:
    """Return whether a browser opens a text as a page of the web."""
    return _ADDRESS.fullmatch(text) is not None


def _language(line: CsvRow) -> str:
    found = line.text("language") or "en"
    if not _LANGUAGE.fullmatch(found):
        line.wrong("language", f"{found[:50]!r} is no language tag", "Write it like en or pt-BR.")
    return found


def scope(file: str, body: bytes, into: Bundle) -> None:
    """Read class, skill, from, until, due: what a class is at, and when."""
    into.spoken.add("scope")
    for line in csv_rows(file, body, into, needs=columns.SCOPE.needs, may=columns.SCOPE.may):
        class_ref, skill = line.ref("class"), line.ref("skill")
        if not class_ref or not skill:
            continue
        if (class_ref, skill) in into.scope:
            first = into.scope[class_ref, skill].at.seen_from(line.at)
            line.wrong("skill", f"{class_ref!r} has {skill!r} already in {first}", "Remove one of the two.")
            continue
        opens, closes = line.moment("from"), line.moment("until", whole_day=True)
        if opens and closes and wall_time(closes) <= wall_time(opens):
            line.wrong("until", "it lies before from", "Correct one of them.")
        due = line.moment("due", whole_day=True)
        into.scope[class_ref, skill] = ScopeRow(class_ref, skill, opens, closes, due, line.at)
