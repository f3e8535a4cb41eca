"""How a student's mastery of skills has moved week by week, from the facts as they stand today."""

from collections.abc import Collection

from sqlmodel import Session

from learning.mastery.growth import GrowthPoint, growth
from models.events import facts
from models.events.facts import BEGINNING
from models.students import model_versions
from tasks.pipeline.update_states import responses_of


def load_growth(
    session: Session, school_id: int, student_id: int, skills: Collection[int]
) -> dict[int, list[GrowthPoint]]:
    """Return by skill what was believed of it after each week; no point where the student has no fact."""
    versions = model_versions.in_force(session, school_id)
    return growth(
        responses_of(facts.load_evidence(session, {student_id: BEGINNING})[student_id]),
        skills,
        snapshot=versions.snapshot,
        parameters=versions.parameters,
        variance_factor=versions.variance_factor,
    )
