"""What systems call those who learn and those who teach, in several languages."""

from __future__ import annotations

_TEACHER = frozenset(
    {"teacher", "editingteacher", "editing teacher", "primary teacher", "instructor", "owner", "manager", "teachers"}
    | {"teacherenrollment", "faculty", "designer", "course designer", "trainer/in", "trainer", "lehrer", "lehrer/in"}
    | {"lehrkraft", "profesor", "professor", "docente", "enseignant", "insegnante", "docent", "kursleiter", "dozent"}
)
_AIDE = frozenset(
    {"ta", "taenrollment", "teaching assistant", "non-editing teacher", "noneditingteacher", "assistant", "aide"}
    | {
        "trainer/in ohne bearbeitungsrecht",
        "trainer/in ohne bearbeitungsrechte",
        "tutor",
        "profesor sin permiso de edición",
    }
    | {"enseignant non éditeur", "docente non editor"}
)
_STUDENT = frozenset(
    {"student", "studentenrollment", "students", "learner", "pupil", "member", "teilnehmer/in", "teilnehmer"}
    | {"schüler/in", "schüler", "student/in", "estudiante", "alumno", "étudiant", "élève", "studente", "leerling"}
)


def role_of(text: str) -> str | None:
    """Return student, teacher or aide, the strongest of several; None where it is none of them."""
    found = {each.strip().casefold() for each in text.replace(";", ",").split(",")}
    if found & _TEACHER:
        return "teacher"
    if found & _AIDE:
        return "aide"
    return "student" if found & _STUDENT else None
