"""The shared terms of the learner model that are in force in a school: its snapshot and its parameters."""

from dataclasses import dataclass
from functools import lru_cache

import orjson
from sqlalchemy import text
from sqlmodel import Session

from learning.parameters import SHIPPED, Parameters
from learning.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Terms:
    """What every state of a school is folded with; a state made with others is folded anew."""

    snapshot: Snapshot
    parameters: Parameters


def in_force(session: Session, school_id: int) -> Terms:
    """Return the school's newest snapshot and its active parameters, the shipped ones where it has none."""
    statement = text("""
        SELECT (SELECT max(version) FROM souschef.snapshot WHERE school_id = :school),
               (SELECT document FROM souschef.parameters WHERE school_id = :school AND active
                 ORDER BY version DESC LIMIT 1)
    """)
    version, document = session.connection().execute(statement, {"school": school_id}).one()
    parameters = SHIPPED if document is None else _parameters(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
    if version is None:
        return Terms(Snapshot.prior(parameters), parameters)
    return Terms(_snapshot(session, school_id, version), parameters)


def save_snapshot(session: Session, school_id: int, snapshot: Snapshot, *, responses: int) -> None:
    """Put a new snapshot in force; it must have the next version."""
    statement = text("""
        INSERT INTO souschef.snapshot (school_id, version, body, responses)
        VALUES (:school, :version, :body, :responses)
    """)
    parameters = {"school": school_id, "version": snapshot.version, "body": snapshot.to_bytes(), "responses": responses}
    session.connection().execute(statement, parameters)
    _kept.pop((str(session.connection().engine.url), school_id, snapshot.version), None)


_kept: dict[tuple[str, int, int], Snapshot] = {}
"""Snapshots by database, school and version: they never change once written, and are large."""


def _snapshot(session: Session, school_id: int, version: int) -> Snapshot:
    key = (str(session.connection().engine.url), school_id, version)
    if key not in _kept:
        statement = text("SELECT body FROM souschef.snapshot WHERE school_id = :school AND version = :version")
        body = session.connection().execute(statement, {"school": school_id, "version": version}).scalar_one()
        for stale in [other for other in _kept if other[:2] == key[:2]]:
            del _kept[stale]
        _kept[key] = Snapshot.from_bytes(body)
    return _kept[key]


@lru_cache(maxsize=64)
def _parameters(document: bytes) -> Parameters:
    return Parameters.from_document(orjson.loads(document))
