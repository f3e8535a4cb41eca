"""The names by which senders call people and things: a name that is not unique names nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from lms.files.problem import Problem, Severity
from lms.files.rows import AliasRow

Key = tuple[str, str]
"""(kind, name)."""
_SHOWN = 3
_WORDS = {"person": "people", "class": "classes", "material_item": "materials"}


@dataclass(slots=True)
class Names:
    """Who claims which name, and what each name means once all files are read."""

    first: dict[Key, AliasRow] = field(default_factory=dict)
    more: dict[Key, list[AliasRow]] = field(default_factory=dict)
    """Further rows that claim a name for something else."""
    settled: dict[Key, AliasRow] = field(default_factory=dict)
    """What each name means; a name that is not unique is not in it."""
    shared: dict[Key, tuple[AliasRow, ...]] = field(default_factory=dict)
    """Names that mean nothing, because several rows claim them."""

    def claim(self, kind: str, name: str, row: AliasRow) -> None:
        """Note that a row claims a name."""
        other = self.first.setdefault((kind, name), row)
        if other.ref != row.ref:
            self.more.setdefault((kind, name), []).append(row)

    def settle(self) -> None:
        """Give each name its meaning.

        A ref always means itself. Any other name means the one active thing that claims it: somebody who has left
        does not keep the account that a new row of the same person has.
        """
        self.settled = dict(self.first) if self.more else self.first
        self.shared = {}
        for key, rows in self.more.items():
            claims = [self.first[key], *rows]
            refs = [row for row in claims if row.ref == key[1]]
            active = {row.ref: row for row in claims if row.active}
            if refs:
                self.settled[key] = refs[0]
            elif len(active) == 1:
                self.settled[key] = next(iter(active.values()))
                continue
            else:
                del self.settled[key]
            self.shared[key] = tuple({row.ref: row for row in claims}.values())

    def narrowed(self, refs: Mapping[str, Collection[str]]) -> Names:
        """Return the names of these things only, settled again: by kind, the refs; other kinds stay whole."""
        found = Names()
        for (kind, name), row in self.first.items():
            for each in (row, *self.more.get((kind, name), ())):
                if kind not in refs or each.ref in refs[kind]:
                    found.claim(kind, name, each)
        found.settle()
        return found

    def notices(self) -> list[Problem]:
        """Return what is to be said of each name that is not unique."""
        return [_notice(key, rows) for key, rows in self.shared.items()]


def _notice(key: Key, rows: tuple[AliasRow, ...]) -> Problem:
    kind, name = key
    word = _WORDS.get(kind, f"{kind}s")
    at = rows[-1].at
    if any(row.ref == name for row in rows):
        wrong = f"{name!r} is the id of one of the {word}, and no second name of another"
    else:
        some = ", ".join(row.ref for row in rows[:_SHOWN]) + (", ..." if len(rows) > _SHOWN else "")
        wrong = f"{name!r} is a name of {len(rows)} {word} ({some}), so it names none of them"
    hint = "Each still has its id as a name; give each a second name of its own if events use it."
    return Problem(at.file, at.line, "", wrong, hint, Severity.NOTICE)
