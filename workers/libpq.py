"""The database's address in the variables that PostgreSQL's own programs read."""

from __future__ import annotations

import os
import shlex

from psycopg import pq

from config.settings import Settings
from workers import postgres


def variables(chosen: Settings) -> dict[str, str]:
    """Return the variables, each part of the address as libpq calls it.

    Raises:
        NoServers: no address is set and no embedded server is running.
    """
    url = chosen.database_url_text().replace("postgresql+psycopg://", "postgresql://", 1)
    parts = pq.Conninfo.parse(url.encode())
    found = {part.envvar.decode(): part.val.decode() for part in parts if part.envvar and part.val}
    if chosen.database_url is None:
        found["PATH"] = os.pathsep.join([str(postgres.programs()), os.environ.get("PATH", os.defpath)])
    return found


def exports(found: dict[str, str]) -> str:
    """Return lines that a POSIX shell evaluates."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in found.items())
