"""The columns of rosters: what each system calls them, in the languages that it is used in most.

Ours: `id` the school's number, `lms_id` the LMS's own, `login`, `email`, `first`, `last`, `name` (either order),
`sortable` (family name first), `role`, `status`, `class`, `class_id`, `course`, `course_id`, `group`, `title`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one system."""

    names: Mapping[str, str]
    """Ours by theirs, in small letters."""
    refs: Sequence[str]
    """Which columns may name a person, the best first."""
    where: str
    """Where the system offers its export, as a sentence."""
    events: str
    """What is to be known of the names in its events, as a sentence."""

    @property
    def identifying(self) -> frozenset[str]:
        """The columns of which one must be there: they name a person, or are the id of a section or course."""
        return frozenset({*self.refs, "class_id", "course_id"})


OURS = frozenset({"id", "lms_id", "login", "email", "first", "last", "name", "sortable", "role", "status"}) | frozenset(
    {"class", "class_id", "course", "course_id", "group"}
)
"""What a column can be said to be."""


def _of(**theirs: str) -> dict[str, str]:
    """Return ours by theirs, from theirs separated by `|`."""
    return {name: ours for ours, names in theirs.items() for name in names.split("|")}


CANVAS = Columns(
    _of(
        name="student|student name|full_name|name_of_student",
        sortable="sortable_name",
        first="first_name",
        last="last_name",
        id="sis user id|user_id",
        lms_id="id|canvas_user_id",
        login="sis login id|login_id",
        email="email",
        role="role|base_role_type",
        status="status",
        class_id="section_id",
        course_id="course_id",
        title="name|long_name",
        short_title="short_name",
        **{"class": "section"},
    ),
    refs=("id", "login", "lms_id"),
    where="In Canvas: Grades > Export, or the SIS export of users, sections and enrollments.",
    events="Canvas's events name a person by a global number and a uuid, which this export has not: "
    "fill in userIds when the first events have come (docs/lms/canvas.md).",
)
GOOGLE = Columns(
    _of(
        first="first name|profile.name.givenname|first name [required]|given name|vorname|nombre|prénom",
        last="last name|profile.name.familyname|last name [required]|family name|nachname|apellidos|nom",
        name="name|student name|full name|profile.name.fullname",
        email="email address|email|profile.emailaddress|emailaddress|email address [required]|e-mail-adresse",
        lms_id="profile.id|userid|user id",
        id="employee id|student id|id",
        role="userrole|role",
        course="coursename|course name",
        course_id="courseid|course id",
        status="coursestate",
        **{"class": "class|class name"},
    ),
    refs=("id", "email", "lms_id"),
    where="In Google Classroom: Grades > Download as CSV; or `gam print course-participants`.",
    events="The events of a form name a person by their e-mail address; write other names of theirs into userIds.",
)
MOODLE = Columns(
    _of(
        first="first name|firstname|vorname|nombre|prénom|nome|voornaam",
        last="last name|lastname|surname|nachname|apellido(s)|apellidos|nom de famille|nom|cognome|achternaam",
        name="full name|fullname|first name / last name|first name / surname|vollständiger name|vorname / nachname",
        id="id number|idnumber|id-nummer|id-nummer (matrikelnummer)|número de id|numéro d'identification"
        "|numero di identificazione|id-nummer van gebruiker",
        login="username|anmeldename|nombre de usuario|nom d'utilisateur|username [required]",
        lms_id="id|userid|user id|nutzer-id",
        email="email address|email|e-mail-adresse|dirección de correo|correo electrónico|adresse de courriel|e-mail"
        "|indirizzo email|e-mailadres",
        role="roles|role|role1|rollen|rolle|roles en el curso|rôles|ruoli|rol",
        group="groups|group|group1|gruppen|gruppe|grupos|groupes|gruppi|groepen",
        status="status|enrolstatus1|estado|statut",
        course="course|course short name|course full name|kurs|curso|cours",
        **{"class": "class"},
    ),
    refs=("id", "login", "email", "lms_id"),
    where="In Moodle: Participants > with all users > Download as CSV; or Grades > Export.",
    events="Moodle's events name a person by its own number, which a list of participants has not. Load this, then let "
    "Moodle say it: `souschef lti roster`, or a custom report of users with their id and --home https://moodle.example.",
)
OFFICE = Columns(
    {**GOOGLE.names, **MOODLE.names}
    | _of(
        id="id|student id|student no|student no.|student number|pupil id|pupil number|pupil no.|number|no.|no|nr.|nr"
        "|nummer|admission number|adm. no|adm. no.|sourcedid|schüler-id|schülernummer|schüler-nr.|matricule"
        "|matrícula|legajo|leerlingnummer",
        last="family name|nome di famiglia",
        name="student|pupil|schüler|schüler/in|alumno|élève|leerling",
        role="type|kind|function|funktion",
        **{"class": "class|class name|form|tutor group|klasse|lerngruppe|clase|classe|klas"},
    ),
    refs=("id", "login", "email", "lms_id"),
    where="The first row names the columns: a number, first and last name, class; teachers have a role.",
    events="Events name people by the names that your LMS or form tool knows: write them into userIds "
    "(docs/lms/README.md).",
)
"""A list of the school's own: what any of the systems calls a column, and what offices call it."""
