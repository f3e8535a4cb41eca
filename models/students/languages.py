"""In which language the pages of a class are written."""

from sqlmodel import Session, col, update

from config.errors import Exit, OperatorError
from models.access.schools import SchoolKey
from models.students import people
from models.tables import Class


class LanguageRefusedError(OperatorError):
    """The pages do not speak this language."""

    exit_code = Exit.WRONG_INPUT


def set_language(session: Session, school: SchoolKey, tag: str | None, *, class_ref: str | None = None) -> int:
    """Set the language of the pages of a class, or of all classes of a school; return of how many classes.

    None leaves it to each browser.
    """
    classes = col(Class.school_id) == school.id
    if class_ref is not None:
        classes = col(Class.id) == people.find_class(session, school, class_ref)
    return session.connection().execute(update(Class).where(classes).values(language=tag)).rowcount
