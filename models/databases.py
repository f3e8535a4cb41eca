"""Make a database anew beside another, for the demo and for tests."""

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from models.database import DatabaseUnreachable


def recreate(url: str, *, name: str) -> str:
    """Drop the database `name` on the server of `url`, make it empty, and return its address.

    Raises:
        DatabaseUnreachable: the server does not answer, or the login may not make databases.
    """
    mend = "Give SOUSCHEF_DATABASE_URL a login that may create databases, or unset it for an embedded server."
    try:
        here = make_url(url)
        plain = here.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True, connect_timeout=3) as connection:
            target = sql.Identifier(name)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(target))
            connection.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(target))
    except (psycopg.Error, ArgumentError) as error:
        why = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
        raise DatabaseUnreachable(f"The database {name} cannot be made: {why}.", mend) from None
    return here.set(database=name).render_as_string(hide_password=False)
