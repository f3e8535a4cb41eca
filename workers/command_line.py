"""`souschef`: one command a file in `workers/commands/`, loaded when it is asked for, so that help comes at once."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperGroup

from config.errors import Mendable

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: its module below `workers.commands` holds a function of that name, or a Typer called `app`."""

    module: str
    help: str

    @property
    def path(self) -> str:
        """The module's full name."""
        return f"workers.commands.{self.module}"


COMMANDS = {
    "demo": Entry("demo", "Turn a recorded Moodle class into assignments."),
    "up": Entry("up", "Start everything on this machine and keep it running."),
    "stop": Entry("stop", "Stop everything that `souschef up` has started."),
    "doctor": Entry("doctor", "Check settings and servers; say how to mend them."),
    "env": Entry("env", "Print the database's address for psql and pg_dump."),
    "secrets": Entry("secrets", "Make the secret files that docker-compose.yml reads."),
    "migrate": Entry("migrate", "Bring the database to the newest shape."),
    "load": Entry("load", "Load rosters, skills, items, materials and questionnaires."),
    "source": Entry("source", "Add, list, set, rotate and revoke the senders of events."),
    "contract": Entry("contract", "Give a school's LMS its login; print the contract's page."),
    "send": Entry("send", "Replay recorded requests to a door."),
    "status": Entry("status", "Show how the pipeline stands."),
    "student": Entry("student", "Show what is believed of a student, and why."),
    "explain": Entry("explain", "Say why an assignment was given."),
    "replay-decision": Entry("replay_decision", "Decide again from a stored record; it gives the same bytes."),
    "class": Entry("class_", "Show a class: gaps, interests, assignments, reasons."),
    "groups": Entry("groups", "Group a class by skill and theme."),
    "order": Entry("order", "Give, list and revoke a teacher's orders."),
    "policy": Entry("policy", "Show and set the rules of a school or a class."),
    "scope": Entry("scope", "Open and close skills to a class; list them."),
    "gaps": Entry("gaps", "Show which materials would help most."),
    "refresh": Entry("refresh", "Decide anew, and say how fast."),
    "rebuild": Entry("rebuild", "Compute states anew from the facts."),
    "replay": Entry("replay", "Read stored events again after a parser was mended."),
    "quarantine": Entry("quarantine", "List, retry and discard what makes no sense."),
    "evaluate": Entry("evaluate", "Measure how well the learner model expects responses."),
    "fit": Entry("fit", "Fit the learner model to the school's own log."),
    "simulate": Entry("simulate", "Run the simulated classroom."),
    "privacy": Entry("privacy", "Show the data map; export or erase a student's data."),
    "audit": Entry("audit", "Verify the log of who has looked at what."),
}
"""Every command, in the order of its help; one whose file is not there yet is left out."""


def present() -> list[str]:
    """Return the names of the commands whose files are there."""
    return [name for name, entry in COMMANDS.items() if importlib.util.find_spec(entry.path) is not None]


class Commands(TyperGroup):
    """A group that knows the names of its commands and loads only the one that is run."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002, ANN401 - click's signature; Typer keeps its types to itself
        """Return the commands in the order of the help."""
        return present()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002, ANN401 - see above
        """Return a command with its options, its module imported; None where there is no such command."""
        return loaded(cmd_name) if cmd_name in present() else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002, ANN401 - see above
        """Write the list of commands from the table above, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in present()])


def loaded(name: str) -> Any:  # noqa: ANN401 - a click command, whose type Typer keeps to itself
    """Import a command's module and return the command."""
    entry = COMMANDS[name]
    module = importlib.import_module(entry.path)
    group = getattr(module, "app", None)
    if not isinstance(group, typer.Typer):
        group = typer.Typer(add_completion=False, rich_markup_mode=None)
        group.command(name)(getattr(module, entry.module))
    found = typer.main.get_command(group)
    found.name = name
    return found


app = typer.Typer(
    cls=Commands,
    name="souschef",
    help="Skill gaps, interests and assignments that say why, for a school's LMS.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong input, 3 port taken, 4 database, 5 migrations, 6 broker, "
    "7 data folder, 8 a process did not start, 130 Ctrl-C.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _souschef() -> None:
    """Skill gaps, interests and assignments that say why, for a school's LMS."""


def main(arguments: list[str] | None = None) -> Any:  # noqa: ANN401 - never returns
    """Run the command line; say expected failures in a sentence and its mend, and end with their exit code."""
    try:
        app(arguments, prog_name="souschef")
    except Mendable as error:
        sys.stderr.write(f"souschef: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        gone = _gone(error)
        if gone is None:
            raise
        sys.stderr.write(f"souschef: {gone}\n")
        sys.exit(gone.exit_code)


def _gone(error: Exception) -> Mendable | None:
    """Return the sentence for a database that has gone in the middle of a command; None for any other failure."""
    from sqlalchemy.exc import OperationalError

    from models.database import unreachable

    return unreachable(error) if isinstance(error, OperationalError) else None


if __name__ == "__main__":
    main()
