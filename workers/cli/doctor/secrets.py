"""Check secrets: who may read the data directory and secret files, and how strong the secrets are."""

from __future__ import annotations

import ipaddress
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from config.errors import DataDirNotOwnedError, OperatorError
from config.settings import ENV_FILE, PREFIX, SECRETS_FOLDER, Settings
from workers.cli.doctor.findings import Finding, error, note, ok, warning

SECRET_SETTINGS = frozenset(
    PREFIX + name.upper() for name, field in Settings.model_fields.items() if field.annotation == SecretStr | None
)
"""The settings whose values are secrets."""
SHORT_SECRET = 32
SHORT_PASSWORD = 12
WELL_KNOWN = frozenset(
    "admin changeme chef default flower guest password pepper postgres redis secret souschef test".split()  # noqa: SIM905 - a list of words reads best as words
)


def data_folder(folder: Path) -> Iterator[Finding]:
    """Check that only their owner can read the data directory and the secrets in it."""
    if not folder.is_dir():
        yield note("data folder", f"{folder} does not exist yet.", "`souschef up` creates it.")
        return
    if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield warning("data folder", f"Others than its owner can open {folder} and its logs.", f"chmod 700 {folder}")
    if not os.access(folder, os.R_OK | os.X_OK):
        foreign = DataDirNotOwnedError(folder)
        yield error("data folder", foreign.message, foreign.hint)
        return
    for name in ("secret.key", "flower.password", "flower.cookie"):
        path = folder / name
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield error("secrets", f"Others than its owner can read {path}.", f"chmod 600 {path}")


def files(settings: Settings) -> Iterator[Finding]:
    """Check that only their owner can read the files outside of the data directory that contain secrets."""
    values = dotenv_values(ENV_FILE)
    paths = [Path(ENV_FILE).absolute()] if any(values.get(name) for name in SECRET_SETTINGS) else []
    paths += [settings.secret_key_file] if settings.secret_key_file is not None else []
    for path in paths:
        # A container's mounted secrets are readable by all users of the container, which runs a single process.
        if path.exists() and path.parent != SECRETS_FOLDER and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield warning(
                "secrets", f"{path} contains a secret, and others than its owner can read it.", f"chmod 600 {path}"
            )


def secrets(settings: Settings) -> Iterator[Finding]:
    """Check the strength of the secrets that are set; generated ones are strong."""
    weak = list(_weak_secrets(settings))
    yield from weak
    if not weak:
        yield ok("secrets", "No secret that is set is short or well known.")


def _weak_secrets(settings: Settings) -> Iterator[Finding]:
    try:
        key = settings.secret_key_bytes().decode(errors="replace") if _is_key_set(settings) else None
    except OperatorError as unreadable:
        yield error("secrets", unreadable.message, unreadable.hint)
        return
    fix = "Set one made with `openssl rand -hex 24` before the semester; it changes every source's secret."
    if key is not None and (_is_well_known(key) or len(set(key)) < 8):  # noqa: PLR2004 - a random one has far more
        yield error("secrets", "SOUSCHEF_SECRET_KEY can be guessed, and every source's secret with it.", fix)
    elif key is not None and len(key) < SHORT_SECRET:
        yield warning("secrets", f"SOUSCHEF_SECRET_KEY is shorter than {SHORT_SECRET} characters.", fix)
    password = None if settings.flower_password is None else settings.flower_password.get_secret_value()
    if password is not None and (_is_well_known(password) or password == settings.flower_user):
        yield error("secrets", "SOUSCHEF_FLOWER_PASSWORD can be guessed.", "Set another, or none: one is generated.")
    elif password is not None and len(password) < SHORT_PASSWORD:
        yield warning("secrets", "SOUSCHEF_FLOWER_PASSWORD is short.", "Set a longer one, or none: one is generated.")
    addresses = (("SOUSCHEF_DATABASE_URL", settings.database_url), ("SOUSCHEF_BROKER_URL", settings.broker_url))
    for name, address in addresses:
        url = None if address is None else make_url(address.get_secret_value())
        if url is None or not (url.password is None or _is_well_known(url.password) or url.password == url.username):
            continue
        problem = "has no password" if url.password is None else "has a password that can be guessed"
        finding = note if is_loopback(url.host or "localhost") else warning
        yield finding("secrets", f"{name} {problem}.", "Give the server's user a password of its own.")


def _is_key_set(settings: Settings) -> bool:
    return settings.secret_key is not None or settings.secret_key_file is not None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine's loopback address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_well_known(secret: str) -> bool:
    return secret.lower().rstrip("0123456789!") in WELL_KNOWN
