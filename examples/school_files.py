"""What a school loads beside its roster: skills, topics, materials, alignments, scope, questionnaires."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.case import case_package
from examples.catalogue import Task
from examples.curriculum import Prerequisite, Skill
from examples.writers import write_csv, write_json

HERE = Path(__file__).parent
LICENCE = "CC0-1.0"
MATERIAL_COLUMNS = (
    "material,title,url,skills,difficulty,context,depth,reading_level,minutes,language,licence,active_from,"
    "active_until,twin,items,text,answer"
)


@dataclass(frozen=True, slots=True)
class Window:
    """When a class works on a skill; dates as ISO texts."""

    group: str
    skill: str
    opens: str
    closes: str
    due: str


def write_curriculum(folder: Path, title: str, skills: Sequence[Skill], prerequisites: Sequence[Prerequisite]) -> None:
    """Write the skills and their order, as CSV and as CASE."""
    write_csv(
        folder / "skills.csv",
        "skill,title,grade,strand,weight,student_title",
        [[s.ref, s.title, s.grade, s.strand, s.weight, s.student_title] for s in skills],
    )
    write_csv(
        folder / "prerequisites.csv",
        "skill,needs,strength",
        [[need.skill, need.requires, need.strength] for need in prerequisites],
    )
    write_json(folder / "skills.json", case_package(title, skills, prerequisites))


def write_materials(folder: Path, tasks: Iterable[Task], *, site: str) -> None:
    """Write the materials; `site` is the address under which the school shows them."""
    write_csv(folder / "materials.csv", MATERIAL_COLUMNS, [_material(task, site) for task in tasks])


def _material(task: Task, site: str) -> list[object]:
    url = f"{site}/tasks/{task.ref}"
    cells = [task.skill, f"{task.difficulty:.1f}", task.context, task.depth, f"{task.reading_level:.1f}", task.minutes]
    return [task.ref, task.title, url, *cells, "en", LICENCE, "", "", task.twin, task.ref, task.text, task.answer]


def write_alignments(folder: Path, items: Iterable[tuple[str, str]]) -> None:
    """Write which item asks for which skill; of their difficulty nothing is claimed."""
    write_csv(
        folder / "alignments.csv",
        "source,item,skill,weight,difficulty",
        [["", item, skill, "1.0", ""] for item, skill in items],
    )


def write_scope(folder: Path, windows: Iterable[Window]) -> None:
    """Write when which class is at what."""
    write_csv(
        folder / "scope.csv",
        "class,skill,from,until,due",
        [[w.group, w.skill, w.opens, w.closes, w.due] for w in windows],
    )


def copy_shared(folder: Path) -> None:
    """Copy what all schools share: the topics, and the questionnaires where there are any."""
    shutil.copyfile(HERE / "topics.csv", folder / "topics.csv")
    for path in sorted((HERE / "questionnaires").glob("*.json")):
        (folder / "questionnaires").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / "questionnaires" / path.name)
