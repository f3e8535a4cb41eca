"""`souschef simulate`: the simulated classroom, its policies and its gates."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from learning.simulation.plan import Plan
    from learning.simulation.run import Outcome


def simulate(  # noqa: PLR0913 - the options of a command
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="A few small classes: under a minute, for every change.")
    ] = False,
    seeds: Annotated[int | None, typer.Option(min=2, help="Classes a world.")] = None,
    students: Annotated[int | None, typer.Option(min=4, help="Students a class.")] = None,
    days: Annotated[int | None, typer.Option(min=5, help="Days a class.")] = None,
    world: Annotated[list[str] | None, typer.Option(help="Only this world (repeatable).")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at once.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Write a picture of the policies to this PNG.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep outcomes in this file, and go on from what it holds.")] = None,
) -> None:
    """Let our decision and others' teach the same simulated classes, and judge the gates.

    The full run takes hours: with --keep it goes on where Ctrl-C or a power cut ended it.

    Examples: souschef simulate --quick, souschef simulate --keep outcomes.jsonl --plot policies.png

    Exit codes: 0 every gate holds but those known not to, 1 another does not, 2 no such world.
    """
    import orjson
    from rich.console import Console

    from learning.simulation.gates import gates
    from workers.simulation_view import draw, figures, show

    plan = _plan(quick=quick, seeds=seeds, students=students, days=days, worlds=world)
    outcomes = outcomes_of(plan, jobs=jobs, keep=keep)
    judged = gates(outcomes, strict=not quick)
    if plot is not None:
        draw(outcomes, plot)
    if as_json:
        typer.echo(orjson.dumps(figures(plan, outcomes, judged)).decode())
    else:
        show(plan, outcomes, judged, Console())
    raise typer.Exit(0 if all(gate.passed or gate.known for gate in judged) else 1)


def _plan(*, quick: bool, worlds: list[str] | None, **sizes: int | None) -> "Plan":
    from dataclasses import replace

    from learning.simulation.plan import FULL, QUICK
    from learning.simulation.run import Size
    from learning.simulation.worlds import WORLDS
    from workers.response_files import stop

    plan = QUICK if quick else FULL
    unknown = set(worlds or ()) - {world.name for world in WORLDS}
    if unknown:
        stop(f"No such world: {', '.join(sorted(unknown))}. There are {', '.join(world.name for world in WORLDS)}.")
    return replace(
        plan,
        seeds=sizes["seeds"] or plan.seeds,
        size=Size(sizes["students"] or plan.size.students, sizes["days"] or plan.size.days),
        worlds=tuple(worlds) if worlds else plan.worlds,
    )


def outcomes_of(plan: "Plan", *, jobs: int, keep: Path | None = None) -> "list[Outcome]":
    """Run a plan's tasks in so many processes, with a progress bar on stderr; their order is the plan's.

    What the file `keep` holds of the same code is not run again; what comes is kept there at once.
    """
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    from workers.response_files import progress
    from workers.simulation_kept import Kept, name_of

    tasks, kept = plan.tasks(), Kept(keep)
    missing = [task for task in tasks if name_of(task) not in kept.known]
    with (
        ProcessPoolExecutor(max_workers=jobs, mp_context=get_context("spawn")) as pool,
        progress("Simulating", len(tasks)) as advance,
    ):
        advance(len(tasks) - len(missing))
        running = {pool.submit(_run, task): task for task in missing}
        try:
            for done in as_completed(running):
                kept.add(running[done], done.result())
                advance(1)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [kept.known[name_of(task)] for task in tasks]


def _run(task: Any) -> "Outcome":  # noqa: ANN401 - a Task, whose module a spawned process loads late
    from learning.simulation.run import run

    return run(task.policy, task.world, seed=task.seed, size=task.size)
