"""The database address as environment variables of libpq, which PostgreSQL's own programs read."""

from __future__ import annotations

import os
import shlex

from psycopg import pq

from config.settings import Settings
from workers.local.embedded import program_files


def variables(settings: Settings) -> dict[str, str]:
    """Return one libpq variable for each part of the address, such as PGHOST.

    Raises:
        ServersNotConfiguredError: no address is set and no embedded server is running.
    """
    url = settings.database_url_text().replace("postgresql+psycopg://", "postgresql://", 1)
    parts = pq.Conninfo.parse(url.encode())
    environment = {part.envvar.decode(): part.val.decode() for part in parts if part.envvar and part.val}
    if settings.database_url is None:
        environment["PATH"] = os.pathsep.join([str(program_files.programs()), os.environ.get("PATH", os.defpath)])
    return environment


def exports(environment: dict[str, str]) -> str:
    """Return `export` lines for a POSIX shell."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())
