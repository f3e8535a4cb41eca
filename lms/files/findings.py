"""What was found wrong while files are read and loaded: counted by file, and narrowed to one school of a district."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from lms.files.problem import Problem, Severity, SourceLocation

MAX_PROBLEMS = 1_000
"""More of a severity are counted and not listed: after fixing a thousand, the next try lists the rest."""
BAD_SHARE = 0.05
"""A file with more rows to leave out than this share, and more than `FEW`, is refused: it is not what it should be."""
FEW = 20


@dataclass(slots=True)
class Findings:
    """The problems and notices of some files, and how many rows each file has."""

    found: list[tuple[SourceLocation, Problem]] = field(default_factory=list)
    """Problems, fatal ones and rows that are left out, in the order in which they were found."""
    about: dict[tuple[SourceLocation, str, str], Problem] = field(default_factory=dict)
    """Notices by (file and schools, column, what they are about), each with its number of rows."""
    rows: Counter[SourceLocation] = field(default_factory=Counter)
    """How many rows were read, by file and schools."""
    left_out: dict[tuple[str, int, str], SourceLocation] = field(default_factory=dict)
    """Rows that are left out, by (file, line, JSON pointer)."""
    unlisted: Counter[tuple[SourceLocation, Severity]] = field(default_factory=Counter)
    """How many problems there are beyond the first thousand."""
    listed_by_severity: Counter[Severity] = field(default_factory=Counter)

    def note(self, at: SourceLocation, column: str, wrong: str, hint: str, severity: Severity) -> None:
        """Note a problem."""
        if severity is Severity.ROW:
            self.left_out[at.file, at.line, "" if at.line else column] = at
        if self.listed_by_severity[severity] >= MAX_PROBLEMS:
            self.unlisted[_owner(at), severity] += 1
            return
        self.listed_by_severity[severity] += 1
        self.found.append((at, Problem(at.file, at.line, column, wrong, hint, severity)))

    def notice(self, at: SourceLocation, column: str, wrong: str, hint: str, *, about: str = "") -> None:
        """Note what a row is loaded without. What several rows of a file have in common (`about`) is said once."""
        key = (_owner(at), column, about or wrong)
        first = self.about.get(key) or Problem(at.file, at.line, column, wrong, hint, Severity.NOTICE, rows=0)
        self.about[key] = replace(first, rows=first.rows + 1)

    @property
    def problems(self) -> list[Problem]:
        """The problems, without notices."""
        return [problem for _, problem in self.found]

    @property
    def fatal(self) -> list[Problem]:
        """The problems for which nothing is loaded."""
        return [problem for problem in self.problems if problem.severity is Severity.FATAL]

    @property
    def untold(self) -> int:
        """How many problems there are that are not listed."""
        return self.unlisted.total()

    def notices(self) -> list[Problem]:
        """Return the notices, each with the number of rows that it is about."""
        merged: dict[tuple[str, str, str], Problem] = {}
        for (owner, column, about), notice in self.about.items():
            first = merged.get((owner.file, column, about))
            rows = notice.rows + (first.rows if first else 0)
            merged[owner.file, column, about] = replace(first or notice, rows=rows)
        return list(merged.values())

    def left_out_of(self) -> dict[str, tuple[int, int]]:
        """Return (rows left out, rows read) of each file that has any to leave out."""
        bad = Counter(file for file, _, _ in self.left_out)
        read = Counter[str]()
        for owner, count in self.rows.items():
            read[owner.file] += count
        return {file: (count, max(read[file], count)) for file, count in sorted(bad.items())}

    def excess(self, most: int | None) -> list[Problem]:
        """Return a fatal problem for each file with too many rows to leave out.

        Args:
            most: how many of a file may be left out; None: a twentieth, or twenty.
        """
        return [
            Problem(
                file,
                0,
                "",
                f"{bad:,} of its {read:,} rows cannot be loaded, which is more than {_limit(most)}",
                f"Correct the export, or load it without them: --max-bad-rows {bad}.",
            )
            for file, (bad, read) in self.left_out_of().items()
            if (bad > max(FEW, BAD_SHARE * read) if most is None else bad > most)
        ]

    def of_school(self, ref: str) -> Findings:
        """Return what may concern one school."""
        concerning = [each for each in self.found if each[0].concerns(ref)]
        return Findings(
            found=concerning,
            about={key: notice for key, notice in self.about.items() if key[0].concerns(ref)},
            rows=Counter({owner: count for owner, count in self.rows.items() if owner.concerns(ref)}),
            left_out={key: at for key, at in self.left_out.items() if at.concerns(ref)},
            unlisted=Counter({key: count for key, count in self.unlisted.items() if key[0].concerns(ref)}),
            listed_by_severity=Counter(problem.severity for _, problem in concerning),
        )


def _owner(at: SourceLocation) -> SourceLocation:
    return SourceLocation(at.file, schools=at.schools)


def _limit(most: int | None) -> str:
    return f"one in {1 / BAD_SHARE:.0f}" if most is None else f"{most:,}"
