"""Local times and days as moments in UTC: what a clock on the wall means in a time zone."""

from __future__ import annotations

import datetime as dt

DAY = dt.timedelta(days=1)


def as_utc(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Return a moment in UTC; one without a zone is what the clocks in `zone` show.

    A time that they show twice in autumn is the first of the two. A time that they skip in spring counts from the
    offset before: where an hour is skipped at 2:00, half past two is half past three. So no local time is unreadable,
    and the start of a day whose midnight is skipped is the first moment of that day.

    Source: PEP 495, `fold=0`.
    """
    local = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone, fold=0)
    return local.astimezone(dt.UTC)


def start_of_day(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """Return the first moment of a day in a time zone."""
    return as_utc(dt.datetime.combine(day, dt.time.min), zone)


def end_of_day(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """Return the end of a day in a time zone, which is the first moment of the next one: a day may have 23 hours."""
    return start_of_day(day + DAY, zone)
