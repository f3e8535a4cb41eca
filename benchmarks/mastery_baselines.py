"""The baselines of `benchmarks/mastery.py`, each from its own package, in an environment of its own.

`python mastery_baselines.py MODEL DATA OUT` reads a CSV of responses, fits on its train students, expects each response
of its test students from what those had answered before, and writes `OUT.csv` (seen, correct, expected) and `OUT.json`
(seconds, and what else was timed). It knows nothing of Souschef.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped] # lives in the environment of its own
from scipy import sparse  # type: ignore[import-untyped] # see above
from sklearn.linear_model import LogisticRegression

HOUR = 3600.0
WINDOWS = (HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR, float("inf"))
"""DAS3H's time windows, in seconds (Choffin et al. 2019)."""
ROSTER_STUDENTS = 50
ROSTER_UPDATES = 200


def read(path: str) -> pd.DataFrame:
    """Return the responses, each student's in order."""
    table = pd.read_csv(path, dtype={"student": str, "item": str, "skills": str, "split": str}, keep_default_na=False)
    table["correct"] = table["correct"].astype(float)
    table["seq"] = table["seq"].astype(float)
    return table.sort_values(["student", "seq"], kind="stable").reset_index(drop=True)


class Features:
    """Numbers the columns of a sparse design as they come; those that the train students never showed are dropped."""

    def __init__(self) -> None:
        self.columns: dict[tuple[str, ...], int] = {}
        self.rows: list[int] = []
        self.places: list[int] = []
        self.values: list[float] = []

    def add(self, row: int, name: tuple[str, ...], value: float = 1.0) -> None:
        """Put a value into a row."""
        if value:
            self.rows.append(row)
            self.places.append(self.columns.setdefault(name, len(self.columns)))
            self.values.append(value)

    def matrix(self, rows: int) -> sparse.csr_matrix:
        """Return the design, shape `(rows, columns)`."""
        shape = (rows, len(self.columns))
        return sparse.csr_matrix((self.values, (self.rows, self.places)), shape=shape)


def histories(table: pd.DataFrame) -> Iterator[tuple[int, Any, list[str], dict[Any, list[float]]]]:
    """Yield row, response, its skills, and counts of (wrong, right) so far by whatever key the caller adds to."""
    student: str | None = None
    counts: dict[Any, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in table.itertuples():
        if row.student != student:
            student, counts = row.student, defaultdict(lambda: [0.0, 0.0])
        yield row.Index, row, [skill for skill in row.skills.split(";") if skill], counts


def pfa(table: pd.DataFrame) -> sparse.csr_matrix:
    """Performance factors: skills, and each skill's log counts of right and wrong (Pavlik, Cen and Koedinger 2009)."""
    features = Features()
    for index, row, skills, counts in histories(table):
        for skill in skills:
            wrong, right = counts[skill]
            features.add(index, ("skill", skill))
            features.add(index, ("right", skill), np.log1p(right))
            features.add(index, ("wrong", skill), np.log1p(wrong))
            counts[skill][int(row.correct)] += 1
    return features.matrix(len(table))


def best_lr(table: pd.DataFrame) -> sparse.csr_matrix:
    """Items, skills, and log counts of right and wrong: in all, by skill, by item (Gervet et al. 2020, Best-LR)."""
    features = Features()
    for index, row, skills, counts in histories(table):
        keys = [("all",), ("item", row.item), *(("skill", skill) for skill in skills)]
        features.add(index, ("item", row.item))
        for key in keys:
            wrong, right = counts[key]
            name = ("skill", key[1]) if key[0] == "skill" else (key[0], "")
            features.add(index, ("right", *name), np.log1p(right))
            features.add(index, ("wrong", *name), np.log1p(wrong))
            if key[0] == "skill":
                features.add(index, ("is", *key))
            counts[key][int(row.correct)] += 1
    return features.matrix(len(table))


def das3h(table: pd.DataFrame) -> sparse.csr_matrix:
    """Items, skills, and log counts of attempts and successes by skill in five time windows (Choffin et al. 2019)."""
    features = Features()
    past: dict[str, list[tuple[float, float]]] = {}
    student = None
    for row in table.itertuples():
        if row.student != student:
            student, past = row.student, defaultdict(list)
        now = float(row.timestamp_s)
        features.add(row.Index, ("item", row.item))
        for skill in filter(None, row.skills.split(";")):
            features.add(row.Index, ("skill", skill))
            for place, window in enumerate(WINDOWS):
                inside = [correct for at, correct in past[skill] if now - at <= window]
                features.add(row.Index, ("seen", skill, str(place)), np.log1p(len(inside)))
                features.add(row.Index, ("right", skill, str(place)), np.log1p(sum(inside)))
            past[skill].append((now, row.correct))
    return features.matrix(len(table))


def regression(design: sparse.csr_matrix, table: pd.DataFrame) -> tuple[np.ndarray, dict[str, float]]:
    """Return what a logistic regression, fitted on the train students, expects of the test students."""
    train = (table["split"] != "test").to_numpy()
    model = LogisticRegression(max_iter=1000, C=1.0)
    model.fit(design[train], table["correct"].to_numpy()[train])
    return model.predict_proba(design[~train])[:, 1], {}


def bkt(table: pd.DataFrame, *, forgets: bool) -> tuple[np.ndarray, dict[str, float]]:
    """Return what pyBKT expects of the test students. An item of several skills is a skill of its own, as is usual."""
    from pyBKT.models import Model

    data = pd.DataFrame(
        {
            "user_id": table["student"],
            "skill_name": table["skills"],
            "correct": table["correct"].astype(int),
            "order_id": np.arange(len(table)),
        }
    )
    train, test = data[table["split"] != "test"], data[table["split"] == "test"]
    model = Model(seed=42, num_fits=1, parallel=False)
    model.fit(data=train, forgets=forgets)
    with_skill = test[test["skill_name"].isin(set(train["skill_name"]))]
    started = time.process_time()
    predicted = model.predict(data=with_skill)
    spent = time.process_time() - started
    expected = pd.Series(float(train["correct"].mean()), index=test.index)
    expected.loc[predicted.index] = predicted["correct_predictions"]
    extra = {
        "predict_microseconds": 1e6 * spent / max(1, len(with_skill)),
        "unknown_skills": float(len(test) - len(with_skill)),
    }
    if not forgets:
        extra |= roster(model, with_skill)
    return expected.clip(1e-6, 1 - 1e-6).to_numpy(), extra


def roster(model: Any, with_skill: pd.DataFrame) -> dict[str, float]:  # noqa: ANN401 - pyBKT has no types
    """Return what a live update, and a call that predicts for one student, cost in pyBKT."""
    from pyBKT.models import Roster

    skill = with_skill["skill_name"].value_counts().index[0]
    students = [f"s{number}" for number in range(ROSTER_STUDENTS)]
    live = Roster(students=students, skills=skill, model=model)
    started = time.process_time()
    for number in range(ROSTER_UPDATES):
        live.update_state(skill, students[number % ROSTER_STUDENTS], number % 2)
    spent = time.process_time() - started
    one = with_skill[with_skill["user_id"] == with_skill["user_id"].iloc[0]]
    began = time.process_time()
    for _ in range(3):
        model.predict(data=one)
    return {
        "roster_update_microseconds": 1e6 * spent / ROSTER_UPDATES,
        "predict_one_student_microseconds": 1e6 * (time.process_time() - began) / 3,
    }


def main(name: str, path: str, out: str) -> None:
    """Run one baseline."""
    table = read(path)
    started = time.perf_counter()
    match name:
        case "pfa":
            expected, extra = regression(pfa(table), table)
        case "best_lr":
            expected, extra = regression(best_lr(table), table)
        case "das3h":
            expected, extra = regression(das3h(table), table)
        case "pybkt":
            expected, extra = bkt(table, forgets=False)
        case "pybkt_forgets":
            expected, extra = bkt(table, forgets=True)
        case _:
            raise SystemExit(f"no baseline is called {name!r}")
    test = table[table["split"] == "test"]
    seen = test.groupby("student").cumcount()
    predicted = pd.DataFrame({"seen": seen, "correct": test["correct"], "expected": expected})
    predicted.to_csv(out + ".csv", index=False)
    Path(out + ".json").write_text(json.dumps({"seconds": time.perf_counter() - started, **extra}))


if __name__ == "__main__":
    main(*sys.argv[1:4])
