"""Our own CSVs: skills, prerequisites, topics, alignments, materials and a class's scope; and questionnaires."""

from __future__ import annotations

import json

from lms.files.bundle import Bundle, Fault, Line, lines

_LONG = 20_000


def skills(file: str, body: bytes, into: Bundle) -> None:
    """Read skill, title, grade, strand, weight."""
    for line in lines(file, body, needs=("skill", "title"), faults=into.faults):
        ref, title = line.required("skill"), line.required("title")
        if ref is None or title is None or _repeated(line, "skill", ref, into.skills):
            continue
        into.skills[ref] = {
            "ref": ref,
            "title": title,
            "grade": line.number_in("grade", 0, 13),
            "strand": line.text("strand"),
            "weight": line.number_in("weight", 0.01, 100, default=1.0),
        }
        into.aliases["skill", ref] = ref


def prerequisites(file: str, body: bytes, into: Bundle) -> None:
    """Read skill, needs, strength."""
    into.held.add("prerequisites")
    for line in lines(file, body, needs=("skill", "needs"), faults=into.faults):
        skill, needs = line.required("skill"), line.required("needs")
        if skill is None or needs is None:
            continue
        if skill == needs:
            line.wrong("needs", f"{skill} needs itself; remove the row")
            continue
        strength = line.one_of("strength", "strong", "weak", default="strong")
        into.prerequisites[skill, needs] = {"skill": skill, "needs": needs, "strength": strength, "line": line.number}


def topics(file: str, body: bytes, into: Bundle) -> None:
    """Read topic, title, phrases."""
    for line in lines(file, body, needs=("topic", "title"), faults=into.faults):
        ref, title = line.required("topic"), line.required("title")
        if ref and title and not _repeated(line, "topic", ref, into.topics):
            into.topics[ref] = {"ref": ref, "title": title, "phrases": line.several("phrases")}


def alignments(file: str, body: bytes, into: Bundle) -> None:
    """Read item, skill, weight, difficulty: which skills a question of the LMS asks for."""
    into.held.add("alignments")
    for line in lines(file, body, needs=("item", "skill"), faults=into.faults):
        item, skill = line.required("item"), line.required("skill")
        if item is None or skill is None:
            continue
        into.alignments[item, skill] = {
            "item": item,
            "skill": skill,
            "weight": line.number_in("weight", 0, 1, default=1.0),
            "difficulty": line.number_in("difficulty", -6, 6),
            "line": line.number,
        }
        into.aliases["item", item] = item


def materials(file: str, body: bytes, into: Bundle) -> None:
    """Read what can be assigned; the first of its skills is the one that it is for."""
    for line in lines(file, body, needs=("material", "title", "url", "skills", "difficulty"), faults=into.faults):
        ref = line.required("material")
        if ref is None or _repeated(line, "material", ref, into.materials):
            continue
        into.materials[ref] = _material(line, ref)
        for item in line.several("items"):
            into.aliases["material_item", item] = ref


def _material(line: Line, ref: str) -> dict[str, object]:
    url = line.required("url") or ""
    if url and not url.startswith(("https://", "http://", "/")):
        line.wrong("url", "it is no web address; begin it with https://")
    context = line.text("context")
    skills = line.several("skills")
    if not skills:
        line.wrong("skills", "it is empty; name the skill that the material is for")
    return {
        "ref": ref,
        "title": line.required("title"),
        "url": url,
        "skills": skills,
        "difficulty": line.number_in("difficulty", -6, 6, default=0.0),
        "context": context,
        "depth": line.one_of(
            "depth", "structural", "cosmetic", "neutral", default="cosmetic" if context else "neutral"
        ),
        "reading_level": line.number_in("reading_level", -5, 20),
        "minutes": int(line.number_in("minutes", 1, 600, default=10) or 10),
        "language": line.text("language") or "en",
        "licence": line.text("licence"),
        "active_from": line.moment("active_from"),
        "active_until": line.moment("active_until"),
        "twin": line.text("twin"),
        "text": line.text("text", most=_LONG),
        "answer": line.text("answer", most=_LONG),
        "line": line.number,
    }


def scope(file: str, body: bytes, into: Bundle) -> None:
    """Read class, skill, from, until, due: what a class is at, and when."""
    into.held.add("scope")
    for line in lines(file, body, needs=("class", "skill"), faults=into.faults):
        class_ref, skill = line.required("class"), line.required("skill")
        if class_ref is None or skill is None:
            continue
        into.scope[class_ref, skill] = {
            "class": class_ref,
            "skill": skill,
            "opens_at": line.moment("from"),
            "closes_at": line.moment("until"),
            "due_at": line.moment("due"),
            "line": line.number,
        }


def questionnaire(file: str, body: bytes, into: Bundle) -> None:
    """Read one survey; what it must look like is checked where it is used."""
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        into.faults.append(Fault(file, 0, "", f"it is not JSON: {error}"))
        return
    survey = document.get("survey") if isinstance(document, dict) else None
    if not isinstance(survey, str) or not survey:
        into.faults.append(Fault(file, 0, "/survey", "it is missing; name the survey as its sender does"))
        return
    into.questionnaires[survey] = {"ref": survey, "document": document, "file": file}


def _repeated(line: Line, column: str, ref: str, known: object) -> bool:
    if ref in known:  # type: ignore[operator] # one of the bundle's mappings
        line.wrong(column, f"{ref!r} comes twice; remove one")
        return True
    return False
