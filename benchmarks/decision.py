"""Time a decision takes with small and large catalogues: `python -m benchmarks.decision [--plot FILE]`.

`--against .compiled` measures the compiled decision (`make compiled`) in turn with the one in Python, size by size.

The student is in the middle of a course: 30 skills in scope of 60, 30 uses behind, interests in all topics. `fresh`
fills four slots; `again` refreshes them with newer evidence. Every decision writes its whole record.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from learning.interests.vector import Interest
from learning.mastery.beliefs import SkillBelief
from learning.selection import (
    AnswerCounts,
    Catalogue,
    ClassScope,
    CurrentAssignment,
    Decision,
    Depth,
    Material,
    MaterialAttempt,
    Policy,
    Prerequisite,
    Skill,
    StudentContext,
    TeacherOverrides,
    Topic,
    choose,
)

NOW = 1_760_000_000.0
DAY = 86_400.0
SKILLS = 60
IN_SCOPE = 30
TOPICS = ("football", "music", "space", "animals", "cooking", "games", "art", "cars")
RIGHT = 0.75
SIZES = (1_000, 5_000, 20_000, 100_000)


def catalogue(size: int, *, seed: int = 0) -> Catalogue:
    """Return a catalogue of `size` materials over 60 skills, nine contexts (one of them neutral) and any difficulty."""
    rng = random.Random(seed)
    skills = [
        Skill(n, f"S{n}", f"skill {n}", 5, 1.0, tuple(Prerequisite(p) for p in {n - 1, n - 7} if p > 0 and n % 3))
        for n in range(1, SKILLS + 1)
    ]
    materials = []
    for n in range(size):
        context = rng.choice([None, *TOPICS])
        depth = Depth.NEUTRAL if context is None else rng.choice([Depth.STRUCTURAL, Depth.COSMETIC])
        level = rng.choice([3.0, 4.0, 5.0])
        materials.append(Material(n + 1, f"m{n}", (1 + n % SKILLS,), rng.gauss(0, 1.2), context, depth, level))
    return Catalogue.build(version=1, skills=skills, materials=materials, topics=[Topic(t, t) for t in TOPICS])


def student(number: int, catalogue: Catalogue) -> StudentContext:
    """Return a student in the middle of the course."""
    rng = random.Random(number)
    beliefs = {
        n: SkillBelief(
            n, 0.8 + rng.gauss(0, 0.6), 0.1, rng.gauss(0, 0.6), 0.2, rng.gauss(0, 0.5), 0.05, 6, 6.0, NOW - DAY, 0.95
        )
        for n in range(1, SKILLS + 1)
    }
    ability = beliefs[1].ability
    beliefs = {n: b._replace(ability=ability) for n, b in beliefs.items()}
    ids = rng.sample(sorted(catalogue.entries), 30)
    history = tuple(
        MaterialAttempt(m, catalogue.entries[m].skills[0], NOW - DAY - 60 * n, float(rng.random() < RIGHT))
        for n, m in enumerate(ids)
    )
    return StudentContext(
        student_id=number,
        beliefs=beliefs,
        responses=200.0,
        interests={t: Interest(t, rng.random(), 0.5, NOW - DAY, NOW - DAY, vetoed=False) for t in TOPICS},
        reading_level=5.0,
        history=history,
        answer_counts={n: AnswerCounts(5, 8) for n in beliefs},
        evidence_until=NOW - DAY,
        cited_facts=tuple(range(8)),
    )


def after(context: StudentContext, decision: Decision) -> StudentContext:
    """Return the context after a decision is published and one more answer has arrived."""
    current = tuple(
        CurrentAssignment(c.slot, c.skill, tuple(o.material for o in c.menu), c.state, NOW, context.evidence_until)
        for c in decision.filled_slots
    )
    return replace(context, open_assignments=current, memory=decision.memory, evidence_until=NOW)


def measure(size: int, *, students: int) -> dict[str, float]:
    """Return milliseconds a decision (medians and 99th percentiles) and the record's mean size."""
    whole = catalogue(size)
    scope = ClassScope(dict.fromkeys(range(1, IN_SCOPE + 1), NOW + 20 * DAY))
    policy = Policy()
    fresh: list[float] = []
    again: list[float] = []
    bytes_ = 0

    def timed(context: StudentContext, into: list[float]) -> Decision:
        begun = time.perf_counter()
        decision = choose(context, catalogue=whole, policy=policy, scope=scope, overrides=TeacherOverrides(), as_of=NOW)
        into.append((time.perf_counter() - begun) * 1e3)
        return decision

    for number in range(1, students + 1):
        context = student(number, whole)
        decision = timed(context, fresh)
        timed(after(context, decision), again)
        bytes_ += len(decision.record)
    return {
        "materials": size,
        "fresh_ms": statistics.median(fresh),
        "fresh_p99_ms": statistics.quantiles(fresh, n=100)[98],
        "again_ms": statistics.median(again),
        "again_p99_ms": statistics.quantiles(again, n=100)[98],
        "record_bytes": bytes_ / students,
    }


def compare(size: int, compiled: Path, *, students: int) -> None:
    """Print the time of the compiled decision beside the one in Python, each in its own process."""
    root = Path(__file__).resolve().parents[1]
    found: list[dict[str, float]] = []
    for path in (f"{root}", f"{compiled.absolute()}{os.pathsep}{root}"):
        command = [sys.executable, "-P", __file__, "--json", "--students", str(students), "--sizes", str(size)]
        run = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True, stdout=subprocess.PIPE)
        found += json.loads(run.stdout)
    python, machine = found
    lines = (
        f"{name} {python[name]:.2f} -> {machine[name]:.2f} ({python[name] / machine[name]:.2f} times as fast)"
        for name in ("fresh_ms", "again_ms")
    )
    print(f"materials {size:,}", *lines, sep="  ")


def plot(rows: list[dict[str, float]], path: Path) -> None:
    """Draw milliseconds a decision against the catalogue's size."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    sizes = [row["materials"] for row in rows]
    for name, label in (("fresh_ms", "fills four slots"), ("again_ms", "keeps four slots")):
        axes.plot(sizes, [row[name] for row in rows], marker="o", label=f"{label} (median)")
    axes.axhline(1.0, color="grey", linewidth=0.8, linestyle="--")
    axes.set(xscale="log", xlabel="materials in the catalogue", ylabel="ms a decision", ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=130)


def main() -> None:
    """Print one line a catalogue size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--against", type=Path, help="the folder of a compiled copy")
    options = parser.parse_args()
    if options.against:
        for size in options.sizes:
            compare(size, options.against, students=options.students)
        return
    rows = [measure(size, students=options.students) for size in options.sizes]
    if options.json:
        print(json.dumps(rows))
    else:
        for row in rows:
            print("  ".join(f"{name} {value:,.2f}" for name, value in row.items()))
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
