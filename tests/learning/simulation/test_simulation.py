"""The simulated classroom is paired and repeatable, follows its scenario, and its criteria can fail."""

from dataclasses import replace

import numpy as np
import pytest

from learning.selection import Policy
from learning.simulation.acceptance import evaluate, interval
from learning.simulation.baselines import BASELINES, survey_interest
from learning.simulation.classroom import CONTEXTS, SKILLS_A_GRADE, build, decode_material_id, material_id
from learning.simulation.plan import FULL, QUICK
from learning.simulation.run import ClassroomRun, Outcome, Size, _view, run
from learning.simulation.scenarios import SCENARIOS
from learning.simulation.souschef_policy import POLICIES, Estimator
from learning.simulation.students import Students
from tests.parameters import first_of

WORLD = {world.name: world for world in SCENARIOS}
SMALL = Size(students=4, days=4)


@pytest.mark.parametrize("policy", first_of([*BASELINES, *POLICIES], quick=4))
def test_a_run_is_repeatable(policy: str) -> None:
    first, second = (run(policy, WORLD["events"], seed=5, size=SMALL) for _ in range(2))
    assert first == second


def test_the_same_seed_gives_the_same_students_in_every_scenario() -> None:
    first, second = build(WORLD["matters"], seed=1, students=6), build(WORLD["null"], seed=1, students=6)
    assert np.array_equal(first.true_skill, second.true_skill)
    assert np.array_equal(first.true_interest, second.true_interest)


def test_a_material_id_can_be_decoded() -> None:
    assert decode_material_id(material_id(7, 2, 3)) == (7, 2, 3)
    classroom = build(WORLD["matters"], seed=1, students=4)
    entry = classroom.catalogue.entries[material_id(7, 2, 3)]
    assert (entry.skills, entry.difficulty, entry.context) == ((8,), 12_000, CONTEXTS[3])


def test_prerequisites_have_lower_numbers_and_a_tenth_can_be_wrong() -> None:
    right, wrong = build(WORLD["matters"], seed=1, students=4), build(WORLD["wrong"], seed=1, students=4)
    estimated = {skill - 1: {n - 1 for n in needs} for skill, needs in wrong.catalogue.prerequisites.items()}
    pairs = [(skill, need) for skill, needs in enumerate(right.prerequisites) for need in needs]
    assert all(need < skill <= need + SKILLS_A_GRADE for skill, need in pairs)
    missing = sum(need not in estimated[skill] for skill, need in pairs) / len(pairs)
    assert 0.04 < missing < 0.17


def test_interest_raises_effort_only_where_the_scenario_says_so() -> None:
    # Two students like football wholly and not at all; both practise the same skill at the same level.
    for name, differs in (("matters", True), ("null", False)):
        classroom = build(WORLD[name], seed=1, students=2)
        classroom.true_skill[:] = 0.5
        classroom.learning_rate[:] = 0.3
        classroom.true_interest[:, 1] = (1.0, 0.0)
        classroom.context_reading_level[:] = 3.0
        students = Students(classroom)
        first, easy, football = np.array([40, 40]), np.array([0, 0]), np.array([1, 1])
        students.practise(np.array([True, True]), first, easy, football)
        gained = students.true_skill[:, 40] - 0.5
        assert bool(gained[0] > gained[1] + 0.01) is differs
        assert (gained > 0).all()


def test_practice_teaches_most_at_the_right_level_with_ready_prerequisites() -> None:
    classroom = build(WORLD["null"], seed=1, students=3)
    skill = next(k for k in range(40, 90) if classroom.prerequisites[k])
    classroom.learning_rate[:] = 0.3
    classroom.true_skill[:] = 2.0
    classroom.true_skill[:, skill] = (0.0, 0.0, 3.0)
    classroom.true_skill[1, list(classroom.prerequisites[skill])] = -3.0
    students = Students(classroom)
    before = students.true_skill.copy()
    plain = np.zeros(3, dtype=np.int64)
    students.practise(np.ones(3, dtype=bool), np.full(3, skill), plain, plain)
    fitting, unready, too_easy = (students.true_skill - before)[:, skill]
    assert fitting > 2 * unready > 0
    assert fitting > 2 * too_easy


def test_true_skill_decays_towards_its_start() -> None:
    students = Students(build(WORLD["forgets"], seed=1, students=2))
    start = students.true_skill.copy()
    students.true_skill += 1.0
    for _ in range(10):
        students.forget()
    assert np.allclose(students.true_skill - start, 0.98**10)


def test_a_lost_event_does_not_reach_the_estimator() -> None:
    classroom = build(replace(WORLD["events"], lost_share=1.0), seed=1, students=2)
    class_run = ClassroomRun(classroom, seed=1, size=Size(students=2, days=4))
    ones = np.ones(2, dtype=np.int64)
    class_run.completion_draws[:] = 0.0
    class_run.work(0, 40 * ones, 0 * ones, 0 * ones)
    assert class_run.estimator.evidence_until == [None, None]
    assert (class_run.students.true_skill[:, 40] > classroom.true_skill[:, 40]).all()


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_chooses_materials_in_scope(name: str) -> None:
    class_run = ClassroomRun(build(WORLD["matters"], seed=3, students=5), seed=3, size=SMALL)
    view = _view(class_run, seed=3)
    skill, level, context = BASELINES[name](view)
    assert set(skill) <= set(class_run.classroom.scope)
    assert ((level >= 0) & (level < 3)).all()
    assert ((context >= 0) & (context < len(CONTEXTS))).all()


def test_baselines_follow_their_rules() -> None:
    class_run = ClassroomRun(build(WORLD["matters"], seed=3, students=5), seed=3, size=SMALL)
    view = _view(class_run, seed=3)
    rng = np.random.default_rng(1)
    estimated = rng.random((5, len(class_run.classroom.prerequisites)))
    view.read_mastery = lambda: estimated
    scope = class_run.classroom.scope
    skill, _, _ = BASELINES["lowest_mastery"](view)
    assert (view.mastery[np.arange(5), skill] == view.mastery[:, scope].min(axis=1)).all()
    _, _, context = BASELINES["interest_only"](view)
    assert (view.interest[np.arange(5), context] == survey_interest(class_run.classroom).max(axis=1)).all()
    view.last_skill, view.last_share = scope[[0, 0, 0, 0, 0]], np.array([1.0, 0.75, 0.25, 0.8, 0.0])
    skill, level, _ = BASELINES["thresholds"](view)
    assert list(skill == scope[1]) == [True, False, False, True, False]
    assert list(level) == [1, 1, 0, 1, 0]


def test_the_estimator_tells_strong_from_weak_students() -> None:
    from learning.mastery.model import Response

    classroom = build(WORLD["null"], seed=1, students=2)
    estimator = Estimator(classroom)
    skill = int(classroom.scope[0])
    for student, right in ((0, 1.0), (1, 0.0)):
        estimator.observe(student, [Response(1.76e9, None, (skill + 1,), right)] * 5, at=1.76e9)
    mastery = estimator.mastery_of_all(at=1.76e9)
    assert mastery[0, skill] > mastery[1, skill] + 0.2


def outcome(policy: str, world: str, seed: int, net: float, **values: float) -> Outcome:
    return Outcome(policy, world, seed, net, values.get("slow", 1.0), values.get("fast", 2.0), 1.0, 0.7, None)


def test_a_criterion_passes_and_fails_with_its_value() -> None:
    def passes(net_of_own: float, theirs: float, noise: float) -> dict[str, bool]:
        table = [outcome("own", "matters", s, net_of_own + noise * (-1) ** s) for s in range(6)]
        table += [outcome("random", "matters", s, theirs) for s in range(6)]
        table += [
            outcome(p, "null", s, n) for s in range(6) for p, n in (("own", net_of_own), ("own_skill_only", theirs))
        ]
        return {gate.name: gate.passed for gate in evaluate(table, strict=True)}

    assert passes(3.0, 2.0, 0.1) == {"beats_random": True, "loses_little_null": True}
    assert passes(2.0, 2.0, 0.1) == {"beats_random": False, "loses_little_null": True}
    assert passes(1.8, 2.0, 0.1) == {"beats_random": False, "loses_little_null": False}
    assert passes(2.2, 2.0, 3.0)["beats_random"] is False  # ahead, but not surely


def test_the_interval_of_a_constant_is_a_point() -> None:
    assert interval([2.0, 2.0, 2.0]) == (2.0, 2.0)
    assert interval([1.0, 3.0], [2.0, 6.0]) == (0.5, 0.5)


def test_the_plans_have_what_the_criteria_need() -> None:
    quick = {(task.policy, task.scenario.name) for task in QUICK.tasks()}
    assert {(baseline, "matters") for baseline in BASELINES} <= quick
    assert {("own_weakened", "matters"), ("own_skill_only", "slow_plain"), ("own", "distracts")} <= quick
    assert (FULL.seeds, FULL.size.students) >= (30, 200)
    assert {task.scenario.name for task in FULL.tasks()} == set(WORLD)


@pytest.mark.full
def test_the_decision_beats_random_choice_and_weakened_rules() -> None:
    size = Size(students=10, days=30)
    net = {
        p: np.mean([run(p, WORLD["matters"], seed=s, size=size).net for s in range(3)])
        for p in ("own", "random", "own_weakened")
    }
    assert net["own"] > net["random"] + 1
    assert net["own"] > net["own_weakened"] + 0.5


def test_the_simulated_policies_have_the_default_settings() -> None:
    assert POLICIES["own_four"][0] == Policy()
    assert POLICIES["own"][0] == Policy(slots=1, min_open=1)
