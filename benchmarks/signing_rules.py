"""By which rules a teacher would sign a list, evaluated on beliefs and on the truth of the recorded class.

They were written down before any of the changes they judge was made: one reader's rules, not a law.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import erf, log, sqrt
from statistics import fmean

TARGET = 0.8
LIKELY = 0.7
"""Probability from which a gap counts as likely."""
HOLE_PROBABILITY, HOLE_MASTERY = 0.8, 0.65
"""A skill with at least this probability of a gap and less than this mastery is an open hole."""
READY = 0.6
"""Mastery from which a prerequisite is ready; and true success below which a skill is truly a hole."""
MAX_DAYS = 14.0
MIN_SKILLS = 3
NORMAL_80 = 1.2815515655446004
"""Standard deviations on either side of an 80 % interval."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One open assignment of a list."""

    skill: str
    days: float
    """Days since it was assigned."""
    because_gap: str
    reason: str
    """Reason codes."""
    price: float


@dataclass(frozen=True, slots=True)
class StudentList:
    """A student's list, and what is believed of the student."""

    slots: tuple[Slot, ...]
    beliefs: Mapping[str, tuple[float, float]]
    """(mastery, probability of a gap) by skill."""
    tallies: Mapping[str, tuple[int, int]]
    """(right, all) of the last graded answers, by skill."""


@dataclass(frozen=True, slots=True)
class ClassTruth:
    """What is true of the class; students by account."""

    skills: tuple[str, ...]
    needs: Mapping[str, frozenset[str]]
    """Direct prerequisites."""
    profiles: Mapping[str, str]
    names: Mapping[str, str]
    success: Mapping[str, Mapping[str, float]]
    """True chance to know each skill at the end of the term."""

    def below(self, skill: str) -> frozenset[str]:
        """Return everything that a skill rests on, directly or not."""
        found: set[str] = set()
        pending = [skill]
        while pending:
            for need in self.needs.get(pending.pop(), frozenset()):
                if need not in found:
                    found.add(need)
                    pending.append(need)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class View:
    """A student's skills as one side sees them, the decision or the truth."""

    mastery: Mapping[str, float]
    likely: frozenset[str]
    """Skills with a likely gap."""
    holes: frozenset[str]
    """Skills on which nothing should stand."""


def probability_below(low: float, high: float, *, bound: float) -> float:
    """Return the probability that mastery is below a bound, from its 80 % interval, which is symmetric in logits."""
    below, above = (log(p / (1 - p)) for p in (min(max(low, 1e-4), 1 - 1e-4), min(max(high, 1e-4), 1 - 1e-4)))
    mean, deviation = (below + above) / 2, max((above - below) / 2 / NORMAL_80, 1e-6)
    return 0.5 * (1 + erf((log(bound / (1 - bound)) - mean) / deviation / sqrt(2)))


def believed(student: StudentList) -> View:
    """Return a student as the decision believes it."""
    beliefs = student.beliefs
    return View(
        {skill: mastery for skill, (mastery, _) in beliefs.items()},
        frozenset(skill for skill, (_, gap) in beliefs.items() if gap >= LIKELY),
        frozenset(s for s, (mastery, gap) in beliefs.items() if gap >= HOLE_PROBABILITY and mastery < HOLE_MASTERY),
    )


def true(truth: ClassTruth, account: str) -> View:
    """Return a student as it truly is."""
    success = truth.success[account]
    holes = frozenset(skill for skill, chance in success.items() if chance < READY)
    return View(success, holes, holes)


def root_gaps(truth: ClassTruth, view: View) -> frozenset[str]:
    """Return the likely gaps that rest on no other."""
    return frozenset(skill for skill in view.likely if not truth.below(skill) & view.likely)


def served_with(truth: ClassTruth, view: View) -> tuple[str, frozenset[str]] | None:
    """Return the deepest ready skill below the target, and the skills of which one serves it; None where none is."""
    ready = [
        (mastery, skill)
        for skill, mastery in view.mastery.items()
        if mastery < TARGET and all(view.mastery.get(need, 0.0) >= READY for need in truth.needs.get(skill, ()))
    ]
    if not ready:
        return None
    deepest = min(ready)[1]
    return deepest, truth.below(deepest) | {deepest}


def on_a_hole(truth: ClassTruth, view: View, slot: Slot) -> bool:
    """Whether a slot stands on a hole: its skill rests on one."""
    return bool(truth.below(slot.skill) & view.holes)


def objections(truth: ClassTruth, student: StudentList, view: View) -> list[str]:
    """Return why a teacher would not sign a list."""
    skills = {slot.skill for slot in student.slots}
    roots, deepest = root_gaps(truth, view), served_with(truth, view)
    found = []
    if roots and not roots & skills:
        found.append("no root gap served")
    if deepest and not deepest[1] & skills:
        found.append(f"deepest ready gap not served ({deepest[0]})")
    if len(skills) < MIN_SKILLS:
        found.append("two skills or fewer")
    if any(slot.days > MAX_DAYS for slot in student.slots):
        found.append("older than 14 days")
    if not view.likely and sum(slot.skill.startswith("3.") for slot in student.slots) > 1:
        found.append("strong, two slots of grade 3")
    if any(on_a_hole(truth, view, slot) for slot in student.slots):
        found.append("stands on an open hole")
    return found


_WORDS = {"none": 0, "neither": 0, "one": 1, "two": 2}
_TALLY = re.compile(r"\b(none|neither|both|all|\d+) of the last (\d+)\b", re.IGNORECASE)
_WHOLE = re.compile(r"\b(both|all|all \w+) (?:marked )?answers\b", re.IGNORECASE)
_ONE = re.compile(r"\bthe (?:only|last) (?:marked )?answer\b.*\bwas (right|wrong)", re.IGNORECASE)
_FEW = re.compile(r"\bonly (\d+|one|two) (?:marked )?answers?\b", re.IGNORECASE)


def has_numbers(sentence: str) -> bool:
    """Whether a sentence quotes answers."""
    return any(pattern.search(sentence) for pattern in (_TALLY, _WHOLE, _ONE, _FEW))


def is_out_of_date(slot: Slot, tallies: Mapping[str, tuple[int, int]]) -> bool:
    """Whether the numbers that a sentence quotes are no longer those of the student."""
    right, total = tallies.get(slot.skill, (0, 0))
    if quoted := _TALLY.search(slot.because_gap):
        last = int(quoted[2])
        word = quoted[1].lower()
        count = last if word in {"both", "all"} else _WORDS[word] if word in _WORDS else int(word)
        return (count, last) != (right, total)
    if quoted := _FEW.search(slot.because_gap):
        return (_WORDS[quoted[1].lower()] if quoted[1].lower() in _WORDS else int(quoted[1])) != total
    if quoted := _ONE.search(slot.because_gap):
        return (quoted[1].lower() == "right", 1) != (bool(right), total)
    return bool(_WHOLE.search(slot.because_gap)) and right != total


def says_too_little_is_known(sentence: str) -> bool:
    """Whether a sentence says that not enough is known, in any of its wordings."""
    return bool(re.search(r"enough is known|finds out|few answers|is a guess|not clear yet", sentence, re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of all lists of a class."""

    signed_truth: int
    signed_beliefs: int
    students: int
    roots_served: tuple[int, int]
    """True root gaps with a slot, and all."""
    rooted_served: tuple[int, int]
    """Students with a true root gap that has a slot, and all who have one."""
    on_hole: tuple[int, int]
    """Slots of these students on a true hole, and all of theirs."""
    repeated: tuple[int, int]
    old_lists: int
    out_of_date: tuple[int, int]
    too_little: tuple[int, int]
    price: float
    below_target: float
    """Share of slots on a skill truly below the target."""
    this_year: float
    """Share of slots on a skill of grade 5 or 6."""
    objections_truth: Counter[str]
    objections_beliefs: Counter[str]

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield each figure with its name."""
        yield "lists signed, rules on the truth", f"{self.signed_truth} of {self.students}"
        yield "lists signed, rules on the beliefs", f"{self.signed_beliefs} of {self.students}"
        yield "students with a true root gap who have a slot on one", "{} of {}".format(*self.rooted_served)
        yield "true root gaps with a slot", "{} of {}".format(*self.roots_served)
        yield "their slots on a true hole", "{} of {}".format(*self.on_hole)
        yield "slots that repeat a skill of the same list", "{} of {}".format(*self.repeated)
        yield "lists with a slot older than 14 days", str(self.old_lists)
        yield "sentences whose numbers are out of date", "{} of {}".format(*self.out_of_date)
        yield "slots that say that too little is known", "{} of {}".format(*self.too_little)
        yield "price of interest, mean of the slots", f"{self.price:.4f}"
        yield "slots on a skill truly below .8", f"{self.below_target:.2f}"
        yield "slots of grades 5 and 6", f"{self.this_year:.2f}"
        yield "objections on the truth", ", ".join(f"{n} {why}" for why, n in self.objections_truth.most_common())
        yield "objections on the beliefs", ", ".join(f"{n} {why}" for why, n in self.objections_beliefs.most_common())


def figures(truth: ClassTruth, lists: Mapping[str, StudentList]) -> Figures:
    """Return the figures of a class's lists, by account."""
    truly = {account: true(truth, account) for account in lists}
    by_truth = {account: objections(truth, each, truly[account]) for account, each in lists.items()}
    by_belief = {account: objections(truth, each, believed(each)) for account, each in lists.items()}
    roots = {account: root_gaps(truth, view) for account, view in truly.items()}
    rooted = [account for account in lists if roots[account]]
    slots = [(account, slot) for account, each in lists.items() for slot in each.slots]
    numbered = [(account, slot) for account, slot in slots if has_numbers(slot.because_gap)]
    skills = {account: {slot.skill for slot in each.slots} for account, each in lists.items()}
    of_rooted = [(account, slot) for account, slot in slots if roots[account]]
    return Figures(
        signed_truth=sum(not found for found in by_truth.values()),
        signed_beliefs=sum(not found for found in by_belief.values()),
        students=len(lists),
        roots_served=(sum(len(roots[a] & skills[a]) for a in rooted), sum(len(roots[a]) for a in rooted)),
        rooted_served=(sum(bool(roots[a] & skills[a]) for a in rooted), len(rooted)),
        on_hole=(sum(on_a_hole(truth, truly[a], slot) for a, slot in of_rooted), len(of_rooted)),
        repeated=(len(slots) - sum(map(len, skills.values())), len(slots)),
        old_lists=sum(any(slot.days > MAX_DAYS for slot in each.slots) for each in lists.values()),
        out_of_date=(sum(is_out_of_date(slot, lists[a].tallies) for a, slot in numbered), len(numbered)),
        too_little=(sum(says_too_little_is_known(slot.because_gap) for _, slot in slots), len(slots)),
        price=fmean(slot.price for _, slot in slots),
        below_target=fmean(truth.success[a][slot.skill] < TARGET for a, slot in slots),
        this_year=fmean(slot.skill[0] in "56" for _, slot in slots),
        objections_truth=Counter(re.sub(r" \(.*", "", why) for found in by_truth.values() for why in found),
        objections_beliefs=Counter(re.sub(r" \(.*", "", why) for found in by_belief.values() for why in found),
    )


def table(truth: ClassTruth, lists: Mapping[str, StudentList]) -> Iterator[str]:
    """Yield a line a student: the list with each skill's true success, and what a teacher objects to."""
    for account, each in sorted(lists.items(), key=lambda item: truth.names[item[0]].split()[::-1]):
        view, truly = believed(each), true(truth, account)
        shown = ", ".join(f"{slot.skill} ({truth.success[account][slot.skill]:.2f})" for slot in each.slots)
        roots = " ".join(sorted(root_gaps(truth, truly)))
        by_truth, by_belief = (", ".join(objections(truth, each, seen)) or "signed" for seen in (truly, view))
        who = f"{truth.names[account]} ({truth.profiles[account]}; roots {roots or 'none'})"
        yield f"{who}: {shown} | truth: {by_truth} | beliefs: {by_belief}"
