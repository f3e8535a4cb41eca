"""The simulated classroom: paired and repeatable, its students as their world says, its gates able to fail."""

from dataclasses import replace

import numpy as np
import pytest

from learning.selection import Policy
from learning.simulation.baselines import BASELINES, believed_interest
from learning.simulation.classroom import CONTEXTS, SKILLS_A_GRADE, build, material_id, parts
from learning.simulation.estimator import Estimator
from learning.simulation.gates import gates, interval
from learning.simulation.own import POLICIES
from learning.simulation.plan import FULL, QUICK
from learning.simulation.run import Outcome, Room, Size, _view, run
from learning.simulation.students import Students
from learning.simulation.worlds import WORLDS

WORLD = {world.name: world for world in WORLDS}
SMALL = Size(students=4, days=4)


@pytest.mark.parametrize("policy", [*BASELINES, *POLICIES])
def test_a_run_is_repeatable(policy: str) -> None:
    first, second = (run(policy, WORLD["events"], seed=5, size=SMALL) for _ in range(2))
    assert first == second


def test_the_same_seed_gives_the_same_students_in_every_world() -> None:
    first, second = build(WORLD["matters"], seed=1, students=6), build(WORLD["null"], seed=1, students=6)
    assert np.array_equal(first.theta, second.theta)
    assert np.array_equal(first.interest, second.interest)


def test_a_material_is_found_again_by_its_id() -> None:
    assert parts(material_id(7, 2, 3)) == (7, 2, 3)
    classroom = build(WORLD["matters"], seed=1, students=4)
    entry = classroom.catalogue.entries[material_id(7, 2, 3)]
    assert (entry.skills, entry.difficulty, entry.context) == ((8,), 12_000, CONTEXTS[3])


def test_prerequisites_look_down_and_a_tenth_of_them_can_be_wrong() -> None:
    right, wrong = build(WORLD["matters"], seed=1, students=4), build(WORLD["wrong"], seed=1, students=4)
    believed = {skill - 1: {n - 1 for n in needs} for skill, needs in wrong.catalogue.needs.items()}
    pairs = [(skill, need) for skill, needs in enumerate(right.needs) for need in needs]
    assert all(need < skill <= need + SKILLS_A_GRADE for skill, need in pairs)
    missing = sum(need not in believed[skill] for skill, need in pairs) / len(pairs)
    assert 0.04 < missing < 0.17


def test_interest_raises_effort_only_where_the_world_says_so() -> None:
    # Two students like football wholly and not at all; both practise the same skill at the same level.
    for name, differs in (("matters", True), ("null", False)):
        classroom = build(WORLD[name], seed=1, students=2)
        classroom.theta[:] = 0.5
        classroom.rate[:] = 0.3
        classroom.interest[:, 1] = (1.0, 0.0)
        classroom.material_reading[:] = 3.0
        students = Students(classroom)
        first, easy, football = np.array([40, 40]), np.array([0, 0]), np.array([1, 1])
        students.practise(np.array([True, True]), first, easy, football)
        gained = students.theta[:, 40] - 0.5
        assert bool(gained[0] > gained[1] + 0.01) is differs
        assert (gained > 0).all()


def test_practice_teaches_most_near_the_right_level_and_little_where_a_prerequisite_is_missing() -> None:
    classroom = build(WORLD["null"], seed=1, students=3)
    skill = next(k for k in range(40, 90) if classroom.needs[k])
    classroom.rate[:] = 0.3
    classroom.theta[:] = 2.0
    classroom.theta[:, skill] = (0.0, 0.0, 3.0)
    classroom.theta[1, list(classroom.needs[skill])] = -3.0
    students = Students(classroom)
    before = students.theta.copy()
    plain = np.zeros(3, dtype=np.int64)
    students.practise(np.ones(3, dtype=bool), np.full(3, skill), plain, plain)
    fitting, unready, too_easy = (students.theta - before)[:, skill]
    assert fitting > 2 * unready > 0
    assert fitting > 2 * too_easy


def test_what_was_learned_fades_towards_the_start() -> None:
    students = Students(build(WORLD["forgets"], seed=1, students=2))
    start = students.theta.copy()
    students.theta += 1.0
    for _ in range(10):
        students.forget()
    assert np.allclose(students.theta - start, 0.98**10)


def test_a_lost_event_teaches_the_student_and_not_the_estimator() -> None:
    classroom = build(replace(WORLD["events"], lost=1.0), seed=1, students=2)
    room = Room(classroom, seed=1, size=Size(students=2, days=4))
    ones = np.ones(2, dtype=np.int64)
    room.doing[:] = 0.0
    room.work(0, 40 * ones, 0 * ones, 0 * ones)
    assert room.estimator.newest == [None, None]
    assert (room.students.theta[:, 40] > classroom.theta[:, 40]).all()


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_chooses_materials_in_scope(name: str) -> None:
    room = Room(build(WORLD["matters"], seed=3, students=5), seed=3, size=SMALL)
    view = _view(room, seed=3)
    skill, level, context = BASELINES[name](view)
    assert set(skill) <= set(room.classroom.scope)
    assert ((level >= 0) & (level < 3)).all()
    assert ((context >= 0) & (context < len(CONTEXTS))).all()


def test_baselines_do_what_their_names_say() -> None:
    room = Room(build(WORLD["matters"], seed=3, students=5), seed=3, size=SMALL)
    view = _view(room, seed=3)
    rng = np.random.default_rng(1)
    believed = rng.random((5, len(room.classroom.needs)))
    view.look = lambda: believed
    scope = room.classroom.scope
    skill, _, _ = BASELINES["lowest_mastery"](view)
    assert (view.mastery[np.arange(5), skill] == view.mastery[:, scope].min(axis=1)).all()
    _, _, context = BASELINES["interest_only"](view)
    assert (view.interest[np.arange(5), context] == believed_interest(room.classroom).max(axis=1)).all()
    view.skill, view.share = scope[[0, 0, 0, 0, 0]], np.array([1.0, 0.75, 0.25, 0.8, 0.0])
    skill, level, _ = BASELINES["thresholds"](view)
    assert list(skill == scope[1]) == [True, False, False, True, False]
    assert list(level) == [1, 1, 0, 1, 0]


def test_the_estimator_learns_who_is_strong() -> None:
    from learning.mastery import Response

    classroom = build(WORLD["null"], seed=1, students=2)
    estimator = Estimator(classroom)
    skill = int(classroom.scope[0])
    for student, right in ((0, 1.0), (1, 0.0)):
        estimator.hear(student, [Response(1.76e9, None, (skill + 1,), right)] * 5, at=1.76e9)
    known = estimator.look_at_all(at=1.76e9)
    assert known[0, skill] > known[1, skill] + 0.2


def outcome(policy: str, world: str, seed: int, net: float, **values: float) -> Outcome:
    return Outcome(policy, world, seed, net, values.get("slow", 1.0), values.get("fast", 2.0), 1.0, 0.7, None)


def test_a_gate_holds_and_fails_as_the_figures_say() -> None:
    def judged(ours: float, theirs: float, noise: float) -> dict[str, bool]:
        table = [outcome("own", "matters", s, ours + noise * (-1) ** s) for s in range(6)]
        table += [outcome("random", "matters", s, theirs) for s in range(6)]
        table += [outcome(p, "null", s, n) for s in range(6) for p, n in (("own", ours), ("own_skill_only", theirs))]
        return {gate.name: gate.passed for gate in gates(table, strict=True)}

    assert judged(3.0, 2.0, 0.1) == {"beats_random": True, "loses_little_null": True}
    assert judged(2.0, 2.0, 0.1) == {"beats_random": False, "loses_little_null": True}
    assert judged(1.8, 2.0, 0.1) == {"beats_random": False, "loses_little_null": False}
    assert judged(2.2, 2.0, 3.0)["beats_random"] is False  # ahead, but not surely


def test_the_interval_of_a_constant_is_a_point() -> None:
    assert interval([2.0, 2.0, 2.0]) == (2.0, 2.0)
    assert interval([1.0, 3.0], [2.0, 6.0]) == (0.5, 0.5)


def test_the_plans_hold_what_the_gates_need() -> None:
    quick = {(task.policy, task.world.name) for task in QUICK.tasks()}
    assert {(baseline, "matters") for baseline in BASELINES} <= quick
    assert {("own_weakened", "matters"), ("own_skill_only", "slow_plain"), ("own", "distracts")} <= quick
    assert (FULL.seeds, FULL.size.students) >= (30, 200)
    assert {task.world.name for task in FULL.tasks()} == set(WORLD)


@pytest.mark.slow
def test_the_decision_beats_picking_at_random_and_a_weakened_gate() -> None:
    size = Size(students=10, days=30)
    net = {
        p: np.mean([run(p, WORLD["matters"], seed=s, size=size).net for s in range(3)])
        for p in ("own", "random", "own_weakened")
    }
    assert net["own"] > net["random"] + 1
    assert net["own"] > net["own_weakened"] + 0.5


def test_the_policies_that_ship_are_the_ones_simulated() -> None:
    assert POLICIES["own_four"][0] == Policy()
    assert POLICIES["own"][0] == Policy(slots=1, least_open=1)
