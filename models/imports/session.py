"""One load: ids of existing rows, problems of unknown names, writing of rows, and the report."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlmodel import Session, select

from config.errors import Exit, OperatorError
from lms.files.bundle import Bundle
from lms.files.problem import Problem, Severity, SourceLocation
from lms.files.sense import list_hint
from models.assignments.default_scope import DefaultScope
from models.bulk_upsert import LabelledRow, UpsertResult, upsert
from models.rows import execute
from models.tables import Alias, Class, Item, Material, Person, Skill, Topic

MAX_NAMES = 1_000
"""Names listed of each kind and outcome; the counts are of all."""
MAX_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Limits:
    """What a load may leave out or end without asking."""

    strict: bool = False
    """Refuse the load for any row that would be left out."""
    max_bad_rows: int | None = None
    """How many rows of a file may be left out; None: a twentieth, or twenty (`lms.files.findings`)."""
    new_term: bool = False
    """Most enrolments may end."""


class InvalidFilesError(OperatorError):
    """The files have problems; nothing was loaded."""

    exit_code = Exit.WRONG_INPUT

    def __init__(self, problems: Sequence[Problem], *, untold: int = 0) -> None:
        count = len(problems) + untold
        lines = "".join(f"\n  {problem}" for problem in problems[:MAX_SHOWN])
        more = f"\n  and {count - MAX_SHOWN:,} more" if count > MAX_SHOWN else ""
        super().__init__(f"{count:,} problem{'s' * (count != 1)}, nothing was loaded:{lines}{more}")
        self.problems = tuple(problems)
        self.untold = untold


@dataclass(frozen=True, slots=True)
class Difference:
    """What a load does to one kind of thing."""

    new: int
    changed: int
    same: int
    ended: int
    """Links and enrolments that the files no longer contain."""
    names: dict[str, tuple[str, ...]]
    """The first thousand names, by outcome: new, changed, ended."""

    @property
    def any(self) -> bool:
        """Return whether anything is written at all."""
        return bool(self.new or self.changed or self.ended)


@dataclass(slots=True)
class LoadReport:
    """What a load did, or would do."""

    school: str
    differences: dict[str, Difference] = field(default_factory=dict)
    """By kind, in the order of writing, without kinds that the files do not contain."""
    dropped: list[tuple[str, ...]] = field(default_factory=list)
    """Cycles of prerequisites whose last step was left out, as the skills along them."""
    consents: list[str] = field(default_factory=list)
    """Surveys with questions in protected categories that consent is on record for."""
    refreshed: int = 0
    """Students who were marked for a refresh."""
    first: int = 0
    """Those of them who have never been decided for."""
    default_scopes: list[DefaultScope] = field(default_factory=list)
    """Classes that work on the skills of their grade, as no scope is loaded at all."""
    unscoped: list[str] = field(default_factory=list)
    """Classes without a scope while others have one: nothing is assigned there."""
    erased: int = 0
    """People of the files who were erased, and are left out."""
    read_as: dict[str, str] = field(default_factory=dict)
    """How files were read that are not UTF-8 with commas, by name."""
    left_out: list[Problem] = field(default_factory=list)
    """Rows that were left out, the first thousand."""
    left_out_of: dict[str, tuple[int, int]] = field(default_factory=dict)
    """(rows left out, rows read) of each file that has any to leave out."""
    notices: list[Problem] = field(default_factory=list)
    """What rows were loaded without."""
    renamed: list[tuple[str, str]] = field(default_factory=list)
    """People who have a new ref, as (old, new): everything of theirs is kept."""
    unparked: int = 0
    """Events that waited for what was loaded, and are due again."""

    @property
    def any(self) -> bool:
        """Return whether anything is written."""
        return bool(self.renamed) or any(difference.any for difference in self.differences.values())

    @property
    def rows(self) -> int:
        """Return how many rows were compared and, where they differed, written."""
        return sum(each.new + each.changed + each.same for each in self.differences.values())

    @property
    def rows_left_out(self) -> int:
        """Return how many rows were left out."""
        return sum(bad for bad, _ in self.left_out_of.values())

    def touches(self, kinds: Collection[str]) -> bool:
        """Return whether anything of these kinds is written."""
        return any(difference.any for kind, difference in self.differences.items() if kind in kinds)

    def add(self, kind: str, written: UpsertResult, *, ended: Collection[str] = ()) -> None:
        """Add the result of writing one kind."""
        if written.total or ended:
            self.differences[kind] = Difference(
                new=len(written.new),
                changed=len(written.changed),
                same=written.total - len(written.new) - len(written.changed),
                ended=len(ended),
                names={"new": _first(written.new), "changed": _first(written.changed), "ended": _first(ended)},
            )


def _first(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(names, MAX_NAMES))


Progress = Callable[[str, int, int], None]
"""Called with the kind of rows, the number done and the number in all."""

TABLES: Mapping[str, Any] = {
    "person": Person,
    "class": Class,
    "skill": Skill,
    "item": Item,
    "topic": Topic,
    "material": Material,
}
"""The tables with refs, by kind."""


class ImportSession:
    """One load of one school, inside its transaction."""

    def __init__(
        self,
        session: Session,
        school_id: int,
        bundle: Bundle,
        *,
        report: LoadReport,
        progress: Progress,
        limits: Limits,
    ) -> None:
        self.session, self.school_id, self.bundle = session, school_id, bundle
        self.report, self.progress, self.limits = report, progress, limits
        self.former_refs: set[str] = set()
        """Refs that people had before: the files may have them beside the refs of now."""
        self._ids: dict[str, dict[str, int]] = {}
        self._aliases: dict[str, dict[str, int]] = {}

    def ids(self, kind: str) -> dict[str, int]:
        """Return the ids of all that the school has of a kind, by ref; read once after each write."""
        if kind not in self._ids:
            table = TABLES[kind]
            rows = self.session.exec(select(table.ref, table.id).where(table.school_id == self.school_id)).all()
            self._ids[kind] = dict(rows)
        return self._ids[kind]

    def refs(self, kind: str) -> dict[int, str]:
        """Return the refs of all that the school has of a kind, by id."""
        return {number: ref for ref, number in self.ids(kind).items()}

    def find(self, kind: str, name: str, at: SourceLocation, column: str) -> int | None:
        """Return the id of a ref or an alias; where there is none, the row is one to leave out."""
        found = self.find_id(kind, name)
        if found is None:
            hint = list_hint(name, self.ids(kind)) or "Add it to the files, or correct the name."
            self.leave_out(at, column, f"there is no {kind} {name!r}", hint)
        return found

    def find_id(self, kind: str, name: str) -> int | None:
        """Return the id of a ref or an alias; None where there is none."""
        found = self.ids(kind).get(name)
        return self._by_alias(kind, name) if found is None else found

    def leave_out(self, at: SourceLocation, column: str, wrong: str, hint: str) -> None:
        """Note a row that is left out."""
        self.bundle.note(at, column, wrong, hint, Severity.ROW)

    def forget(self, kind: str) -> None:
        """Read the refs of a kind again when they are needed next."""
        self._ids.pop(kind, None)

    def write(
        self,
        kind: str,
        table: Any,  # noqa: ANN401 - a SQLModel class
        rows: Iterable[tuple[str, Mapping[str, Any]]],
        *,
        key: Sequence[str] = ("school_id", "ref"),
        ended: Collection[str] = (),
    ) -> UpsertResult:
        """Write rows of one school, each with its label in the report, and add the result to the report.

        All rows have the same columns; the school is added to each.
        """
        labelled_rows = list(rows)
        columns = ("school_id", *(labelled_rows[0][1] if labelled_rows else ()))
        labelled = [LabelledRow(label, (self.school_id, *row.values())) for label, row in labelled_rows]
        self.progress(kind, 0, len(labelled))
        written = upsert(
            self.session,
            table,
            labelled,
            columns=columns,
            key=key,
            progress=lambda done: self.progress(kind, done, len(labelled)),
        )
        self.progress(kind, len(labelled), len(labelled))
        self.report.add(kind, written, ended=ended)
        self._ids.pop(kind, None)
        return written

    def execute(self, statement: str, **parameters: Any) -> Any:  # noqa: ANN401 - a result of any shape
        """Run one statement, which may use `:school`."""
        return execute(self.session, statement, {"school": self.school_id, **parameters})

    def _by_alias(self, kind: str, name: str) -> int | None:
        alias = self.bundle.aliases.get((kind, name))
        if alias is not None and alias.ref in self.ids(kind):
            return self.ids(kind)[alias.ref]
        if kind not in self._aliases:
            stored = select(Alias.name, Alias.target_id).where(Alias.school_id == self.school_id, Alias.kind == kind)
            self._aliases[kind] = dict(self.session.exec(stored).all())
        return None if (kind, name) in self.bundle.names.shared else self._aliases[kind].get(name)
