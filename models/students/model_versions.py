"""The learner model's snapshots and parameters of each school, by version."""

from dataclasses import dataclass, replace
from functools import lru_cache

import orjson
from sqlmodel import Session, func, select

from learning.mastery.parameters import SHIPPED, Parameters
from learning.mastery.snapshot import Snapshot
from learning.mastery.state import FORMAT
from models import tables
from models.rows import execute

VERSIONS_A_FORMAT = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelVersions:
    """What every state of a school is folded with; a state that was folded with others is folded again."""

    snapshot: Snapshot
    parameters: Parameters

    @property
    def state_versions(self) -> tuple[int, int]:
        """The versions that a state's row carries: of the snapshot, and of the parameters and the state's format.

        The format is part of them, so that during an upgrade neither version of the code reads the other's states: each
        folds them again.
        """
        return self.snapshot.version, self.parameters.version + (FORMAT - 1) * VERSIONS_A_FORMAT

    @property
    def variance_factor(self) -> float:
        """The factor on beliefs' variances: the school's own where the nightly pass has fitted one."""
        return self.snapshot.variance_factor or self.parameters.gap_variance_factor


def in_force(session: Session, school_id: int) -> ModelVersions:
    """Return the school's newest snapshot and its active parameters, the shipped ones where it has none."""
    statement = """
        SELECT (SELECT max(version) FROM souschef.snapshot WHERE school_id = :school),
               (SELECT document FROM souschef.parameters WHERE school_id = :school AND active
                 ORDER BY version DESC LIMIT 1)
    """
    version, document = execute(session, statement, {"school": school_id}).one()
    parameters = SHIPPED if document is None else _parameters(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
    if version is None:
        return ModelVersions(Snapshot.prior(parameters), parameters)
    return ModelVersions(_snapshot(session, school_id, version), parameters)


def save_snapshot(session: Session, school_id: int, snapshot: Snapshot, *, responses: int) -> None:
    """Insert a new snapshot, which is used from now on; it must have the next version."""
    body = snapshot.to_bytes()
    session.add(tables.Snapshot(school_id=school_id, version=snapshot.version, body=body, responses=responses))
    session.flush()
    _cache.pop((str(session.connection().engine.url), school_id, snapshot.version), None)


_cache: dict[tuple[str, int, int], Snapshot] = {}
"""Snapshots by database, school and version: they never change once written, and are large."""


def _snapshot(session: Session, school_id: int, version: int) -> Snapshot:
    key = (str(session.connection().engine.url), school_id, version)
    if key not in _cache:
        of_school = select(tables.Snapshot.body).where(tables.Snapshot.school_id == school_id)
        body = session.exec(of_school.where(tables.Snapshot.version == version)).one()
        for stale in [other for other in _cache if other[:2] == key[:2]]:
            del _cache[stale]
        _cache[key] = Snapshot.from_bytes(body)
    return _cache[key]


@lru_cache(maxsize=64)
def _parameters(document: bytes) -> Parameters:
    return Parameters.from_document(orjson.loads(document))


def skill_refs(session: Session, school_id: int) -> dict[int, str]:
    """Return the refs of a school's skills by their ids."""
    skills = session.exec(select(tables.Skill.id, tables.Skill.ref).where(tables.Skill.school_id == school_id))
    return {number: ref for number, ref in skills if number is not None}


def save_parameters(session: Session, school_id: int, parameters: Parameters) -> Parameters:
    """Insert fitted parameters under the next version, and return them with it; older versions stay."""
    newest = select(func.max(tables.Parameters.version)).where(tables.Parameters.school_id == school_id)
    numbered = replace(parameters, version=(session.exec(newest).one() or 0) + 1)
    session.add(tables.Parameters(school_id=school_id, version=numbered.version, document=numbered.document()))
    session.flush()
    return numbered


def rollback_parameters(session: Session, school_id: int) -> int | None:
    """Deactivate the newest active parameters, so that those before are used again; return their version.

    None: the shipped ones are in use, and nothing has changed.
    """
    statement = """
        UPDATE souschef.parameters SET active = false WHERE school_id = :school AND version =
          (SELECT max(version) FROM souschef.parameters WHERE school_id = :school AND active)
        RETURNING version
    """
    return execute(session, statement, {"school": school_id}).scalar_one_or_none()
