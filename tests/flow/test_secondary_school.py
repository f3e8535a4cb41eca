"""A secondary school: seven classes a student, two LMSs, four teachers; each list by its own class's policy.

Real API, worker and broker; the roster, the catalogue and the scopes are loaded from files by `souschef load`.
"""

import datetime as dt
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from config.settings import Settings, settings
from models import clock, engine
from models.access import sources
from models.reports import status
from tests.web.senders import HOME, ITEMS, SENDERS, STUDENTS, body
from workers.cli import replay_client
from workers.cli.main import app
from workers.cli.replay_client import Request
from workers.local.supervisor import RunningSystem, running

pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(240)]

SUBJECTS = {"MATH": "maths", "0": "english", "SCI": "science", "HIS": "history", "ART": "art", "HELP": "maths"}
"""Classes with a scope, by the word that their skills begin with; the help class works on the skills of maths."""
CLASSES = ("7-MATH", "7-ENG", "7-SCI", "7-HIS", "7-ART", "7-HELP", "7-BAND")
TEACHERS = ("t-math", "t-eng", "t-sci", "t-help")
POLICIES = {"7-MATH": "slots=2", "7-ENG": "slots=3", "7-SCI": "approve=on", "7-HELP": "slots=1"}
SLOTS = {"7-MATH": 2, "7-ENG": 3, "7-SCI": 3, "7-HIS": 3, "7-ART": 3, "7-HELP": 1}
"""The most assignments of each list; without a setting of its own a class has the default's four, of three skills."""


def skills_of(class_ref: str) -> list[str]:
    """Return the refs of a class's skills; those of English are the numbers of the outcomes in Canvas."""
    if class_ref == "7-BAND":
        return []
    if class_ref == "7-ENG":
        return [str(n) for n in ITEMS]
    subject = "MATH" if class_ref == "7-HELP" else class_ref.removeprefix("7-")
    return [f"{subject}-{n}" for n in (range(2) if class_ref == "7-HELP" else range(2, 5))]


ROSTER = ("orgs", "classes", "users", "enrollments")


def write_files(folder: Path) -> tuple[Path, Path]:
    """Write the roster and the catalogue; return their folders."""
    skills = sorted({skill for class_ref in CLASSES for skill in skills_of(class_ref)})
    students = [f"s{n}" for n in STUDENTS]
    names = {f"s{n}": f"{{{HOME}:{n}}},{{:uuid-{n}}}" for n in STUDENTS}
    tables = {
        "orgs": ["sourcedId,name,type", "oak,Oak School,school"],
        "classes": ["sourcedId,title,grades", *(f"{each},Class {each},07" for each in CLASSES)],
        "users": [
            "sourcedId,role,enabledUser,userIds",
            *(f'{student},student,true,"{names[student]}"' for student in students),
            *(f"{teacher},teacher,true," for teacher in TEACHERS),
        ],
        "enrollments": [
            "classSourcedId,userSourcedId,role,beginDate",
            *(f"{each},{student},student,2026-08-31" for each in CLASSES for student in students),
        ],
        "skills": ["skill,title,grade", *(f"{skill},Skill {skill},7" for skill in skills)],
        "materials": [
            "material,title,url,skills,difficulty",
            *(
                f"{skill}-{n},Sheet {n} of {skill},https://x.test/{skill}-{n},{skill},{level}"
                for skill in skills
                for n, level in enumerate((-3, -2, -1, 0))
            ),
        ],
        "scope": ["class,skill", *(f"{each},{skill}" for each in CLASSES for skill in skills_of(each))],
        "alignments": ["item,skill", *(f"{HOME}/q/{n},MATH-{n}" for n in ITEMS)],
    }
    roster, catalogue = folder / "roster", folder / "catalogue"
    for name, rows in tables.items():
        path = (roster if name in ROSTER else catalogue) / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(rows) + "\n")
    return roster, catalogue


@pytest.fixture
def system(database_settings: Settings, tmp_path: Path) -> Iterator[RunningSystem]:
    with running(database_settings, processes=("worker", "api", "beat"), free_ports=True) as found:
        with engine.transaction() as session:
            clock.set_to(session, dt.datetime(2026, 10, 12, 12, tzinfo=dt.UTC))
        roster, catalogue = write_files(tmp_path / "oak")
        command("load", str(roster))
        for class_ref, setting in POLICIES.items():
            command("policy", "set", setting, "--class", class_ref, "--by", "head", "--reason", "this year")
        command("load", str(catalogue))
        yield found


def command(*words: str) -> str:
    """Run a command and return what it prints."""
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


def until(true: Callable[[], object], *, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.1)


def applied() -> bool:
    with engine.transaction() as session:
        return status.waiting(session) == 0


def lists(student: str) -> dict[str, dict[int, tuple[str, str, str]]]:
    """Return (material, skill, state) by class and slot: the first of each menu, of what is open."""
    found: dict[str, dict[int, tuple[str, str, str]]] = defaultdict(dict)
    rows = ask(
        """SELECT class_ref, slot, material_id, skill, state FROM lms.assignments
            WHERE student_ref = :student AND menu_position = 0 AND state IN ('proposed', 'assigned', 'started')""",
        student=student,
    )
    for class_ref, slot, material, skill, state in rows:
        found[class_ref][slot] = (material, skill, state)
    return dict(found)


def send(system: RunningSystem, name: str) -> dict[int, int]:
    """Send everything that an LMS of this kind sends; return the statuses."""
    sender = SENDERS[name]
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        credential = sources.add(session, f"lms-{name}", format=sender.format, secret_key=key)
    requests = [
        Request("POST", sender.path, (("content-type", "application/json"), *sender.headers.items()), body(content))
        for content in sender.wrap(sender.events())
    ]
    return replay_client.send(requests, api_url=system.api_url, credential=credential).statuses


def override(system: RunningSystem, tool: sources.Credential, **fields: str) -> str:
    """Set a teacher override through the API; return its key."""
    answer = httpx.post(f"{system.api_url}/orders", json=fields, auth=(tool.key, tool.secret), timeout=20)
    assert answer.status_code == 200, answer.text
    key: str = answer.json()["key"]
    return key


def test_seven_classes_four_teachers_and_two_lmss_give_each_class_its_own_list(system: RunningSystem) -> None:
    until(applied, what="first assignments")
    for student in (f"s{n}" for n in STUDENTS):
        found = lists(student)
        assert set(found) == set(CLASSES) - {"7-BAND"}
        for class_ref, slots in found.items():
            assert 1 <= len(slots) <= SLOTS[class_ref], (student, class_ref)
            assert {skill for _, skill, _ in slots.values()} <= set(skills_of(class_ref))
            expected = "proposed" if class_ref == "7-SCI" else "assigned"
            assert {state for _, _, state in slots.values()} == {expected}
        numbers = [slot for slots in found.values() for slot in slots]
        assert len(numbers) == len(set(numbers)), "a slot number is one assignment of one student"
        materials = [material for slots in found.values() for material, _, _ in slots.values()]
        assert len(materials) == len(set(materials)), "a material is open once"

    assert set(send(system, "xapi")) == {200}
    assert set(send(system, "canvas")) == {200}
    until(applied, what="both LMSs' events")
    answered = ask(
        """SELECT source.name, count(DISTINCT student_id), count(*) FROM souschef.fact
             JOIN souschef.source ON source.id = source_id WHERE weight > 0 GROUP BY 1 ORDER BY 1"""
    )
    assert [(name, students) for name, students, _ in answered] == [
        ("lms-canvas", len(STUDENTS)),
        ("lms-xapi", len(STUDENTS)),
    ]
    with engine.transaction() as session:
        tool = sources.add(session, "tool", format="canonical", secret_key=settings().secret_key_bytes())
    before = lists("s1")
    english = {skill for n in STUDENTS for _, skill, _ in lists(f"s{n}")["7-ENG"].values()}
    assert "2" in english
    assert "MATH-4-3" not in {material for material, _, _ in lists("s0")["7-MATH"].values()}
    override(system, tool, order="pin", student="s0", material="MATH-4-3", author="t-math", reason="a harder one")
    override(system, tool, order="forbid", **{"class": "7-ENG"}, skill="2", author="t-eng", reason="next term")
    override(system, tool, order="hold", student="s2", author="t-help", reason="ill")
    until(applied, what="three overrides")
    proposed = lists("s3")["7-SCI"]
    key = override(system, tool, order="approve", student="s3", material=next(iter(proposed.values()))[0],
                   author="t-sci", reason="looked at")  # fmt: skip
    assert key
    until(applied, what="the approval")

    assert "MATH-4-3" in {material for material, _, _ in lists("s0")["7-MATH"].values()}
    for student in (f"s{n}" for n in STUDENTS if n != 2):
        assert "2" not in {skill for _, skill, _ in lists(student)["7-ENG"].values()}
    assert {state for _, _, state in lists("s3")["7-SCI"].values()} >= {"assigned"}
    untouched = {"7-HIS", "7-ART"}
    assert {ref: lists("s1")[ref] for ref in untouched} == {ref: before[ref] for ref in untouched}
    done = json.loads(command("refresh-assignments", "--all", "--json"))
    assert (done["students"], done["assigned"], done["withdrawn"]) == (len(STUDENTS), 0, 0)
