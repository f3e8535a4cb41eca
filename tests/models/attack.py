"""An attack on every fence: what a login tries with every right granted, and what of it went through."""

import json
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors, sql
from sqlalchemy.engine import make_url

VICTIM = "riverside"
UNFENCED = """
    SELECT relname FROM pg_class AS relation
     WHERE relnamespace = 'souschef'::regnamespace AND relkind IN ('r', 'p')
       AND NOT (relrowsecurity AND relforcerowsecurity
         AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation.oid AND tgname = 'refuse_truncate')
         AND ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = relation.oid ORDER BY polname)
           = CASE WHEN relname = 'lms_login' THEN ARRAY['read_by_itself', 'written_by_us']
                  WHEN relname = 'school' OR EXISTS (
                    SELECT FROM pg_attribute WHERE attrelid = relation.oid AND attname = 'school_id')
                  THEN ARRAY['of_own_school'] ELSE ARRAY['read_by_all', 'written_by_us'] END)
     ORDER BY relname
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """A database that belongs to a plain owner, with a school at work, and the login of another."""

    owner: str
    login: str
    rival: str

    by_owner: "psycopg.Connection[Any]"

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what the owner sees."""
        return self.by_owner.execute(statement.encode()).fetchall()


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def tables(ground: Ground) -> dict[str, str | None]:
    """Return every table with the column that names its school."""
    found = ground.ask("""
        SELECT relname, CASE WHEN relname = 'school' THEN 'id' ELSE (
                 SELECT attname FROM pg_attribute WHERE attrelid = oid AND attname = 'school_id') END
          FROM pg_class WHERE relnamespace = 'souschef'::regnamespace AND relkind = 'r' ORDER BY 1""")  # fmt: skip
    return {str(name): None if column is None else str(column) for name, column in found}


def number(ground: Ground, ref: str) -> int:
    [(found,)] = ground.ask(f"SELECT id FROM souschef.school WHERE ref = '{ref}'")
    return int(found)


def planted(ground: Ground) -> dict[str, dict[str, object] | None]:
    """Return one row of the victim's for each table that has any, as JSON."""
    victim, found = number(ground, VICTIM), {}
    for table, column in tables(ground).items():
        where = f"WHERE {column} = {victim}" if column else ""
        rows = ground.ask(f"SELECT to_jsonb(t) FROM souschef.{table} AS t {where} LIMIT 1")
        found[table] = rows[0][0] if rows else None
    return found


def digest(ground: Ground) -> dict[str, object]:
    """Return what every table holds that is not the attacker's."""
    rival = number(ground, ground.rival)
    found: dict[str, object] = {}
    for table, column in tables(ground).items():
        where = f"WHERE {column} <> {rival}" if column else ""
        asked = f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM souschef.{table} AS t {where}"
        found[table] = ground.ask(asked)
    return found


def attempts(table: str, column: str | None, victim: int) -> list[tuple[str, str]]:
    """Return what an attacker tries on a table: what it is called, and its SQL."""
    theirs = f"WHERE {column} = {victim}" if column else ""
    same = column or {"clock_offset": "single", "tally": "value"}.get(table, "version_num")
    tried = [
        ("update", f"UPDATE souschef.{table} SET {same} = {same} {theirs}"),
        ("delete", f"DELETE FROM souschef.{table} {theirs}"),
        ("truncate", f"TRUNCATE souschef.{table} CASCADE"),
    ]
    if column:
        tried += [
            ("read", f"SELECT FROM souschef.{table} {theirs}"),
            ("lock", f"SELECT FROM souschef.{table} {theirs} FOR UPDATE"),
            ("give away", f"UPDATE souschef.{table} SET {column} = {victim}"),
        ]
    return tried


def breaches(ground: Ground) -> list[str]:
    """Attack every table, and return what went through: a row of the other school was read, touched or written."""
    victim, rival, found = number(ground, VICTIM), number(ground, ground.rival), []
    rows = planted(ground)
    with psycopg.connect(plain(ground.login)) as attacker:
        for table, column in tables(ground).items():
            tried: list[tuple[str, sql.SQL | sql.Composed]] = [
                (name, sql.SQL(query)) for name, query in attempts(table, column, victim)
            ]  # fmt: skip
            if rows[table] is not None:
                name = sql.Identifier("souschef", table)
                row = sql.Literal(json.dumps(rows[table]))
                tried.append(
                    (
                        "insert",
                        sql.SQL("INSERT INTO {0} SELECT * FROM jsonb_populate_record(NULL::{0}, {1})").format(
                            name, row
                        ),
                    )
                )
            for called, query in tried:
                try:
                    with attacker.transaction(force_rollback=True):
                        touched = attacker.execute(query).rowcount
                except errors.InsufficientPrivilege:
                    touched = 0
                except errors.IntegrityError:
                    touched = 1  # Past the fence, which comes first.
                if touched != 0:
                    found.append(f"{called} {table}")
            if column and copied(attacker, table) != own(ground, table, column, rival):
                found.append(f"copy {table}")
    return found


SETTINGS = (
    "SET application_name = 'nothing else'",
    "SET row_security = off",
    "SET search_path = souschef, lms",
    "SET ROLE {owner}",
    "SET SESSION AUTHORIZATION {owner}",
    "SET session_replication_role = replica",
    "SET souschef.school_id = '{victim}'",
    "SET app.school = 'riverside'",
)


@dataclass(frozen=True, slots=True)
class Attack:
    """What was tried under every setting, and what of it went through."""

    tables: int
    views: int
    attempts: int
    seen: int
    """Rows of its own that the attacker read on the way: silence alone would prove nothing."""
    through: tuple[str, ...]


def under_settings(ground: Ground) -> Attack:
    """Read and change the other school's rows in every table and view, under everything that a client may set."""
    victim, owner = number(ground, VICTIM), make_url(ground.owner).username
    rows_of = {f"souschef.{name}": f"{column} = {victim}" for name, column in tables(ground).items() if column}
    views = [str(name) for (name,) in ground.ask("SELECT viewname FROM pg_views WHERE schemaname = 'lms'")]
    rows_of |= {f"lms.{view}": f"school = '{VICTIM}'" for view in views}
    through, attempts, seen = [], 0, 0
    with psycopg.connect(plain(ground.login)) as attacker:
        for setting in SETTINGS:
            for relation, theirs in rows_of.items():
                column = theirs.partition(" ")[0]
                for query in (
                    f"SELECT FROM {relation} WHERE {theirs}",
                    f"UPDATE {relation} SET {column} = {column} WHERE {theirs}",
                ):
                    attempts += 1
                    try:
                        with attacker.transaction(force_rollback=True):
                            attacker.execute(setting.format(owner=owner, victim=victim).encode())
                            if attacker.execute(query.encode()).rowcount:
                                through.append(f"{query}, after {setting}")
                            seen += attacker.execute(f"SELECT FROM {relation}".encode()).rowcount
                    except (errors.InsufficientPrivilege, errors.ObjectNotInPrerequisiteState):
                        continue  # the second is a view that nobody can write to
    return Attack(len(rows_of) - len(views), len(views), attempts, seen, tuple(through))


def copied(attacker: "psycopg.Connection[tuple[object, ...]]", table: str) -> int:
    """Return how many rows COPY hands out."""
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier("souschef", table))
    with attacker.cursor().copy(statement) as copy:
        return len(list(copy.rows()))


def own(ground: Ground, table: str, column: str, school: int) -> int:
    [(found,)] = ground.ask(f"SELECT count(*) FROM souschef.{table} WHERE {column} = {school}")
    return int(found)
