"""`souschef evaluate`, `fit` and `simulate`: measure, fit and try out the learner model."""

import gc
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.options import AsJson, School, Seed

if TYPE_CHECKING:
    from learning.fitting.fit import FitCheckpoint, FitResult
    from learning.fitting.response_log import ResponseLog
    from learning.mastery.parameters import Parameters
    from learning.simulation.plan import Plan
    from learning.simulation.run import Outcome

Data = Annotated[
    Path | None, typer.Option(help="CSV or CSV.gz: student, seq, item, skills (;), correct, timestamp_s, split.")
]
SPLIT_HINT = "Mark some students' split as test, or leave the split column out."


def evaluate(
    data: Data = None,
    *,
    fit: Annotated[bool, typer.Option("--fit", help="First fit the parameters on the train students.")] = False,
    as_json: AsJson = False,
    plot: Annotated[Path | None, typer.Option(help="Write a reliability diagram to this PNG.")] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Also compare the values of this column (repeatable).")
    ] = None,
    parameters: Annotated[Path | None, typer.Option(help="A JSON file of parameters that `fit` wrote.")] = None,
    school: School = None,
    seed: Seed = 0,
) -> None:
    """Measure accuracy and calibration on the school's log, or on a file of responses.

    Examples: souschef evaluate --school riverside, souschef evaluate --data responses.csv.gz --plot reliability.png

    Exit codes: 0 measured, 2 a file or a school cannot be read, 4 the database does not answer.
    """
    import orjson

    from learning.mastery.parameters import SHIPPED
    from workers.cli.training_data import read_log, read_school, stop
    from workers.cli.views.evaluation import draw, show
    from workers.cli.views.tables import console

    if data is None:
        if group:
            stop("--group names a column of a file: it needs --data.")
        log, evaluated = read_school(school, seed=seed)
    else:
        log, evaluated = read_log(data, groups=tuple(group or ()), seed=seed), SHIPPED
    if parameters is not None:
        evaluated = read_parameters(parameters)
    if fit:
        evaluated = fit_log(log, old=evaluated, seed=seed).parameters
    figures = measure(log, evaluated, seed=seed)
    if plot is not None:
        draw(figures, plot, title=data.name if data else "The school's own log")
    if as_json:
        typer.echo(orjson.dumps(figures).decode())
    else:
        show(figures, console())


def measure(log: Any, parameters: Any, *, seed: int) -> dict[str, Any]:  # noqa: ANN401 - their modules need NumPy, which a command loads late
    """Return all figures of a log under `parameters`, with a progress bar on stderr."""
    from learning.fitting.evaluation import EvaluationError, evaluate
    from learning.fitting.evaluation_report import report
    from workers.cli.training_data import progress, stop

    gc.freeze()  # the collector must not walk the log again and again while the filter is timed
    try:
        with progress("Passing students", 2 * len(log.students)) as advance:
            evaluation = evaluate(log, parameters=parameters, seed=seed, progress=advance, clock=time.process_time)
    except EvaluationError as error:
        stop(f"{error}. {SPLIT_HINT}")
    return report(evaluation, log)


def fit(
    data: Data = None,
    *,
    out: Annotated[Path | None, typer.Option(help="Write the better parameters to this JSON file.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Save the progress to this file, and resume from it if it exists.")
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Go back to the parameters before the last fit.")] = False,
    school: School = None,
    as_json: AsJson = False,
    seed: Seed = 0,
) -> None:
    """Fit the parameters, and use them only if they predict held-out train students better than the old ones.

    Parameters fitted on the school's own log come into use at once, and every student is marked for a refresh. Those
    fitted on a file go only to `--out`.

    Examples: souschef fit --school riverside, souschef fit --data responses.csv.gz --out parameters.json

    Exit codes: 0 fitted, or the old ones are better, 1 too few students, 2 a file or a school cannot be read, 4 the
    database does not answer.
    """
    import orjson

    from workers.cli.training_data import activate, deactivate, read_log, read_school, stop

    if data is not None:
        if back or school:
            stop("--back and --school are about a school's own log: leave --data out.")
        result = fit_log(read_log(data, seed=seed), seed=seed, resume=resume)
    else:
        if back:
            version = deactivate(school)
            typer.echo(
                "The shipped parameters are already in use."
                if version is None
                else f"Version {version} is not in use any more."
            )
            return
        log, old = read_school(school, seed=seed)
        result = fit_log(log, old=old, seed=seed, resume=resume)
        if result.kept_new:
            activate(school, result.parameters)
    if out is not None:
        write_json(out, result.parameters.document())
    typer.echo(orjson.dumps(_fit_to_json(result)).decode() if as_json else _fit_sentence(result))


def fit_log(
    log: "ResponseLog", *, old: "Parameters | None" = None, seed: int = 0, resume: Path | None = None
) -> "FitResult":
    """Return the result of a fit on the log's train students, with a progress bar on stderr."""
    from config.errors import OperatorError
    from learning.fitting.evaluation import EvaluationError
    from learning.fitting.fit import MAX_ITERATIONS, TooFewStudentsError
    from learning.fitting.fit import fit as run
    from learning.fitting.fit_priors import FREE
    from learning.mastery.parameters import SHIPPED
    from workers.cli.training_data import progress, stop

    def save(point: "FitCheckpoint") -> None:
        if resume is not None:
            write_json(resume, point.document())

    start = _read_point(resume) if resume is not None and resume.exists() else None
    try:
        with progress("Fitting", MAX_ITERATIONS * (len(FREE) + 2)) as advance:
            return run(log, old=old or SHIPPED, resume=start, seed=seed, on_pass=lambda: advance(1), on_point=save)
    except TooFewStudentsError as error:
        raise OperatorError(f"{error}.", "The parameters stay unchanged; fit again with more students.") from None
    except EvaluationError as error:
        stop(f"{error}. {SPLIT_HINT}")


def read_parameters(path: Path) -> "Parameters":
    """Return the parameters in a JSON file that `fit` wrote."""
    from learning.mastery.parameters import Parameters, ParametersError
    from workers.cli.training_data import stop

    try:
        return Parameters.from_document(_read_json(path))
    except ParametersError as error:
        stop(f"{path}: {error}. Fit again, or fix the value.")


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON file atomically."""
    import orjson

    from workers.cli.training_data import stop

    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        part.replace(path)
    except OSError as error:
        stop(f"{path}: {error.strerror or error}. Name a file in a writable folder.")


def _read_json(path: Path) -> dict[str, Any]:
    import orjson

    from workers.cli.training_data import stop

    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        stop(f"{path}: {error.strerror or error}. Name a file that exists and is readable.")
    except orjson.JSONDecodeError as error:
        stop(f"{path}, line {error.lineno}: not JSON ({error.msg}). Fit again.")
    if not isinstance(document, dict):
        stop(f"{path}: not a JSON object. Fit again.")
    return document


def _read_point(path: Path) -> "FitCheckpoint":
    from learning.fitting.fit import FitCheckpoint
    from workers.cli.training_data import stop

    try:
        return FitCheckpoint.from_document(_read_json(path))
    except (KeyError, TypeError, ValueError) as error:
        stop(f"{path}: not the progress of a fit ({error}). Delete it to start again.")


def _fit_to_json(result: "FitResult") -> dict[str, Any]:
    return {
        "kept": "new" if result.kept_new else "old",
        "old_held_out_log_loss": result.old_held_out_log_loss,
        "new_held_out_log_loss": result.new_held_out_log_loss,
        "old_log_loss": result.old_log_loss,
        "new_log_loss": result.new_log_loss,
        "responses": result.responses,
        "iterations": result.iterations,
        "parameters": result.parameters.document(),
    }


def _fit_sentence(result: "FitResult") -> str:
    verdict = "the new parameters are better" if result.kept_new else "the old parameters stay"
    return (
        f"Log loss of held-out train students {result.old_held_out_log_loss:.5f} with the old parameters, "
        f"{result.new_held_out_log_loss:.5f} with the new: {verdict}. Of the test students, who took no part in the "
        f"choice: {result.old_log_loss:.5f} and {result.new_log_loss:.5f}. {result.responses:,} responses, "
        f"{result.iterations} iterations."
    )


def simulate(  # noqa: PLR0913 - the options of a command
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="A few small classes: under a minute, for every change.")
    ] = False,
    seeds: Annotated[int | None, typer.Option(min=2, help="Classes per world.")] = None,
    students: Annotated[int | None, typer.Option(min=4, help="Students per class.")] = None,
    days: Annotated[int | None, typer.Option(min=5, help="Days per class.")] = None,
    world: Annotated[list[str] | None, typer.Option(help="Only this world (repeatable).")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Number of processes.")] = 2,
    as_json: AsJson = False,
    plot: Annotated[Path | None, typer.Option(help="Write a chart of the policies to this PNG.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Save outcomes to this file, and resume from it.")] = None,
) -> None:
    """Let our decision and the baselines teach the same simulated classes, and check the acceptance criteria.

    The full run takes hours: with --keep it resumes where it was interrupted.

    Examples: souschef simulate --quick, souschef simulate --keep outcomes.jsonl --plot policies.png

    Exit codes: 0 every criterion passes except known failures, 1 another fails, 2 no such world.
    """
    import orjson

    from learning.simulation.acceptance import evaluate
    from workers.cli.views.simulation import draw, figures, show
    from workers.cli.views.tables import console

    plan = _plan(quick=quick, seeds=seeds, students=students, days=days, worlds=world)
    outcomes = outcomes_of(plan, jobs=jobs, keep=keep)
    criteria = evaluate(outcomes, strict=not quick)
    if plot is not None:
        draw(outcomes, plot)
    if as_json:
        typer.echo(orjson.dumps(figures(plan, outcomes, criteria)).decode())
    else:
        show(plan, outcomes, criteria, console())
    raise typer.Exit(0 if all(each.passed or each.known_reason for each in criteria) else 1)


def _plan(*, quick: bool, worlds: list[str] | None, **sizes: int | None) -> "Plan":
    from dataclasses import replace

    from learning.simulation.plan import FULL, QUICK
    from learning.simulation.run import Size
    from learning.simulation.scenarios import SCENARIOS
    from workers.cli.training_data import stop

    plan = QUICK if quick else FULL
    unknown = set(worlds or ()) - {world.name for world in SCENARIOS}
    if unknown:
        stop(f"No such world: {', '.join(sorted(unknown))}. There are {', '.join(world.name for world in SCENARIOS)}.")
    return replace(
        plan,
        seeds=sizes["seeds"] or plan.seeds,
        size=Size(sizes["students"] or plan.size.students, sizes["days"] or plan.size.days),
        scenarios=tuple(worlds) if worlds else plan.scenarios,
    )


def outcomes_of(plan: "Plan", *, jobs: int, keep: Path | None = None) -> "list[Outcome]":
    """Run a plan's tasks in `jobs` processes, with a progress bar on stderr; return the outcomes in the plan's order.

    Outcomes of the same code in the file `keep` are not computed again; new ones are written there at once.
    """
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import active_children, get_context

    from workers.cli.simulation_cache import OutcomeCache, cache_key
    from workers.cli.training_data import progress
    from workers.interrupts import block_ctrl_c

    tasks, cache = plan.tasks(), OutcomeCache(keep)
    missing = [task for task in tasks if cache_key(task) not in cache.outcomes]
    with (
        ProcessPoolExecutor(max_workers=jobs, mp_context=get_context("spawn")) as pool,
        progress("Simulating", len(tasks)) as advance,
    ):
        advance(len(tasks) - len(missing))
        try:
            with block_ctrl_c():
                futures = {pool.submit(_run, task): task for task in missing}
            for done in as_completed(futures):
                cache.add(futures[done], done.result())
                advance(1)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():  # their tasks run again next time
                process.kill()
            typer.echo(f"Stopped: {_how_far(len(cache.outcomes), len(tasks), keep)}", err=True)
            raise
    return [cache.outcomes[cache_key(task)] for task in tasks]


def _how_far(done: int, total: int, keep: Path | None) -> str:
    """Return the sentence about an interrupted simulation."""
    lost = f"they are in {keep}, and the same command goes on from there" if keep else "with --keep they would stay"
    return f"{done} of {total} classes are done; {lost}."


def _run(task: Any) -> "Outcome":  # noqa: ANN401 - a Task, whose module a spawned process loads late
    from learning.simulation.run import run

    return run(task.policy, task.scenario, seed=task.seed, size=task.size)
