"""Time zones by their names in the tz database, such as Europe/Berlin."""

from __future__ import annotations

import difflib
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from config.errors import Exit, OperatorError


class UnknownTimeZoneError(OperatorError):
    """There is no time zone of this name on this machine."""

    exit_code = Exit.WRONG_INPUT


@lru_cache(maxsize=256)
def time_zone(name: str) -> ZoneInfo:
    """Return the time zone of this name.

    Raises:
        UnknownTimeZoneError: there is none; an abbreviation such as CST names several.
    """
    try:
        if name in available_timezones():
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        pass
    by_name = {zone.lower(): zone for zone in available_timezones()}
    near = difflib.get_close_matches(name.lower(), by_name, n=1, cutoff=0.6)
    hint = f"Did you mean {by_name[near[0]]}?" if near else "Write it like Europe/Berlin or America/Los_Angeles."
    raise UnknownTimeZoneError(f"There is no time zone {name[:50]!r}.", hint)
