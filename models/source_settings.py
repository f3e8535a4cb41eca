"""What an operator may set on a source beside its format and surveys; each setting is checked when it is set."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session

from models import sources


class SettingRefused(ValueError):  # noqa: N818 - it is told as what is wrong
    """A setting has no such name, or its value makes no sense."""


def change(session: Session, name: str, told: Sequence[str], *, school: str | None = None) -> dict[str, Any]:
    """Set settings of a source, each told as KEY=VALUE, and return all that it has now; an empty value removes one.

    Raises:
        SettingRefused: nothing was changed.
        sources.SourceUnknown: no such source, or no such school.
    """
    new = dict(_read(each) for each in told)
    source, _ = sources.named(session, name, school=school)
    wrong = sorted(key for key in new if source.format not in SETTINGS[key][0])
    if wrong:
        raise SettingRefused(f"{', '.join(wrong)} is not for a source of the format {source.format}.")
    merged = {**source.settings, **new}
    source.settings = {key: value for key, value in merged.items() if value is not None}
    session.add(source)
    session.flush()
    return source.settings


def _read(told: str) -> tuple[str, Any]:
    key, equals, value = told.partition("=")
    if not equals:
        raise SettingRefused(f"{told} is no setting: write KEY=VALUE, such as jwks_url=https://keys.example/jwks.")
    if key not in SETTINGS:
        raise SettingRefused(f"There is no setting {key}; there are {' and '.join(sorted(SETTINGS))}.")
    return key, SETTINGS[key][1](value) if value else None


def _key_set(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme != "https" or parts.username is not None or any(map(str.isspace, value)):
        raise SettingRefused("jwks_url is no https:// address: whoever can alter the key set could sign any event.")
    return value


def _names(value: str) -> list[str]:
    found = sorted({name.strip() for name in value.split(",")} - {""})
    if not found:
        raise SettingRefused("root_accounts names no account: write their uuids with commas between.")
    return found


SETTINGS: Mapping[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {
    "jwks_url": (("canvas",), _key_set),
    "root_accounts": (("canvas",), _names),
}
"""Name -> (formats that have it, how its value is read)."""
