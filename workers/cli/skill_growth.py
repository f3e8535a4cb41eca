"""A student's mastery of one skill week by week, from the facts as they stand today."""

import datetime as dt
from typing import Any

from sqlmodel import Session

from config.errors import Exit, OperatorError
from models.access import school_time
from models.students import model_versions
from tasks.pipeline import growth


class UnknownSkillError(OperatorError):
    """The school has no skill of this name."""

    exit_code = Exit.WRONG_INPUT


def growth_report(session: Session, school_id: int, student_id: int, skill: str) -> dict[str, Any]:
    """Return the weeks JSON-ready: until which day, mastery with its 80 % interval, how many answers on the skill.

    Raises:
        UnknownSkillError: the school has no such skill.
    """
    skills = {ref: number for number, ref in model_versions.skill_refs(session, school_id).items()}
    if skill not in skills:
        raise UnknownSkillError(f"There is no skill {skill}.", "Name it as `souschef student` lists it.")
    zone = school_time.zone_of(session, school_id)
    points = growth.load_growth(session, school_id, student_id, [skills[skill]])[skills[skill]]
    return {
        "skill": skill,
        "growth": [
            {
                "until": dt.datetime.fromtimestamp(point.at, zone).date().isoformat(),
                "mastery": round(point.mastery, 4),
                "low": round(point.low, 4),
                "high": round(point.high, 4),
                "responses": point.responses,
            }
            for point in points
        ],
    }
