"""What a load did, or would do, in counts and names; and what kept it from doing anything."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from config.errors import Exit, Mendable
from lms.files.problem import Problem
from models.upserting import Written

MOST_NAMES = 1_000
"""Names kept of each kind and outcome; the counts are of all."""
MOST_SHOWN = 50


class FilesWrong(Mendable):
    """The files have problems; nothing was loaded."""

    exit_code = Exit.WRONG_INPUT

    def __init__(self, problems: Sequence[Problem], *, untold: int = 0) -> None:
        count = len(problems) + untold
        listed = "".join(f"\n  {problem}" for problem in problems[:MOST_SHOWN])
        more = f"\n  and {count - MOST_SHOWN:,} more" if count > MOST_SHOWN else ""
        super().__init__(f"{count:,} problem{'s' * (count != 1)}, nothing was loaded:{listed}{more}")
        self.problems = tuple(problems)
        self.untold = untold


@dataclass(frozen=True, slots=True)
class Difference:
    """What a load does to one kind of thing."""

    new: int
    changed: int
    same: int
    ended: int
    """Links and memberships that the files no longer have."""
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
    """By kind, in the order of writing; a kind that the files do not hold is left out."""
    dropped: list[tuple[str, ...]] = field(default_factory=list)
    """Circles of prerequisites whose last step was left out, as the skills along them."""
    consents: list[str] = field(default_factory=list)
    """Surveys with questions in protected categories that consent is on record for."""
    refreshed: int = 0
    """Students who were marked for a refresh."""
    erased: int = 0
    """People of the files who were erased, and are left out."""
    read_as: dict[str, str] = field(default_factory=dict)
    """How files were read that are written otherwise than in UTF-8 with commas, by name."""
    unparked: int = 0
    """Events that waited for what was loaded, and are due again."""

    @property
    def any(self) -> bool:
        """Return whether anything is written."""
        return any(difference.any for difference in self.differences.values())

    @property
    def rows(self) -> int:
        """Return how many rows were compared and, where they differed, written."""
        return sum(each.new + each.changed + each.same for each in self.differences.values())

    def touches(self, kinds: Collection[str]) -> bool:
        """Return whether anything of these kinds is written."""
        return any(difference.any for kind, difference in self.differences.items() if kind in kinds)

    def tell(self, kind: str, written: Written, *, ended: Collection[str] = ()) -> None:
        """Add what was done to one kind."""
        if written.total or ended:
            self.differences[kind] = Difference(
                new=len(written.new),
                changed=len(written.changed),
                same=written.total - len(written.new) - len(written.changed),
                ended=len(ended),
                names={"new": _first(written.new), "changed": _first(written.changed), "ended": _first(ended)},
            )


def _first(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(names, MOST_NAMES))
