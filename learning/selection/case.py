"""One student's case: the inputs with what follows from them, worked out once and only where somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from learning.beliefs import Standing
from learning.selection.catalogue import Catalogue, Depth
from learning.selection.fixed import SCALE, kappa, mix, normal, root, sharing, text_key
from learning.selection.inputs import Belief, Inputs, quantised
from learning.selection.policy import OrderKind
from learning.selection.shelves import Entry, Kind, Outlook

K = TypeVar("K")
V = TypeVar("V")
FULL_SHORTFALL = 4_000
"""A shortfall of mastery from which on a gap is as wide as it gets."""


class Remembered(dict[K, V], Generic[K, V]):
    """Answers by question, each worked out once; to ask again costs no call of Python's, and decisions ask often."""

    __slots__ = ("_work_out",)

    def __init__(self, work_out: Callable[[K], V]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, question: K) -> V:
        """Work out an answer that nobody has asked for before."""
        answer = self[question] = self._work_out(question)
        return answer


class View(NamedTuple):
    """A student's standing on one skill, in 1/10,000."""

    belief: Belief
    mastery: int
    gap: int
    """Probability that mastery is below the target."""
    standing: Standing
    outlook: Outlook
    thin: bool
    """Evidence is thin: the band is narrower."""
    shortfall: int
    """How far mastery is below the target, as a share of the widest gap that counts."""


class Case:
    """One student's case. It changes only by what it remembers, and by `take`: what is open from now on."""

    __slots__ = (
        "_outlooks",
        "_views",
        "_worn",
        "catalogue",
        "context_tie",
        "contexts",
        "forbidden_materials",
        "forbidden_skills",
        "inputs",
        "just_practised",
        "kinds_in_order",
        "likings",
        "minutes_left",
        "open_materials",
        "recent",
        "rules",
        "scope",
        "served",
        "tie",
        "titles",
        "topics",
        "view",
    )

    def __init__(self, inputs: Inputs, catalogue: Catalogue, *, recorded: bool = False) -> None:
        """Begin; of what comes from a record everything is kept for the next, looked at again or not."""
        self.inputs = inputs
        self.rules = inputs.rules
        self.catalogue = catalogue
        self.scope = catalogue.skills.keys() if inputs.scope is None else inputs.scope.keys() & catalogue.skills.keys()
        forbids = [order for order in inputs.orders if order.kind == OrderKind.FORBID]
        self.forbidden_materials = frozenset(o.material for o in forbids if o.material is not None)
        self.forbidden_skills = frozenset(o.skill for o in forbids if o.material is None)
        self.recent = frozenset(inputs.past.materials) | frozenset(inputs.carry.rested)
        self.contexts: list[str | None] = list(inputs.past.contexts)
        self.just_practised: list[int] = list(inputs.past.skills)
        self.minutes_left: int | None = None
        """H7: how long one more material may take; None: any length, because nothing lies open."""
        self.open_materials: set[int] = set()
        self.served: dict[int, Entry] = {}
        self.titles: set[int] = set()
        self.topics: set[str] = set()
        self.tie: Callable[[int], int] = Remembered[int, int](partial(_tie, inputs)).__getitem__
        """The keyed hash that breaks ties between materials for this student."""
        self.context_tie: Callable[[str | None], int] = Remembered[str | None, int](
            partial(_context_tie, inputs)
        ).__getitem__
        """The keyed hash that breaks ties between contexts for this student."""
        self._views: Remembered[int, View | None] = Remembered(partial(_look, inputs, catalogue))
        self.view: Callable[[int], View | None] = self._views.__getitem__
        """The standing on a skill; None: nothing is believed of it."""
        self.likings = _likings(inputs)
        self.kinds_in_order: dict[Kind, tuple[int, bool, int, str]] = {}
        """Where each kind comes on a menu: the same for every menu of a decision."""
        self._worn: frozenset[str] | None = None
        self._outlooks: dict[tuple[int, ...], Outlook | None] = {}
        if recorded:
            self.served.update(catalogue.entries)
            self.titles.update(skill.id for skill in catalogue.skills.values() if skill.title)
            self.topics.update(catalogue.topics)
            for skill in inputs.beliefs:
                self.view(skill)

    def outlook(self, skills: tuple[int, ...]) -> Outlook | None:
        """Return what success on materials of these skills depends on; None: nothing is believed of one of them."""
        if len(skills) == 1:
            view = self.view(skills[0])
            return view.outlook if view else None
        if skills not in self._outlooks:
            self._outlooks[skills] = self._combine([self.view(skill) for skill in skills])
        return self._outlooks[skills]

    def _combine(self, views: list[View | None]) -> Outlook | None:
        """Return the outlook on several skills at once, as the filter counts them."""
        known = [view.belief for view in views if view]
        if len(known) < len(views):
            return None
        count, share = len(known), sharing(len(known))
        mean = self.inputs.ability + sum(share * b.offset for b in known) // SCALE
        mean -= sum(b.difficulty for b in known) // count
        variance = self.inputs.ability_variance + sum(share * share * b.offset_variance for b in known) // SCALE**2
        variance += sum(b.difficulty_variance for b in known) // count**2
        return Outlook(mean, kappa(variance))

    def success(self, entry: Entry) -> int | None:
        """Return the predicted success on a material."""
        outlook = self.outlook(entry.skills)
        return outlook.success(entry.difficulty) if outlook else None

    def ready(self, skill: int) -> bool:
        """Whether a skill is far enough for the next to begin."""
        view = self.view(skill)
        return view is not None and view.mastery >= self.rules.ready

    def title(self, skill: int) -> str:
        """Return a skill's title, and remember that the record needs it."""
        self.titles.add(skill)
        return self.catalogue.skills[skill].title

    def topic(self, ref: str) -> str:
        """Return a topic's title, and remember that the record needs it."""
        self.topics.add(ref)
        return self.catalogue.topics[ref].title

    def serve(self, entry: Entry) -> None:
        """Remember that the decision rests on a material: the record will hold it."""
        self.served[entry.id] = entry

    def take(self, entries: list[Entry]) -> None:
        """Count a menu as open from now on: its default's context and skill, and none of its materials again."""
        self.open_materials.update(entry.id for entry in entries)
        self.count(entries[0])

    def count(self, entry: Entry) -> None:
        """Count a material's context and skill among the latest."""
        self.contexts.append(entry.context)
        self.just_practised.append(entry.skills[0])
        self._worn = None

    def worn(self) -> frozenset[str]:
        """Return the contexts that had their share of the last attempts and of what is open."""
        if self._worn is None:
            before = self.rules.context_window - 1
            last = self.contexts[-before:] if before else []
            self._worn = frozenset(c for c in last if c is not None and last.count(c) >= self.rules.context_most)
        return self._worn

    def release(self, entry: Entry) -> None:
        """Count a material's context and skill no longer; it stays open, and does not come back in this decision."""
        self.just_practised.remove(entry.skills[0])
        self.contexts.reverse()
        self.contexts.remove(entry.context)
        self.contexts.reverse()
        self._worn = None

    def viewed(self) -> dict[int, Belief]:
        """Return the beliefs that were asked for, by skill."""
        return {skill: view.belief for skill, view in sorted(self._views.items()) if view}


def _tie(inputs: Inputs, material: int) -> int:
    return mix(inputs.rules.tie_key, inputs.student, material)


def _context_tie(inputs: Inputs, context: str | None) -> int:
    return mix(inputs.rules.tie_key, inputs.student, text_key(context or ""))


def _look(inputs: Inputs, catalogue: Catalogue, skill: int) -> View | None:
    raw = inputs.beliefs.get(skill)
    if raw is None or skill not in catalogue.skills:
        return None
    belief, rules = quantised(raw), inputs.rules
    mean = inputs.ability + belief.offset - belief.difficulty
    variance = inputs.ability_variance + belief.offset_variance + belief.difficulty_variance
    outlook = Outlook(mean, kappa(variance))
    mastery = outlook.success(0)
    spread = root(rules.variance_factor * variance // SCALE)
    gap = normal((rules.target_logit - mean) * SCALE // spread) if spread else SCALE * (mean < rules.target_logit)
    standing = Standing.GAP if gap >= rules.sure else Standing.MET if gap <= SCALE - rules.sure else Standing.UNSURE
    thin = inputs.responses < rules.thin_student or belief.evidence < rules.thin_skill
    shortfall = min(max(rules.target - mastery, 0), FULL_SHORTFALL) * SCALE // FULL_SHORTFALL
    return View(belief, mastery, gap, standing, outlook, thin, shortfall)


def _likings(inputs: Inputs) -> dict[Kind, int]:
    """Return interest x confidence x depth of what surely interests, by context and depth, most first."""
    rules = inputs.rules
    found: dict[tuple[str, str], int] = {}
    for context, (value, confidence) in inputs.interests.items():
        if value >= rules.interest_floor and confidence >= rules.confidence_floor:
            product = value * confidence // SCALE
            found[context, Depth.STRUCTURAL.value] = max(product, 1)
            found[context, Depth.COSMETIC.value] = max(product * rules.cosmetic_depth // SCALE, 1)
    return dict[Kind, int](sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
