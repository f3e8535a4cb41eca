"""A school's dates are its own days: in files, in deadlines, and when its time zone is set later."""

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from config.time_zones import UnknownTimeZoneError
from lms.files.registry import parse
from models import clock, engine
from models.access import school_time, schools
from models.assignments import policies
from models.assignments.policies import PolicyDocument
from models.imports import load as imports
from models.tables import OrmBase
from tasks.pipeline.overrides import parse_deadline
from workers.cli.main import app

SHAPES = Path(__file__).parents[2] / "samples" / "real_shapes"
SCOPE = (SHAPES / "scope_dates_school_zone.scope.csv").read_bytes()
FILES = {
    "orgs.csv": b"sourcedId,name,type\nx,School X,school\n",
    "classes.csv": b"sourcedId,title\nk1,Maths\n",
    "users.csv": b"sourcedId,role\ns1,student\n",
    "enrollments.csv": b"classSourcedId,userSourcedId,role,beginDate,endDate\nk1,s1,student,2026-09-01,2026-12-19\n",
    "skills.csv": b"skill,title\n5.NF.1,adding\n",
    "materials.csv": b"material,title,url,skills,difficulty,active_from,active_until\n"
    b"m1,Sheet,https://m.example/1,5.NF.1,0,2026-09-01,2026-09-30\n",
    "scope.csv": SCOPE,
}
MOMENTS = """
    SELECT opens_at, due_at, closes_at, began_at, ended_at, active_from, active_until
      FROM souschef.scope, souschef.enrolment, souschef.material
"""


def load(timezone: str | None = None) -> imports.LoadReport:
    with engine.transaction() as session:
        return imports.load(session, None, parse(FILES.items()), timezone=timezone)


def moments() -> list[str]:
    with engine.transaction() as session:
        [row] = session.connection().execute(text(MOMENTS)).all()
    return [f"{moment.astimezone(dt.UTC):%m-%dT%H}" for moment in row]


IN_LOS_ANGELES = ["09-07T07", "12-05T08", "12-19T08", "09-01T07", "12-19T08", "09-01T07", "10-01T07"]
"""In summer time, which ends on the first of November, seven hours behind; then eight."""


@pytest.mark.usefixtures("database_url")
@pytest.mark.parametrize(
    ("zone", "closes"), [("America/Los_Angeles", "12-19T08"), ("Pacific/Auckland", "12-18T11"), (None, "12-19T00")]
)
def test_a_closing_date_is_a_day_of_the_school(zone: str | None, closes: str) -> None:
    load(zone)
    assert moments()[2] == closes


@pytest.mark.usefixtures("database_url")
def test_the_zone_stays_with_the_school_and_a_second_load_changes_nothing() -> None:
    load("America/Los_Angeles")
    assert moments() == IN_LOS_ANGELES
    assert not load().any
    assert not load("America/Los_Angeles").any
    assert moments() == IN_LOS_ANGELES


@pytest.mark.usefixtures("database_url")
def test_a_zone_that_is_set_later_keeps_the_days_and_moves_the_moments() -> None:
    """As if it had been set before the first load; an enrolment is moved, not ended and begun again."""
    load()
    ran = CliRunner().invoke(app, ["school", "set", "--timezone", "America/Los_Angeles"])
    assert ran.exit_code == 0, ran.output
    assert moments() == IN_LOS_ANGELES
    assert not load().any
    # And back again, by a load: every moment is where it was.
    load("UTC")
    assert moments() == ["09-07T00", "12-05T00", "12-19T00", "09-01T00", "12-19T00", "09-01T00", "10-01T00"]


@pytest.mark.usefixtures("database_url")
def test_moments_that_are_no_days_stay_when_the_zone_is_set() -> None:
    """A setting that ends at noon ends then; one that ends with a day ends with that day at the school."""
    load()
    noon, last = "2026-12-01T12:00:00+00:00", "2026-12-01T23:59:59+00:00"
    with engine.transaction() as session:
        school = schools.resolve(session, "x").id
        ends = PolicyDocument(
            {"slots": 2, "approve": True}, {"slots": noon, "approve": last}, {"slots": {}, "approve": {}}
        )
        policies.save_policy(session, school, None, ends, author="t", reason="r")
        assert school_time.set_zone(session, school, "America/Los_Angeles")
        assert not school_time.set_zone(session, school, "America/Los_Angeles")
        until = policies.load_policy(session, school, None).until
    assert until == {"slots": noon, "approve": "2026-12-02T07:59:59+00:00"}


@pytest.mark.usefixtures("database_url")
def test_today_is_the_day_at_the_school() -> None:
    """At 23:30 in UTC it is tomorrow in Auckland, and still today in Los Angeles."""
    load()
    with engine.transaction() as session:
        school = schools.resolve(session, None).id
        clock.set_to(session, dt.datetime(2026, 10, 5, 23, 30, tzinfo=dt.UTC))
        for zone, day in (("UTC", 5), ("Pacific/Auckland", 6), ("America/Los_Angeles", 5)):
            school_time.set_zone(session, school, zone)
            assert school_time.today(session, school) == dt.date(2026, 10, day)


def test_a_deadline_is_the_last_second_of_a_day_at_the_school() -> None:
    now, zone = dt.datetime(2026, 10, 5, tzinfo=dt.UTC), ZoneInfo("America/Los_Angeles")

    def deadline(written: str, **options: Any) -> str:
        return parse_deadline(written, now=now, zone=zone, **options).isoformat()

    assert deadline("2026-12-18") == "2026-12-19T07:59:59+00:00"
    assert deadline("2026-12-18", start_of_day=True) == "2026-12-18T08:00:00+00:00"
    assert deadline("2026-12-18T14:00") == "2026-12-18T22:00:00+00:00"
    assert deadline("2026-12-18T14:00Z") == "2026-12-18T14:00:00+00:00"
    # The day on which the clocks go back has 25 hours, and its end is after all of them.
    assert deadline("2026-11-01") == "2026-11-02T07:59:59+00:00"


@pytest.mark.usefixtures("database_url")
def test_an_unknown_zone_is_refused_with_the_nearest_and_nothing_is_loaded() -> None:
    with pytest.raises(UnknownTimeZoneError, match="Did you mean Europe/Berlin"):
        load("europe/Berln")
    with engine.transaction() as session:
        assert schools.all_schools(session) == []
    with pytest.raises(UnknownTimeZoneError, match="Write it like Europe/Berlin"):
        load("../../etc/passwd")


def test_every_column_that_holds_a_day_moves_with_the_zone() -> None:
    """The columns of `DATES` exist; a new table with a period of its own has to be decided here."""
    tables = OrmBase.metadata.tables
    for table, columns in school_time.DATES.items():
        assert set(columns) <= set(tables[f"souschef.{table}"].columns.keys())
    periods = {
        f"{table.name}.{column.name}"
        for table in tables.values()
        for column in table.columns
        if column.name.endswith(("opens_at", "closes_at", "due_at", "began_at", "active_from", "active_until"))
    }
    assert periods <= {f"{table}.{column}" for table, columns in school_time.DATES.items() for column in columns}


@pytest.mark.usefixtures("database_url")
def test_the_doctor_asks_for_the_zone_until_it_is_set() -> None:
    load()
    assert "time zone" in CliRunner().invoke(app, ["doctor"]).output
    load("Europe/Berlin")
    assert "in which time zone" not in CliRunner().invoke(app, ["doctor"]).output
    shown = CliRunner().invoke(app, ["school", "show", "--json"]).output
    assert '"timezone": "Europe/Berlin"' in shown
