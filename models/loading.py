"""Load a bundle of files into a school: one transaction, only differences, all references checked first."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, select

from config.errors import Mendable
from learning.questionnaire import Finding, Questionnaire, QuestionnaireError, lint
from lms.files.bundle import Bundle, Fault
from lms.files.graph import cycles
from models import clock, inbox, learners
from models.tables import (
    Alias,
    Alignment,
    Class,
    Enrolment,
    Item,
    Material,
    MaterialSkill,
    Person,
    Prerequisite,
    School,
    Scope,
    Skill,
    Topic,
)
from models.tables import Questionnaire as QuestionnaireRow
from models.upserting import Difference, upsert

Progress = Callable[[str, int], None]
"""Called with the kind and the number of rows before each kind is written."""


class FilesWrong(Mendable):
    """The files have faults; nothing was loaded."""

    exit_code = 2

    def __init__(self, faults: list[Fault]) -> None:
        shown = "\n".join(f"  {fault}" for fault in faults[:50])
        more = f"\n  and {len(faults) - 50} more" if len(faults) > 50 else ""  # noqa: PLR2004 - as many as are shown
        super().__init__(f"{len(faults)} faults, nothing was loaded:\n{shown}{more}", "Mend them and load again.")
        self.faults = faults


@dataclass(slots=True)
class LoadReport:
    """What a load did, or would do, by kind."""

    school: str
    differences: dict[str, Difference] = field(default_factory=dict)
    unparked: int = 0

    @property
    def any(self) -> bool:
        """Return whether anything is written."""
        return any(difference.any for difference in self.differences.values())


def load(
    session: Session,
    school: str | None,
    bundle: Bundle,
    *,
    consent: bool = False,
    progress: Progress = lambda kind, rows: None,
) -> LoadReport:
    """Write what differs; what now resolves comes back from parking, and students are marked for a refresh.

    Args:
        session: the one transaction; the caller rolls it back for a dry run.
        school: the school's ref; None: that of the files, or the only one there is.
        bundle: the rows.
        consent: whether consent to questions in protected categories is on record.
        progress: told before each kind.

    Raises:
        FilesWrong: there are faults; nothing is written.
    """
    faults = [*bundle.faults, *_protected(bundle, consent=consent), *_circles(bundle)]
    if faults:
        raise FilesWrong(faults)
    owner = _school(session, school, bundle)
    report = LoadReport(owner.ref)
    loading = _Loading(session, _id(owner), bundle, report, progress)
    loading.people()
    loading.curriculum()
    loading.materials()
    loading.aliases()
    if loading.faults:
        raise FilesWrong(loading.faults)
    if report.any:
        bump = text("UPDATE souschef.school SET catalogue_version = catalogue_version + 1 WHERE id = :school")
        session.connection().execute(bump, {"school": owner.id})
        learners.mark_due(session, school_id=_id(owner))
        report.unparked = inbox.unpark(session, school_id=_id(owner))
    return report


class _Loading:
    """One load under way: the ids of what is there, the faults of what is not."""

    def __init__(
        self, session: Session, school_id: int, bundle: Bundle, report: LoadReport, progress: Progress
    ) -> None:
        self.session, self.school_id, self.bundle, self.report, self.progress = (
            session,
            school_id,
            bundle,
            report,
            progress,
        )
        self.faults: list[Fault] = []
        self.ids: dict[str, dict[str, int]] = {}

    def people(self) -> None:
        self._refs("person", Person, self.bundle.people.values())
        self._refs("class", Class, self.bundle.classes.values())
        now = clock.now(self.session)
        rows = []
        for row in self.bundle.enrolments.values():
            class_id = self._find("class", row["class"], "enrollments.csv", row["line"], "classSourcedId")
            person = self._find("person", row["person"], "enrollments.csv", row["line"], "userSourcedId")
            if class_id is not None and person is not None:
                began = row["began_at"] or self._began(class_id, person) or now
                rows.append(
                    {
                        "school_id": self.school_id,
                        "class_id": class_id,
                        "person_id": person,
                        "began_at": began,
                        "role": row["role"],
                        "ended_at": _end_of_day(row["ended_at"]),
                    }
                )
        written = self._write("enrolment", Enrolment, rows, key=("class_id", "person_id", "began_at"))
        if "enrolments" in self.bundle.held:
            ended = self._end_enrolments({(row["class_id"], row["person_id"]) for row in rows})
            self.report.differences["enrolment"] = Difference(written.new, written.changed, written.same, ended)

    def curriculum(self) -> None:
        self._refs("skill", Skill, self.bundle.skills.values())
        self._refs("topic", Topic, self.bundle.topics.values())
        items = [{"ref": item} for item in sorted({item for item, _ in self.bundle.alignments})]
        self._refs("item", Item, items)
        self._links(
            "prerequisite",
            Prerequisite,
            self.bundle.prerequisites.values(),
            "prerequisites.csv",
            {"skill": "skill", "needs": "skill"},
            ("strength",),
        )
        self._links(
            "alignment",
            Alignment,
            self.bundle.alignments.values(),
            "alignments.csv",
            {"item": "item", "skill": "skill"},
            ("weight", "difficulty"),
        )
        self._links(
            "scope",
            Scope,
            self.bundle.scope.values(),
            "scope.csv",
            {"class": "class", "skill": "skill"},
            ("opens_at", "closes_at", "due_at"),
        )
        documents = [{"ref": row["ref"], "document": row["document"]} for row in self.bundle.questionnaires.values()]
        self._refs("questionnaire", QuestionnaireRow, documents)

    def materials(self) -> None:
        topics = self._known("topic", Topic)
        columns = [name for name in Material.model_fields if name not in {"id", "school_id"}]
        for row in self.bundle.materials.values():
            if row["context"] is not None and row["context"] not in topics:
                self._fault("materials.csv", row["line"], "context", f"there is no topic {row['context']!r}")
            if row["twin"] is not None and row["twin"] not in self.bundle.materials:
                self._fault("materials.csv", row["line"], "twin", f"there is no material {row['twin']!r}")
        self._refs(
            "material", Material, ({name: row[name] for name in columns} for row in self.bundle.materials.values())
        )
        links = []
        for row in self.bundle.materials.values():
            for position, skill in enumerate(row["skills"]):
                found = self._find("skill", skill, "materials.csv", row["line"], "skills")
                if found is not None:
                    material = self._known("material", Material)[row["ref"]]
                    links.append(
                        {"school_id": self.school_id, "material_id": material, "position": position, "skill_id": found}
                    )
        self._write("material_skill", MaterialSkill, links, key=("material_id", "position"))

    def aliases(self) -> None:
        target_of = {"person": Person, "class": Class, "item": Item, "skill": Skill, "material_item": Material}
        rows = []
        for (kind, name), ref in sorted(self.bundle.aliases.items()):
            table = "material" if kind == "material_item" else kind
            target = self._known(table, target_of[kind]).get(ref)
            if target is not None:
                rows.append({"school_id": self.school_id, "kind": kind, "name": name, "target_id": target})
        self._write("alias", Alias, rows, key=("school_id", "kind", "name"))

    def _refs(self, kind: str, table: Any, rows: Iterable[Mapping[str, Any]]) -> None:  # noqa: ANN401 - a SQLModel class
        self._write(kind, table, [{"school_id": self.school_id, **row} for row in rows], key=("school_id", "ref"))
        self.ids.pop(kind, None)

    def _links(
        self,
        kind: str,
        table: Any,
        rows: Iterable[Mapping[str, Any]],
        file: str,
        ends: Mapping[str, str],
        more: tuple[str, ...],
    ) -> None:  # noqa: ANN401 - a SQLModel class
        """Write rows that link two things, given by their refs in the columns of `ends`."""
        linked, wanted = [], set()
        for row in rows:
            found = {column: self._find(what, row[column], file, row["line"], column) for column, what in ends.items()}
            if None in found.values():
                continue
            key = {f"{column}_id": target for column, target in found.items()}
            wanted.add(tuple(key.values()))
            linked.append({"school_id": self.school_id, **key, **{name: row[name] for name in more}})
        keys = tuple(f"{column}_id" for column in ends)
        written = self._write(kind, table, linked, key=keys)
        if kind + "s" in self.bundle.held or kind in self.bundle.held:
            gone = self._delete_others(table, keys, wanted)
            self.report.differences[kind] = Difference(written.new, written.changed, written.same, gone)

    def _delete_others(self, table: Any, keys: tuple[str, ...], wanted: set[tuple[Any, ...]]) -> int:  # noqa: ANN401 - a SQLModel class
        """Delete the school's links that the file no longer has."""
        target = table.__table__
        columns = [target.c[key] for key in keys]
        there = self.session.connection().execute(select(*columns).where(target.c.school_id == self.school_id))
        gone = [tuple(row) for row in there if tuple(row) not in wanted]
        for row in gone:
            matches = [column == value for column, value in zip(columns, row, strict=True)]
            self.session.connection().execute(target.delete().where(*matches))
        return len(gone)

    def _write(self, kind: str, table: Any, rows: list[dict[str, Any]], *, key: tuple[str, ...]) -> Difference:  # noqa: ANN401 - a SQLModel class
        if rows:
            self.progress(kind, len(rows))
        written = upsert(self.session, table, rows, key=key)
        if rows:
            self.report.differences[kind] = written
        return written

    def _known(self, kind: str, table: Any) -> dict[str, int]:  # noqa: ANN401 - a SQLModel class
        if kind not in self.ids:
            statement = select(table.ref, table.id).where(table.school_id == self.school_id)
            self.ids[kind] = dict(self.session.exec(statement).all())
        return self.ids[kind]

    def _find(self, kind: str, ref: str, file: str, line: int, column: str) -> int | None:
        tables = {"person": Person, "class": Class, "skill": Skill, "item": Item, "material": Material}
        found = self._known(kind, tables[kind]).get(ref)
        if found is None:
            self._fault(file, line, column, f"there is no {kind} {ref!r}; add it or correct the name")
        return found

    def _fault(self, file: str, line: int, column: str, message: str) -> None:
        self.faults.append(Fault(file, line, column, message))

    def _began(self, class_id: int, person: int) -> dt.datetime | None:
        """Return since when somebody is in a class already, so that a file without dates changes nothing."""
        statement = select(Enrolment.began_at).where(
            Enrolment.class_id == class_id,
            Enrolment.person_id == person,
            Enrolment.ended_at == None,  # noqa: E711 - SQL's null
        )
        return self.session.exec(statement).first()

    def _end_enrolments(self, wanted: set[tuple[int, int]]) -> int:
        """End, now, the enrolments in the file's classes that the file no longer has."""
        statement = text("""
            UPDATE souschef.enrolment SET ended_at = souschef.clock()
             WHERE school_id = :school AND (ended_at IS NULL OR ended_at > souschef.clock())
               AND began_at <= souschef.clock()
               AND class_id = ANY(CAST(:classes AS bigint[]))
               AND (class_id, person_id) NOT IN (
                 SELECT * FROM unnest(CAST(:wanted_classes AS bigint[]), CAST(:wanted_people AS bigint[])))
        """)
        parameters = {
            "school": self.school_id,
            "classes": sorted({class_id for class_id, _ in wanted}),
            "wanted_classes": [class_id for class_id, _ in wanted],
            "wanted_people": [person for _, person in wanted],
        }
        return self.session.connection().execute(statement, parameters).rowcount


def _school(session: Session, ref: str | None, bundle: Bundle) -> School:
    wanted = ref or (bundle.school or {}).get("ref")
    known = session.exec(select(School) if wanted is None else select(School).where(School.ref == wanted)).all()
    if len(known) == 1:
        return known[0]
    if bundle.school is not None and bundle.school["ref"] == wanted:
        made = School(**bundle.school)
        session.add(made)
        session.flush()
        return made
    said = f"There is no school {wanted}." if wanted else f"There are {len(known)} schools and the files name none."
    raise Mendable(said, "Load a roster with orgs.csv first, or name the school with --school.")


def _protected(bundle: Bundle, *, consent: bool) -> list[Fault]:
    """Return faults of questionnaires: not as they must be, or protected and without consent."""
    found = []
    for row in bundle.questionnaires.values():
        try:
            parsed = Questionnaire.from_document(row["document"])
        except QuestionnaireError as error:
            found += [_told(row["file"], finding) for finding in error.findings]
            continue
        if not consent:
            found += [_told(row["file"], finding) for finding in lint(parsed)]
    return found


def _told(file: str, finding: Finding) -> Fault:
    return Fault(file, 0, finding.pointer, f"{finding.detail}. {finding.mend}")


def _circles(bundle: Bundle) -> list[Fault]:
    return [
        Fault("prerequisites.csv", 0, "", f"skills need each other in a circle: {' -> '.join(circle)}; remove one row")
        for circle in cycles(bundle.prerequisites)
    ]


def _end_of_day(moment: dt.datetime | None) -> dt.datetime | None:
    """Return the end of the last day: an enrolment that ends on a date includes it."""
    if moment is None or moment.time() != dt.time(0):
        return moment
    return moment + dt.timedelta(days=1)


def _id(row: School) -> int:
    if row.id is None:
        raise AssertionError("a flushed row has an id")
    return row.id
