"""The context of one decision: the inputs, and values derived from them once and on demand."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from learning.mastery.beliefs import GapStatus
from learning.selection.catalogue import Catalogue, Depth
from learning.selection.fixed_point import SCALE, hash64, normal_cdf, shrinkage, skill_share, sqrt, text_hash64
from learning.selection.inputs import FixedBelief, Inputs, fixed_belief
from learning.selection.material_index import ContextKey, MaterialRow, SuccessModel
from learning.selection.policy import OverrideKind

K = TypeVar("K")
V = TypeVar("V")
KEPT_DOUBT = 1_000
"""How much more doubt, in 1/10,000, a prerequisite of assigned work may have."""
FULL_SHORTFALL = 4_000
"""Shortfall of mastery, in 1/10,000, from which a gap counts as widest."""


class Memo(dict[K, V], Generic[K, V]):
    """A dict that computes each missing value once; a second look-up costs no Python call."""

    __slots__ = ("_compute",)

    def __init__(self, compute: Callable[[K], V]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, key: K) -> V:
        """Compute the value of a new key."""
        value = self[key] = self._compute(key)
        return value


class SkillView(NamedTuple):
    """What a decision reads of a student's skill, in 1/10,000."""

    belief: FixedBelief
    mastery: int
    gap_probability: int
    """Probability that mastery is below the target."""
    gap_status: GapStatus
    success_model: SuccessModel
    has_low_evidence: bool
    """Evidence is low, so the success band is narrower."""
    shortfall: int
    """How far mastery is below the target, as a share of the widest gap."""
    unready_probability: int
    """Probability that mastery is below what dependent skills need to begin."""


class DecisionContext:
    """The context of one decision; apart from caches, it changes only as slots are filled and emptied."""

    __slots__ = (
        "_overused_contexts",
        "_skill_views",
        "_success_models",
        "catalogue",
        "context_tie_break",
        "forbidden_materials",
        "forbidden_skills",
        "inputs",
        "interest_scores",
        "material_tie_break",
        "menu_ranks",
        "minutes_left",
        "open_materials",
        "policy",
        "recent_contexts",
        "recent_materials",
        "recent_skills",
        "recorded_entries",
        "recorded_titles",
        "recorded_topics",
        "scope",
        "shortfall_above",
        "skill_view",
    )

    def __init__(self, inputs: Inputs, catalogue: Catalogue, *, recorded: bool = False) -> None:
        """With `recorded`, the inputs come from a record: all of it goes into the next record, read again or not."""
        self.inputs = inputs
        self.policy = inputs.policy
        self.catalogue = catalogue
        self.scope: AbstractSet[int] = (
            catalogue.skills.keys() if inputs.scope is None else inputs.scope.keys() & catalogue.skills.keys()
        )
        forbids = [override for override in inputs.overrides if override.kind == OverrideKind.FORBID]
        self.forbidden_materials = frozenset(o.material for o in forbids if o.material is not None)
        self.forbidden_skills = frozenset(o.skill for o in forbids if o.material is None)
        self.recent_materials = {*inputs.history.materials, *inputs.memory.replaced_materials}
        self.recent_contexts: list[str | None] = list(inputs.history.contexts)
        self.recent_skills: list[int] = list(inputs.history.skills)
        self.minutes_left: int | None = None
        """H7: how many minutes one more material may take; None: any length."""
        self.open_materials: set[int] = {*inputs.others.materials, *inputs.others.ordered}
        self.recorded_entries: dict[int, MaterialRow] = {}
        self.recorded_titles: set[int] = set()
        self.recorded_topics: set[str] = set()
        self.material_tie_break: Callable[[int], int] = Memo[int, int](partial(_material_tie_break, inputs)).__getitem__
        """Keyed hash that breaks ties between materials for this student."""
        self.context_tie_break: Callable[[str | None], int] = Memo[str | None, int](
            partial(_context_tie_break, inputs)
        ).__getitem__
        """Keyed hash that breaks ties between contexts for this student."""
        self._skill_views: Memo[int, SkillView | None] = Memo(partial(_skill_view, inputs, catalogue))
        self.skill_view: Callable[[int], SkillView | None] = self._skill_views.__getitem__
        """The view of a skill; None without a belief."""
        self.shortfall_above: Callable[[int], int] = Memo[int, int](self._shortfall_above).__getitem__
        """Shortfall of all skills in scope that build on a skill, at once or later, at most 1."""
        self.interest_scores = _interest_scores(inputs)
        self.menu_ranks: dict[ContextKey, tuple[int, bool, int, str]] = {}
        """Ranks of context keys on a menu, the same for every menu of a decision."""
        self._overused_contexts: frozenset[str] | None = None
        self._success_models: dict[tuple[int, ...], SuccessModel | None] = {}
        if recorded:
            self.recorded_entries.update(catalogue.entries)
            self.recorded_titles.update(skill.id for skill in catalogue.skills.values() if skill.title)
            self.recorded_topics.update(catalogue.topics)
            for skill in inputs.beliefs:
                self.skill_view(skill)

    def success_model(self, skills: tuple[int, ...]) -> SuccessModel | None:
        """Return the success model of materials that practise these skills; None without a belief of each."""
        if len(skills) == 1:
            view = self.skill_view(skills[0])
            return view.success_model if view else None
        if skills not in self._success_models:
            self._success_models[skills] = self._combine([self.skill_view(skill) for skill in skills])
        return self._success_models[skills]

    def _combine(self, views: list[SkillView | None]) -> SuccessModel | None:
        """Return the success model of several skills at once, weighted as in the filter."""
        beliefs = [view.belief for view in views if view]
        if len(beliefs) < len(views):
            return None
        count, share = len(beliefs), skill_share(len(beliefs))
        mean = self.inputs.ability + sum(share * b.offset for b in beliefs) // SCALE
        mean -= sum(b.difficulty for b in beliefs) // count
        variance = self.inputs.ability_variance + sum(share * share * b.offset_variance for b in beliefs) // SCALE**2
        variance += sum(b.difficulty_variance for b in beliefs) // count**2
        return SuccessModel(mean, shrinkage(variance))

    def predict_success(self, entry: MaterialRow) -> int | None:
        """Return the predicted success on a material; None without a belief."""
        success_model = self.success_model(entry.skills)
        return success_model.success_at(entry.difficulty) if success_model else None

    def scope_apart(self, own: int | None = None) -> AbstractSet[int]:
        """Return the scope without the skills that are open on the student's other lists, but with the skill `own`."""
        elsewhere = set(self.inputs.others.skills) - {own}
        return self.scope - elsewhere if elsewhere else self.scope

    def is_ready(self, skill: int) -> bool:
        """Whether mastery is high enough for dependent skills to begin, with enough certainty."""
        view = self.skill_view(skill)
        return (
            view is not None
            and view.mastery >= self.policy.readiness_threshold
            and view.unready_probability <= self.policy.readiness_doubt
        )

    def stays_ready(self, skill: int) -> bool:
        """Whether dependent skills that are assigned may stay, so that they do not come and go with every answer."""
        view = self.skill_view(skill)
        return (
            view is not None
            and view.mastery >= self.policy.readiness_threshold
            and view.unready_probability <= self.policy.readiness_doubt + KEPT_DOUBT
        )

    def _shortfall_above(self, skill: int) -> int:
        above = 0
        for dependent, share in self.catalogue.unlocks.get(skill, ()):
            if dependent in self.scope and (view := self.skill_view(dependent)):
                above += share * (view.shortfall + self.shortfall_above(dependent)) // SCALE
        return min(above, SCALE)

    def skill_title(self, skill: int) -> str:
        """Return a skill's title, and mark it for the record."""
        self.recorded_titles.add(skill)
        return self.catalogue.skills[skill].title

    def topic_title(self, ref: str) -> str:
        """Return a topic's title, and mark it for the record."""
        self.recorded_topics.add(ref)
        return self.catalogue.topics[ref].title

    def record_entry(self, entry: MaterialRow) -> None:
        """Mark a material that the decision rests on for the record."""
        self.recorded_entries[entry.id] = entry

    def add_menu(self, entries: list[MaterialRow]) -> None:
        """Open a menu: its materials do not come again, and its default counts as a use."""
        self.open_materials.update(entry.id for entry in entries)
        self.add_use(entries[0])

    def add_use(self, entry: MaterialRow) -> None:
        """Count a material's context and skill among the recent ones."""
        self.recent_contexts.append(entry.context)
        self.recent_skills.append(entry.skills[0])
        self._overused_contexts = None

    def overused_contexts(self) -> frozenset[str]:
        """Return the contexts that have reached their share of recent attempts and open assignments."""
        if self._overused_contexts is None:
            before = self.policy.context_window - 1
            last = self.recent_contexts[-before:] if before else []
            self._overused_contexts = frozenset(
                c for c in last if c is not None and last.count(c) >= self.policy.max_context_uses
            )
        return self._overused_contexts

    def remove_use(self, entry: MaterialRow) -> None:
        """Stop counting a material's context and skill; it stays open, so this decision does not choose it again."""
        self.recent_skills.remove(entry.skills[0])
        self.recent_contexts.reverse()
        self.recent_contexts.remove(entry.context)
        self.recent_contexts.reverse()
        self._overused_contexts = None

    def beliefs_read(self) -> dict[int, FixedBelief]:
        """Return the beliefs that the decision has read, by skill."""
        return {skill: view.belief for skill, view in sorted(self._skill_views.items()) if view}


def _material_tie_break(inputs: Inputs, material: int) -> int:
    return hash64(inputs.policy.tie_break_key, inputs.student_id, material)


def _context_tie_break(inputs: Inputs, context: str | None) -> int:
    return hash64(inputs.policy.tie_break_key, inputs.student_id, text_hash64(context or ""))


def _skill_view(inputs: Inputs, catalogue: Catalogue, skill: int) -> SkillView | None:
    skill_belief = inputs.beliefs.get(skill)
    if skill_belief is None or skill not in catalogue.skills:
        return None
    belief, policy = fixed_belief(skill_belief), inputs.policy
    mean = inputs.ability + belief.offset - belief.difficulty
    variance = inputs.ability_variance + belief.offset_variance + belief.difficulty_variance
    success_model = SuccessModel(mean, shrinkage(variance))
    mastery = success_model.success_at(0)
    spread = sqrt(policy.variance_factor * variance // SCALE)
    gap = _probability_below(policy.mastery_target_logit, mean=mean, spread=spread)
    status = (
        GapStatus.GAP
        if gap >= policy.likely_gap
        else GapStatus.MET
        if gap <= SCALE - policy.gap_confidence
        else GapStatus.UNSURE
    )
    low_evidence = inputs.responses < policy.low_evidence_student or belief.evidence < policy.low_evidence_skill
    shortfall = min(max(policy.mastery_target - mastery, 0), FULL_SHORTFALL) * SCALE // FULL_SHORTFALL
    # Any mastery reaches a threshold of 0.
    unready = policy.readiness_threshold and _probability_below(policy.readiness_logit, mean=mean, spread=spread)
    return SkillView(belief, mastery, gap, status, success_model, low_evidence, shortfall, unready)


def _probability_below(bound: int, *, mean: int, spread: int) -> int:
    """Return the probability that a logit is below a bound."""
    return normal_cdf((bound - mean) * SCALE // spread) if spread else SCALE * (mean < bound)


def _interest_scores(inputs: Inputs) -> dict[ContextKey, int]:
    """Return interest x confidence x depth of each surely liked context and depth, highest first."""
    policy = inputs.policy
    scores: dict[tuple[str, str], int] = {}
    for context, (value, confidence) in inputs.interests.items():
        if value >= policy.min_interest and confidence >= policy.min_interest_confidence:
            product = value * confidence // SCALE
            scores[context, Depth.STRUCTURAL.value] = max(product, 1)
            scores[context, Depth.COSMETIC.value] = max(product * policy.cosmetic_weight // SCALE, 1)
    return dict[ContextKey, int](sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])))
