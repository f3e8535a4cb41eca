"""How many lists would be signed if more were known? `python -m benchmarks.signed_lists_ceiling`.

The demo's class is decided again with nothing open, by the same rules, policy and catalogue as in
`benchmarks/signed_lists.py`, but with each student's true skills in the place of what is believed of them: exactly, and
with a lasting error of some logits. Doubt stays as large as it is. With no error it is the ceiling: what still is not
signed is for the decision, or the catalogue, to answer for; the rest is for the beliefs.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log, sqrt
from pathlib import Path
from statistics import fmean, pstdev, stdev
from typing import NamedTuple

import psycopg
from psycopg.rows import dict_row
from sqlmodel import Session

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import signing_rules
from benchmarks.signed_lists import (
    NOTHING_OPEN,
    ROOT,
    demo_database,
    memory,
    read_accounts,
    read_lists,
    read_truth,
)
from benchmarks.signing_rules import ClassTruth, Figures, Slot, StudentList
from learning import selection
from learning.mastery.beliefs import SkillBelief
from models import engine
from models.students import states as learner_states
from tasks.pipeline.load_inputs import DecisionInputs, load_inputs
from tasks.pipeline.student_inputs import StudentInputs, student_inputs

ERRORS = (0.0, 0.3, 0.6, 0.9)
"""Standard deviations, in logits, of the error that is added to the truth."""
CLASSES = 10
"""How many draws of an error are decided for."""
NEAREST_TO_SURE = 0.02
"""True success is read as at least this far from 0 and from 1, where logits end."""


class Student(NamedTuple):
    """A student with what the decision reads."""

    account: str
    inputs: StudentInputs
    list_before: StudentList
    """The list as the beliefs give it."""


class ClassInputs(NamedTuple):
    """The class with what is the same for everybody in it."""

    truth: ClassTruth
    skills: Mapping[int, str]
    """References by id."""
    shared: DecisionInputs
    students: list[Student]

    def true_logit(self, student: Student, skill: int) -> float | None:
        """Return the true skill in logits; None for one that the truth does not speak of."""
        success = self.truth.success[student.account].get(self.skills[skill])
        if success is None:
            return None
        bounded = min(max(success, NEAREST_TO_SURE), 1 - NEAREST_TO_SURE)
        return log(bounded / (1 - bounded))


def read_class() -> ClassInputs:
    """Replay the demo, take everything off the lists, and return what a decision for each student would read."""
    truth = read_truth()
    with (
        tempfile.TemporaryDirectory(prefix="souschef-", dir=memory()) as folder,
        demo_database(ROOT, Path(folder)) as (database, _),
        psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection,
    ):
        connection.execute(NOTHING_OPEN)
        accounts = read_accounts(connection, truth)
        lists = read_lists(connection, accounts)
        people = connection.execute("SELECT id, ref, school_id FROM souschef.person WHERE ref = ANY(%s)", [[*accounts]])
        rows = {row["id"]: row for row in people}
        skills = {row["id"]: row["ref"] for row in connection.execute("SELECT id, ref FROM souschef.skill")}
        os.environ["SOUSCHEF_DATABASE_URL"] = database
        school_id = next(iter(rows.values()))["school_id"]
        with engine.transaction() as session:
            shared, inputs = _inputs(session, school_id, [*rows])
    accounts_by_id = {number: accounts[row["ref"]] for number, row in rows.items()}
    students = [Student(accounts_by_id[n], each, lists[accounts_by_id[n]]) for n, each in inputs.items()]
    return ClassInputs(truth, skills, shared, students)


def _inputs(session: Session, school_id: int, students: list[int]) -> tuple[DecisionInputs, dict[int, StudentInputs]]:
    states = learner_states.load(session, students)
    shared = load_inputs(session, school_id, states)
    return shared, {number: student_inputs(shared, state) for number, state in states.items()}


def error_of_beliefs(read: ClassInputs) -> float:
    """Return the standard deviation of what is believed about the truth, in logits."""
    differences = [
        belief.ability + belief.offset - belief.difficulty - logit
        for student in read.students
        for skill, belief in student.inputs.beliefs.items()
        if (logit := read.true_logit(student, skill)) is not None
    ]
    return pstdev(differences)


def lists_by_truth(read: ClassInputs, *, error: float | None, seed: int) -> dict[str, StudentList]:
    """Return the lists that the decision gives to students whose true skills it knows but for an error.

    With no error given it decides on its own beliefs.
    """
    rng = random.Random(seed)
    return {student.account: _decided(read, student, rng, error=error) for student in read.students}


def _decided(read: ClassInputs, student: Student, rng: random.Random, *, error: float | None) -> StudentList:
    beliefs = dict(student.inputs.beliefs)
    for skill, belief in beliefs.items() if error is not None else ():
        logit = read.true_logit(student, skill)
        if logit is not None:
            beliefs[skill] = _about(belief, logit + rng.gauss(0.0, error or 0.0))
    policy = read.shared.policies[None].policy
    decision = selection.choose_lists(
        student.inputs.context,
        [replace(each, beliefs={skill: beliefs[skill] for skill in each.beliefs}) for each in student.inputs.lists],
        catalogue=read.shared.materials.catalogue,
        max_open=policy.max_open,
        tie_break_key=policy.tie_break_key,
        as_of=read.shared.as_of.timestamp(),
        placement=student.inputs.placed.placement,
    )
    slots = (slot for each in decision.lists for slot in each.filled_slots)
    filled = tuple(Slot(read.skills[slot.skill], 0.0, slot.because_gap, "", slot.price) for slot in slots)
    return replace(student.list_before, slots=filled)


def _about(belief: SkillBelief, logit: float) -> SkillBelief:
    """Return a belief that is as unsure as it was, about another skill."""
    return belief._replace(offset=logit - belief.ability + belief.difficulty)


def main() -> None:
    """Print for each error how many lists a teacher would sign, by the rules on the truth."""
    read = read_class()
    print(f"what is believed is off the truth by {error_of_beliefs(read):.2f} logits (standard deviation)")
    for error in (None, *ERRORS):
        seeds = range(CLASSES if error else 1)
        lists = [lists_by_truth(read, error=error, seed=seed) for seed in seeds]
        print_figures(error, [signing_rules.figures(read.truth, each) for each in lists])


def print_figures(error: float | None, found: Sequence[Figures]) -> None:
    """Print the means of the figures of one error."""
    signed, (_, rooted) = [each.signed_truth for each in found], found[0].rooted_served
    spread = f" (standard error {stdev(signed) / sqrt(len(found)):.1f})" if len(found) > 1 else ""
    name = "as believed" if error is None else f"the truth, error {error:.1f}"
    with_root = fmean(each.rooted_served[0] for each in found)
    print(f"{name}: signed {fmean(signed):.1f} of {found[0].students}{spread}")
    print(f"    a root gap served {with_root:.1f} of {rooted}")
    objections = sum((each.objections_truth for each in found), Counter[str]())
    print("   ", ", ".join(f"{count / len(found):.1f} {why}" for why, count in objections.most_common()))


if __name__ == "__main__":
    main()
