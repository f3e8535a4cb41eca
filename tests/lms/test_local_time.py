"""Local times and days: what the clock on the wall shows, on the days too when it is set."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.facts import PayloadError, SourceRules
from lms.json_fields import parse_datetime
from lms.local_time import as_utc, end_of_day, start_of_day

BERLIN, ZONES = ZoneInfo("Europe/Berlin"), st.sampled_from(
    [ZoneInfo(name) for name in ("Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland", "America/Havana", "UTC")]
)  # fmt: skip


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def at(text: str, rules: SourceRules) -> dt.datetime:
    return parse_datetime(text, "/at", rules=rules)


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("Europe/Berlin", "2026-10-05T09:00", "2026-10-05T07:00"),
        # In spring the hour from 2:00 is skipped: half past two is half past three, 1:30 in UTC.
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30"),
        # In autumn it comes twice: the first of the two, in summer time.
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),
        ("America/Los_Angeles", "2026-03-08T02:30", "2026-03-08T10:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45"),
    ],
)
def test_a_local_time_is_one_moment_also_where_it_is_skipped_or_comes_twice(
    zone: str, local: str, expected: str
) -> None:
    assert as_utc(dt.datetime.fromisoformat(local), ZoneInfo(zone)) == utc(expected)


def test_a_time_that_names_its_zone_keeps_it() -> None:
    assert as_utc(dt.datetime.fromisoformat("2026-10-05T09:00+02:00"), ZoneInfo("Asia/Tokyo")) == utc(
        "2026-10-05T07:00"
    )


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("America/Los_Angeles", "2026-12-18", ("2026-12-18T08:00", "2026-12-19T08:00")),
        ("Pacific/Auckland", "2026-12-18", ("2026-12-17T11:00", "2026-12-18T11:00")),
        # A day of 23 hours, and one of 25.
        ("Europe/Berlin", "2026-03-29", ("2026-03-28T23:00", "2026-03-29T22:00")),
        ("Europe/Berlin", "2026-10-25", ("2026-10-24T22:00", "2026-10-25T23:00")),
        # In Cairo midnight itself is skipped: the day begins at one o'clock.
        ("Africa/Cairo", "2026-04-24", ("2026-04-23T22:00", "2026-04-24T21:00")),
        # In Havana it comes twice: the day begins with the first.
        ("America/Havana", "2026-11-01", ("2026-11-01T04:00", "2026-11-02T05:00")),
    ],
)
def test_a_day_lasts_from_its_first_moment_to_that_of_the_next(zone: str, day: str, expected: tuple[str, str]) -> None:
    found = (
        start_of_day(dt.date.fromisoformat(day), ZoneInfo(zone)),
        end_of_day(dt.date.fromisoformat(day), ZoneInfo(zone)),
    )
    assert found == (utc(expected[0]), utc(expected[1]))


@given(st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)), ZONES)
def test_days_follow_each_other_without_a_hole(day: dt.date, zone: ZoneInfo) -> None:
    start, end = start_of_day(day, zone), end_of_day(day, zone)
    assert start.astimezone(zone).date() == day
    assert (start - dt.timedelta(microseconds=1)).astimezone(zone).date() < day
    assert end == start_of_day(day + dt.timedelta(days=1), zone)
    assert dt.timedelta(hours=22) < end - start < dt.timedelta(hours=26)


def test_a_time_of_an_event_without_a_zone_is_read_in_the_sources() -> None:
    assert at("2026-10-05T09:00:00", SourceRules()) == utc("2026-10-05T09:00")
    for written in ("2026-10-05T09:00:00", "2026-10-05 09:00", "2026-10-05T09:00:00.000"):
        assert at(written, SourceRules(zone=BERLIN)) == utc("2026-10-05T07:00")
    assert at("2026-10-05T09:00:00Z", SourceRules(zone=BERLIN)) == utc("2026-10-05T09:00")


def test_a_time_without_a_zone_is_not_later_than_its_event_came() -> None:
    """A school in Auckland whose source has no zone: nine in the morning there would lie 13 hours ahead."""
    came = utc("2026-10-04T20:00:05")
    assert at("2026-10-05T09:00:00", SourceRules(received_at=came)) == came
    assert at("2026-10-05T09:00:00", SourceRules(zone=ZoneInfo("Pacific/Auckland"), received_at=came)) == utc(
        "2026-10-04T20:00"
    )
    # A time that names its zone is the sender's word, and refused later.
    assert at("2026-10-05T09:00:00Z", SourceRules(received_at=came)) == utc("2026-10-05T09:00")


@pytest.mark.parametrize("written", ["2026-10-05", "2026-02-30T09:00:00", "1899-10-05T09:00:00", "9 o'clock", 7, None])
def test_what_is_no_time_stays_refused(written: object) -> None:
    with pytest.raises(PayloadError, match="bad_time"):
        parse_datetime(written, "/at", rules=SourceRules())
