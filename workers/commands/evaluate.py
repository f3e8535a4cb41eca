"""`souschef evaluate`: how well the learner model expects responses that it has not seen."""

import gc
import time
from pathlib import Path
from typing import Annotated, Any

import typer


def evaluate(
    data: Annotated[
        Path | None,
        typer.Option(help="CSV or CSV.gz: student, seq, item, skills (;), correct, timestamp_s, split."),
    ] = None,
    *,
    fit: Annotated[bool, typer.Option("--fit", help="Fit the parameters on the train students first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Write a reliability diagram to this PNG.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="Compare the values of this column too (repeatable).")] = None,
    parameters: Annotated[Path | None, typer.Option(help="A JSON file of parameters, as `fit` writes.")] = None,
    school: Annotated[str | None, typer.Option(help="The school's ref, where there are several.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the students' order.")] = 0,
) -> None:
    """Measure accuracy and calibration on the school's log, or on a file of responses.

    Exit codes: 0 measured, 2 a file or a school cannot be read, 4 the database does not answer.
    """
    import orjson
    from rich.console import Console

    from learning.parameters import SHIPPED
    from workers.commands.fit import fitted, read_parameters
    from workers.evaluation_view import draw, show
    from workers.response_files import read_log, stop

    if data is None:
        from workers.school_log import read_school

        if group:
            stop("--group names a column of a file: it needs --data.")
        log, chosen = read_school(school, seed=seed)
    else:
        log, chosen = read_log(data, groups=tuple(group or ()), seed=seed), SHIPPED
    if parameters is not None:
        chosen = read_parameters(parameters)
    if fit:
        chosen = fitted(log, old=chosen, seed=seed).parameters
    figures = measure(log, chosen, seed=seed)
    if plot is not None:
        draw(figures, plot, title=data.name if data else "The school's own log")
    if as_json:
        typer.echo(orjson.dumps(figures).decode())
    else:
        show(figures, Console())


def measure(log: Any, parameters: Any, *, seed: int) -> dict[str, Any]:  # noqa: ANN401 - their modules need NumPy, which a command loads late
    """Return all figures of a log under `parameters`, with a progress bar on stderr."""
    from learning.evaluation import EvaluationError, evaluate
    from learning.evaluation_report import report
    from workers.response_files import progress, stop

    gc.freeze()  # the log stays: the collector need not walk it again and again while the filter is timed
    try:
        with progress("Passing students", 2 * len(log.students)) as advance:
            evaluation = evaluate(log, parameters=parameters, seed=seed, progress=advance, clock=time.process_time)
    except EvaluationError as error:
        stop(f"{error}. Mark some students' split as test, or leave the split column out.")
    return report(evaluation, log)
