"""Whether what must be secret is: who may read the data folder, and how hard to guess what was set is."""

from __future__ import annotations

import ipaddress
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from config.errors import DataFolderForeign, Mendable
from config.settings import ENV_FILE, PREFIX, SECRETS_FOLDER, Settings
from workers.findings import Finding, error, note, ok, warning

HELD_IN_SECRET = frozenset(
    PREFIX + name.upper() for name, field in Settings.model_fields.items() if field.annotation == SecretStr | None
)
"""The settings that a person must not read over one's shoulder."""
SHORT_SECRET = 32
SHORT_PASSWORD = 12
WELL_KNOWN = frozenset(
    "admin changeme chef default flower guest password pepper postgres redis secret souschef test".split()  # noqa: SIM905 - a list of words reads best as words
)


def data_folder(folder: Path) -> Iterator[Finding]:
    """Yield whether the data folder and the secrets in it are there for their owner alone."""
    if not folder.is_dir():
        yield note("data folder", f"{folder} is not there yet.", "`souschef up` makes it.")
        return
    if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        said = f"{folder}, with all logs, is open to others than its owner."
        yield warning("data folder", said, f"chmod 700 {folder}")
    if not os.access(folder, os.R_OK | os.X_OK):
        foreign = DataFolderForeign(folder)
        yield error("data folder", foreign.sentence, foreign.mend)
        return
    for name in ("secret.key", "flower.password", "flower.cookie"):
        path = folder / name
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield error("secrets", f"{path} can be read by others than its owner.", f"chmod 600 {path}")


def files(chosen: Settings) -> Iterator[Finding]:
    """Yield which files outside of the data folder that hold a secret of ours others can read."""
    told = dotenv_values(ENV_FILE)
    holding = [Path(ENV_FILE).absolute()] if any(told.get(name) for name in HELD_IN_SECRET) else []
    holding += [chosen.secret_key_file] if chosen.secret_key_file is not None else []
    for path in holding:
        # Where containers mount their secrets, everybody in there may read them: one process and no other.
        if path.exists() and path.parent != SECRETS_FOLDER and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield warning(
                "secrets", f"{path} holds a secret, and others than its owner can read it.", f"chmod 600 {path}"
            )


def secrets(chosen: Settings) -> Iterator[Finding]:
    """Yield what is weak among the secrets that are set; those that we make ourselves are not."""
    weak = list(_weak_secrets(chosen))
    yield from weak
    if not weak:
        yield ok("secrets", "No secret that is set is short or well known.")


def _weak_secrets(chosen: Settings) -> Iterator[Finding]:
    try:
        key = chosen.secret_key_bytes().decode(errors="replace") if _is_key_set(chosen) else None
    except Mendable as unreadable:
        yield error("secrets", unreadable.sentence, unreadable.mend)
        return
    mend = "Set one made with `openssl rand -hex 24`; every source's secret changes with it, so do it before term."
    if key is not None and (_is_well_known(key) or len(set(key)) < 8):  # noqa: PLR2004 - a random one has far more
        yield error("secrets", "SOUSCHEF_SECRET_KEY can be guessed, and every source's secret with it.", mend)
    elif key is not None and len(key) < SHORT_SECRET:
        yield warning("secrets", f"SOUSCHEF_SECRET_KEY is shorter than {SHORT_SECRET} characters.", mend)
    password = None if chosen.flower_password is None else chosen.flower_password.get_secret_value()
    if password is not None and (_is_well_known(password) or password == chosen.flower_user):
        yield error("secrets", "SOUSCHEF_FLOWER_PASSWORD can be guessed.", "Set another, or none: one is made.")
    elif password is not None and len(password) < SHORT_PASSWORD:
        yield warning("secrets", "SOUSCHEF_FLOWER_PASSWORD is short.", "Set a longer one, or none: one is made.")
    for name, address in (("SOUSCHEF_DATABASE_URL", chosen.database_url), ("SOUSCHEF_BROKER_URL", chosen.broker_url)):
        url = None if address is None else make_url(address.get_secret_value())
        if url is None or not (url.password is None or _is_well_known(url.password) or url.password == url.username):
            continue
        what = "has no password" if url.password is None else "has a password that can be guessed"
        tell = note if is_loopback(url.host or "localhost") else warning
        yield tell("secrets", f"{name} {what}.", "Give the server's user a password of its own.")


def _is_key_set(chosen: Settings) -> bool:
    return chosen.secret_key is not None or chosen.secret_key_file is not None


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_well_known(secret: str) -> bool:
    return secret.lower().rstrip("0123456789!") in WELL_KNOWN
