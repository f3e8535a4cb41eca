"""Rosters as Canvas, Google Classroom and Moodle export them, as users.csv, classes.csv and enrollments.csv.

Of a person only a number, the name and the role are read; an e-mail address is read only where an export has no other
name for a person. Columns are recognised by the names that the systems give them, in several languages.

Source: Canvas SIS Import Format and gradebook export; Google Classroom's grades as CSV, and GAM's course participants;
Moodle's participants, grades and *Upload users*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lms.exports.columns import CANVAS, GOOGLE, MOODLE, OFFICE, Columns
from lms.exports.imported import ExportError, Imported
from lms.exports.roles import role_of
from lms.files.bundle import Bundle
from lms.files.column_map import ColumnMap
from lms.files.csv_reader import CsvRow, csv_rows, is_rewritten
from lms.files.problem import SourceLocation
from lms.files.sheets import Sheet, WorkbookError, is_workbook, sheets
from lms.files.starter import slug

Files = Sequence[tuple[str, bytes]]
_NO_PERSON = re.compile(
    r"points possible|manual posting|student, test|test student|class average|due date", re.IGNORECASE
)
_COURSE = re.compile(r"course(\d+)")
_GONE = frozenset({"deleted", "inactive", "completed", "suspended", "rejected", "concluded"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a roster is to be read."""

    class_title: str | None = None
    """The class of those of whom the export does not say it; None: the file's name."""
    school: str = ""
    """The school's id, for users.csv and classes.csv."""
    home: str | None = None
    """The address of the LMS, which its events put before its number of a person."""
    by_group: bool = False
    """Whether a group is a class, where a course has several."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """What columns mean, beyond those that are known: ours by theirs, in small letters."""
    encoding: str | None = None


def canvas(files: Files, wanted: Wanted) -> Imported:
    """Read gradebook exports, or the SIS import or provisioning files users, sections, courses and enrollments."""
    return _Reader(CANVAS, wanted).read(files)


def google_classroom(files: Files, wanted: Wanted) -> Imported:
    """Read grades as Google Classroom downloads them, or course participants as GAM prints them."""
    return _Reader(GOOGLE, wanted).read(files)


def moodle(files: Files, wanted: Wanted) -> Imported:
    """Read participants, a grade export, or a file of *Upload users*."""
    return _Reader(MOODLE, wanted).read(files)


def office(files: Files, wanted: Wanted) -> Imported:
    """Read lists of the school's own; the visible sheets of a workbook are lists of their own."""
    return _Reader(OFFICE, wanted).read(files)


class _Reader:
    """One roster while it is read."""

    def __init__(self, columns: Columns, wanted: Wanted) -> None:
        self.columns, self.wanted, self.found = columns, wanted, Imported()
        self.people: dict[str, dict[str, str]] = {}
        self.first_at: dict[str, SourceLocation] = {}
        self.titles: dict[str, str] = {}
        """Titles of classes by their ids, as files of sections and courses have them."""
        self.places: dict[tuple[str, str], dict[str, str]] = {}
        self.sections: set[str] = set()
        """What stands in columns of sections."""
        self.by_email = 0

    def read(self, files: Files) -> Imported:
        tables = [table for name, body in files for table in self._tables(name, body)]
        for _, rows in tables:
            self._titles(rows)
        for part in ("people", "places"):
            for name, rows in tables:
                for row in rows:
                    self._take(row, name, part=part)
        return self._finish()

    def _tables(self, name: str, body: bytes) -> Iterator[tuple[str, list[CsvRow]]]:
        """Yield the rows of a file by the name of their list: the file's, or the sheet's where there are several."""
        if not is_workbook(name):
            yield PurePosixPath(name).stem, self._checked(name, body, None)
            return
        found = _sheets(name, body)
        if len(found) == 1:
            yield PurePosixPath(name).stem, self._checked(name, body, found[0])
            return
        read, first = 0, list[CsvRow]()
        for sheet in found:
            rows = list(self._rows(f"{name}/{sheet.name}", b"", sheet))
            if rows and self._names_people(rows):
                read += 1
                yield sheet.name.strip(), rows
            elif sheet.rows:
                first = first or rows
                at = SourceLocation(f"{name}/{sheet.name}")
                wrong, hint = "no column names a person", "Nothing to do, if it is no list of people."
                self.found.leave_out("are sheets without people", at, wrong, hint)
        if not read:
            self._refuse(name, first)

    def _checked(self, name: str, body: bytes, sheet: Sheet | None) -> list[CsvRow]:
        rows = list(self._rows(name, body, sheet))
        if not self._names_people(rows):
            self._refuse(name, rows)
        return rows

    def _rows(self, name: str, body: bytes, sheet: Sheet | None) -> Iterator[CsvRow]:
        bundle = Bundle(encoding=self.wanted.encoding, columns=self._map())
        if sheet is not None:
            bundle.sheets[name] = sheet
        yield from csv_rows(name, body, bundle, needs=(), owner=lambda _: (), ragged=True)
        self.found.take_problems(bundle)

    def _map(self) -> ColumnMap:
        names = {("", theirs): ours for theirs, ours in {**self.columns.names, **self.wanted.columns}.items()}
        return ColumnMap(names, lenient=True)

    def _names_people(self, rows: Sequence[CsvRow]) -> bool:
        return not rows or not self.columns.identifying.isdisjoint(rows[0].cells)

    def _refuse(self, name: str, rows: Sequence[CsvRow]) -> None:
        seen = ", ".join(repr(each) for each in [*rows[0].cells][:6]) if rows else "no rows"
        raise ExportError(
            name,
            f"no column names a person; it has {seen}",
            f"{self.columns.where} Or say what a column is: --map 'Student No=id'.",
        )

    def _titles(self, rows: Iterable[CsvRow]) -> None:
        """Read the titles of sections and courses, in files that describe no people."""
        for row in rows:
            cells = row.cells
            self.sections.add(cells.get("class", "").strip())
            if "id" not in cells and "email" not in cells:
                ref = cells.get("class_id") or cells.get("course_id")
                title = cells.get("title") or cells.get("short_title")
                if ref and title:
                    self.titles.setdefault(ref.strip(), title.strip())

    def _take(self, row: CsvRow, file: str, *, part: str) -> None:
        cells = {name: cell.strip() for name, cell in row.cells.items()}
        if "id" not in cells and not set(cells) & {"email", "login", "lms_id"}:
            return  # A file of sections or courses.
        is_place = "role" in cells and not set(cells) & {"first", "last", "name", "email"}
        if part == "people" and not is_place:
            self._person(row, cells)
        if part == "places":
            self._place(row, cells, file, described=not is_place)

    def _person(self, row: CsvRow, cells: Mapping[str, str]) -> None:
        ref = self._ref(cells)
        if _is_no_person(cells) or (ref is None and not any(_names(cells))):
            self.found.left_out["are no people, such as points and averages"] += 1
            return
        if ref is None:
            wrong, hint = "the person has no number and no address", "Fill it in where it was exported."
            self.found.leave_out("have no number and no address", row.at, wrong, hint)
            return
        if is_rewritten(ref):
            hint = "Export the file again, and do not open it in a spreadsheet before."
            self.found.leave_out("have a damaged number", row.at, f"a spreadsheet made {ref!r} of a number", hint)
            return
        role = role_of(cells.get("role") or "student")
        if role is None:
            role_text = cells["role"][:50]
            hint = "Nothing to do, if they neither learn nor teach; else write student or teacher."
            self.found.leave_out("have a role that is not known", row.at, f"{role_text!r} is no known role", hint)
            return
        first_name, last_name = _names(cells)
        new = {"sourcedId": ref, "role": role, "givenName": first_name, "familyName": last_name}
        new |= {"orgSourcedIds": self.wanted.school, "userIds": self._accounts(cells)}
        new |= {"status": "tobedeleted"} if cells.get("status", "").casefold() in {"deleted", "suspended"} else {}
        first = self.people.setdefault(ref, new)
        if (first["givenName"], first["familyName"]) != (first_name, last_name):
            wrong = f"{ref!r} is the number of another person, in {self.first_at[ref].seen_from(row.at)}"
            self.found.leave_out("have another's number", row.at, wrong, "Correct one of the two numbers.")
        elif role == "teacher":
            first["role"] = role
        self.first_at.setdefault(ref, row.at)
        self.by_email += first is new and "@" in ref

    def _ref(self, cells: Mapping[str, str]) -> str | None:
        names = [cells.get(each, "") for each in self.columns.refs]
        found = next((each for each in names if each and each.casefold() not in {"null", "none", "n/a"}), None)
        return found.lower() if found and "@" in found else found

    def _accounts(self, cells: Mapping[str, str]) -> str:
        number = cells.get("lms_id")
        return f"{{{self.wanted.home.rstrip('/')}:{number}}}" if self.wanted.home and number else ""

    def _place(self, row: CsvRow, cells: Mapping[str, str], file: str, *, described: bool) -> None:
        ref = self._ref(cells)
        if ref is None or (ref not in self.people and described):
            return  # Said above.
        if ref not in self.people:
            wrong = f"{ref!r} is in none of the files of people"
            self.found.leave_out(
                "name a person who is not there", row.at, wrong, "Export the users too, and name both."
            )
            return
        role = role_of(cells.get("role") or self.people[ref]["role"])
        if role is None:
            hint = "Nothing to do, if they neither learn nor teach."
            self.found.leave_out(
                "have a role that is not known", row.at, f"{cells['role'][:50]!r} is no known role", hint
            )
            return
        if not described:
            self.people[ref]["role"] = "teacher" if "teacher" in {role, self.people[ref]["role"]} else role
        if self._lacks_class(cells):
            hint = "Fill in the class, or give the class of all by --class."
            self.found.leave_out("have no class", row.at, f"{ref!r} has no class, and is in none", hint)
            return
        gone = {"status": "tobedeleted"} if cells.get("status", "").casefold() in _GONE else {}
        for class_ref, title in self._classes(cells, file, described=described):
            self.titles.setdefault(class_ref, title)
            place = {"classSourcedId": class_ref, "userSourcedId": ref, "role": role, **gone}
            if self.wanted.school:
                place["schoolSourcedId"] = self.wanted.school
            self.places.setdefault((class_ref, ref), place)

    def _lacks_class(self, cells: Mapping[str, str]) -> bool:
        """Return whether a school's own list has a column for the class, and nothing in it."""
        return self.columns is OFFICE and cells.get("class") == "" and not self.wanted.class_title

    def _classes(self, cells: Mapping[str, str], file: str, *, described: bool) -> list[tuple[str, str]]:
        """Return (id, title) of the classes that a row puts somebody into."""
        if self.wanted.by_group and cells.get("group"):
            return [(slug(title), title) for title in _parts(cells["group"])]
        class_id = cells.get("class_id") or cells.get("course_id")
        if class_id:
            return [(class_id, cells.get("class") or cells.get("course") or class_id)]
        of_upload = [cells[name] for name in cells if _COURSE.fullmatch(name) and cells[name]]
        if of_upload:
            return [(title, title) for title in of_upload]
        if described and self.columns is CANVAS and not cells.get("class") and "lms_id" not in cells:
            return []  # users.csv of the SIS: its enrollments are a file of their own.
        if cells.get("class") and not self.wanted.class_title:
            return [(slug(each), " ".join(each.split())) for each in self._sections(cells["class"])]
        title = self.wanted.class_title or file
        return [(slug(title), title)]

    def _sections(self, text: str) -> list[str]:
        """Return a student's sections, which Canvas joins (`7A, 7B, and 7C`), if each is also somebody's only one."""
        parts = [part.strip() for part in re.split(r",\s+(?:and\s+)?|\s+and\s+", text) if part.strip()]
        return parts if self.sections.issuperset(parts) else [text]

    def _finish(self) -> Imported:
        found = self.found
        for ref in dict.fromkeys(place["classSourcedId"] for place in self.places.values()):
            row = {"sourcedId": ref, "title": self.titles.get(ref, ref), "schoolSourcedId": self.wanted.school}
            found.add("classes.csv", row)
            found.read["classes"] += 1
        for person in self.people.values():
            found.add("users.csv", person)
            found.read[f"{person['role']}s"] += 1
        for place in self.places.values():
            found.add("enrollments.csv", place)
            found.read["enrolments"] += 1
        if self.by_email:
            found.notes.append(f"Of {self.by_email:,} the export has no number: their e-mail address is their id here.")
        if self.people and not self.wanted.school:
            found.notes.append("The folder names no school: add orgs.csv, as `souschef init` writes it.")
        if self.people and not any(person["userIds"] for person in self.people.values()):
            found.notes.append(self.columns.events)
        return found


def _is_no_person(cells: Mapping[str, str]) -> bool:
    return bool(_NO_PERSON.match(cells.get("name", ""))) or bool(_NO_PERSON.match(cells.get("last", "")))


def _names(cells: Mapping[str, str]) -> tuple[str, str]:
    """Return given and family name; of `Lee, Ada` as of `Ada Lee`."""
    if cells.get("first") or cells.get("last"):
        return cells.get("first", ""), cells.get("last", "")
    whole = cells.get("sortable") or cells.get("name", "")
    if "," in whole:
        last_name, first_name = whole.split(",", 1)
        return first_name.strip(), last_name.strip()
    first_name, _, last_name = whole.rpartition(" ")
    return first_name.strip(), last_name.strip()


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;]", text) if part.strip()]


def _sheets(name: str, body: bytes) -> list[Sheet]:
    try:
        found = sheets(body)
    except WorkbookError as error:
        raise ExportError(name, error.wrong, error.hint) from None
    if not found:
        raise ExportError(name, "it has no visible sheet", "Show one, or save it as CSV.")
    return found
