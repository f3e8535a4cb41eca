"""Connections through a pooler in transaction mode, such as PgBouncer, where each transaction may meet another session.

Such a pooler refuses or drops the options of a connection, and a prepared statement of one transaction may be missing,
or another process's, in the next. So limits are set in each transaction, and no statement is prepared. Whether there is
a pooler is found out at the first connection; without one, nothing is different.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event

REFUSAL = "unsupported startup parameter"
PROBE = "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'statement_timeout'"
UNPREPARED: Mapping[str, Any] = {"prepare_threshold": None}
"""Connection arguments with which psycopg prepares no statement."""


class Connector:
    """Opens an engine's connections with these settings (name -> value, timeouts in milliseconds)."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.pooled: bool | None = None
        """Whether there is a pooler; None before the first connection."""

    def attach(self, engine: Engine) -> None:
        """Open the engine's connections, and begin its transactions, from now on."""
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "begin", self._begin)

    def _connect(self, dialect: Any, _record: object, arguments: Any, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - SQLAlchemy's event
        if self.pooled is None:
            self.pooled = self._finds_pooler(dialect, arguments, parameters)
        if self.pooled:
            return dialect.connect(*arguments, **parameters, **UNPREPARED)
        return dialect.connect(*arguments, **parameters, options=self._options)

    def _finds_pooler(self, dialect: Any, arguments: Any, parameters: dict[str, Any]) -> bool:  # noqa: ANN401 - as above
        """Return whether options are refused, or dropped without a word (`ignore_startup_parameters`)."""
        try:
            connection = dialect.connect(*arguments, **parameters, **UNPREPARED, options=self._options)
        except psycopg.OperationalError as error:
            if REFUSAL in str(error):
                return True
            raise
        try:
            cursor = connection.cursor()
            cursor.execute(PROBE)
            return bool(cursor.fetchone()[0] != self._settings["statement_timeout"])
        finally:
            connection.close()

    def _begin(self, connection: Connection) -> None:
        if self.pooled:
            values = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in self._settings.items())
            connection.exec_driver_sql(f"SELECT {values}")
