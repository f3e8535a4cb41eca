"""The same simulated classes by today's decision and by another: `python -m benchmarks.classrooms --tree FOLDER`.

The other is an older version, in a folder with its files (such as a worktree of `b068a93`, which simulates with its own
learner model), or today's with other numbers: `--set learning.selection.value.UNLOCKS_WEIGHT=1500`, numbers that change
together separated by commas. The students and their random numbers are the same on all sides, so what is printed is a
difference by class, with the standard error over the classes: the other less today's for each `--set`, today's less the
older one's for `--tree`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from learning.simulation.run import Size, run
from learning.simulation.scenarios import SCENARIOS

OLDER = Path(__file__).with_name("classrooms_of_b068a93.py")
FIGURES = {
    "net": "net",
    "net_this_year": "of this year",
    "net_weakest": "weakest third, net",
    "gain": "true gain",
    "gain_weakest": "weakest third, true gain",
}
"""Fields of an outcome, by what the table calls them."""
DEFAULT_SCENARIOS = ("paced", "undated", "matters")
POLICIES = ("own_four", "own")
Task = tuple[str, str, int]
"""A scenario, a policy and a seed."""
Outcome = dict[str, float]
"""The figures of a class, by their fields."""


def set_numbers(numbers: Sequence[str]) -> None:
    """Give module constants other values in this process: `learning.selection.value.UNLOCKS_WEIGHT=1500`."""
    for number in numbers:
        name, _, value = number.partition("=")
        module_name, _, constant = name.rpartition(".")
        module = importlib.import_module(module_name)
        if not isinstance(getattr(module, constant, None), int | float):
            message = f"{name} is no number of the code."
            raise SystemExit(message)
        setattr(module, constant, type(getattr(module, constant))(value))


def outcome(task: Task, *, size: Size) -> Outcome:
    """Run one class by today's decision."""
    scenario_name, policy, seed = task
    scenario = next(each for each in SCENARIOS if each.name == scenario_name)
    found = run(policy, scenario, seed=seed, size=size)
    return {name: getattr(found, name) for name in FIGURES}


def outcomes(tasks: Sequence[Task], *, size: Size, jobs: int, numbers: Sequence[str] = ()) -> list[Outcome]:
    """Run classes in processes of their own, as far as possible at once."""
    with ProcessPoolExecutor(jobs, initializer=set_numbers, initargs=(numbers,)) as pool:
        return list(_with_progress(pool.map(partial(outcome, size=size), tasks), len(tasks)))


def older_outcomes(tree: Path, tasks: Sequence[Task], *, size: Size, jobs: int) -> list[Outcome]:
    """Run classes by an older version, in processes that import its code."""
    shares = [tasks[number::jobs] for number in range(jobs)]
    request = [json.dumps({"tasks": share, "students": size.students, "days": size.days}) for share in shares]
    started = [
        subprocess.Popen(
            [sys.executable, str(OLDER)],
            cwd=tree,
            env=os.environ | {"PYTHONPATH": str(tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in shares
    ]
    for process, text in zip(started, request, strict=True):
        assert process.stdin  # noqa: S101 - for the type
        process.stdin.write(text)
        process.stdin.close()
    answers: dict[Task, Outcome] = {}
    for process, share in zip(started, shares, strict=True):
        assert process.stdout  # noqa: S101 - for the type
        lines = process.stdout.read().splitlines()
        if process.wait():
            message = f"The older version in {tree} ended with {process.returncode}."
            raise SystemExit(message)
        answers |= {task: json.loads(line) for task, line in zip(share, lines, strict=True)}
    return [answers[task] for task in tasks]


def _with_progress(results: Iterable[Outcome], total: int) -> Iterator[Outcome]:
    for number, result in enumerate(results, 1):
        print(f"\r{number} of {total} classes", end="", file=sys.stderr, flush=True)
        yield result
    print(file=sys.stderr)


def table(tasks: Sequence[Task], after: Sequence[Outcome], before: Sequence[Outcome]) -> str:
    """Return mean differences with their standard errors, a line for each scenario and policy."""
    differences = [{name: new[name] - old[name] for name in FIGURES} for new, old in zip(after, before, strict=True)]
    lines = ["| |" + "|".join(f" {word} " for word in FIGURES.values()) + "|", "|---" * (len(FIGURES) + 1) + "|"]
    for scenario, policy in dict.fromkeys((scenario, policy) for scenario, policy, _ in tasks):
        of_kind = [d for task, d in zip(tasks, differences, strict=True) if task[:2] == (scenario, policy)]
        cells = []
        for name in FIGURES:
            values = np.array([each[name] for each in of_kind])
            error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
            cells.append(f" {values.mean():+.2f} ({error:.2f}) ")
        lines.append(f"| {scenario}, {policy} |" + "|".join(cells) + "|")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both sides and print the differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, help="a folder with an older version")
    parser.add_argument("--set", action="append", default=[], dest="numbers", metavar="MODULE.NAME=VALUE[,...]")
    parser.add_argument("--scenario", action="append", choices=[each.name for each in SCENARIOS])
    parser.add_argument("--policy", action="append", choices=POLICIES)
    parser.add_argument("--seeds", type=int, default=12, help="how many classes (default 12)")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--students", type=int, default=21)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    size = Size(students=options.students, days=options.days)
    tasks: list[Task] = [
        (scenario, policy, options.first_seed + seed)
        for scenario in options.scenario or DEFAULT_SCENARIOS
        for policy in options.policy or POLICIES
        for seed in range(options.seeds)
    ]
    if not (options.tree or options.numbers):
        parser.error("compare with what? Give --tree FOLDER, or --set MODULE.NAME=VALUE.")
    print(f"{options.seeds} classes of {options.students}, {options.days} days, seeds from {options.first_seed}")
    run_tasks = partial(outcomes, tasks, size=size, jobs=options.jobs)
    today = run_tasks()
    if options.tree:
        older = older_outcomes(options.tree.resolve(), tasks, size=size, jobs=options.jobs)
        print(f"\nToday less {options.tree.name}:\n\n{table(tasks, today, older)}", flush=True)
    for numbers in options.numbers:
        changed = run_tasks(numbers=numbers.split(","))
        print(f"\n{numbers} less today:\n\n{table(tasks, changed, today)}", flush=True)


if __name__ == "__main__":
    main()
