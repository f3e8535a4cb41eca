"""Settings, from the environment, `.env` and secret files; a name that is none of ours is refused with the nearest.

A secret file is one of the folder `/run/secrets`, where containers find theirs, and is called as its variable in small
letters: `/run/secrets/souschef_database_url`. The environment wins over `.env`, and that over a file.
"""

import difflib
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.addresses import checked
from config.errors import DataFolderReadOnly, Exit, Mendable
from config.servers import read_state

PREFIX = "SOUSCHEF_"
ENV_FILE = ".env"
SECRETS_FOLDER = Path("/run/secrets")
MIN_SECRET = 16


class SettingsWrong(Mendable):
    """A setting has an unknown name or a value that makes no sense."""

    exit_code = Exit.WRONG_INPUT


class NoServers(Mendable):
    """Neither a URL is set nor an embedded server is running."""


def _data_dir() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "souschef"


class Settings(BaseSettings):
    """Everything that can be set, each as `SOUSCHEF_` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_ignore_empty=True,  # NAME= in a compose file means unset
        extra="ignore",  # other programs' names in .env; unknown ones of ours are refused below
        hide_input_in_errors=True,
        frozen=True,
    )

    database_url: SecretStr | None = Field(default=None, description="PostgreSQL; unset: an embedded one.")
    broker_url: SecretStr | None = Field(default=None, description="Redis, Valkey or RabbitMQ; unset: embedded Valkey.")
    data_dir: Path = Field(default_factory=_data_dir, description="Where embedded servers, logs and secrets live.")
    secret_key: SecretStr | None = Field(
        default=None, description="What credentials are derived from; unset: made and kept."
    )
    secret_key_file: Path | None = Field(default=None, description="A file that holds the secret key.")
    web_host: str = Field(default="127.0.0.1", description="Address of the doors.")
    web_port: int = Field(default=8484, ge=1, le=65535, description="Port of the doors.")
    web_url: str = Field(
        default="", description="The doors' address as senders reach it, such as https://souschef.school.example."
    )
    web_max_body_mb: int = Field(default=32, ge=16, le=1024, description="Largest request body, MiB.")
    web_rate_per_second: float = Field(
        default=1000.0, gt=0, le=1e6, description="Requests a second that a source may go on sending to a door process."
    )
    web_rate_burst: int = Field(
        default=10_000, ge=1, le=10**7, description="Requests it may send at once after a rest."
    )
    flower_host: str = Field(default="127.0.0.1", description="Address of Flower.")
    flower_port: int = Field(default=5555, ge=1, le=65535, description="Port of Flower.")
    flower_user: str = Field(default="chef", description="Flower's user.")
    flower_password: SecretStr | None = Field(default=None, description="Flower's password; unset: made and kept.")
    flower_url_prefix: str = Field(default="", description="Where Flower hangs behind a proxy, such as /flower.")
    flower_oauth_allowed: str = Field(
        default="", description="Whom Flower lets in by OAuth: an address, some with | between, or .*@school.example."
    )
    flower_oauth_key: str = Field(default="", description="Flower's client id at the OAuth provider.")
    flower_oauth_secret: SecretStr | None = Field(default=None, description="Its secret there.")
    flower_oauth_redirect_url: str = Field(default="", description="Flower's own address as people see it, and /login.")
    flower_oauth_provider: Literal["google", "github", "gitlab", "okta"] | None = Field(
        default=None, description="Who knows the people whom Flower lets in; unset: Flower's user and password."
    )
    worker_concurrency: int = Field(
        default_factory=lambda: min(2, os.cpu_count() or 1), ge=1, le=256, description="Processes of one worker."
    )
    lease_seconds: float = Field(default=30.0, gt=0, le=600, description="How long a worker may hold an event.")
    sweep_seconds: float = Field(default=10.0, gt=0, le=600, description="How often each worker sweeps.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="How much is logged.")
    log_format: Literal["json", "console"] = Field(default="json", description="How it is written.")

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        folder = folder.expanduser().absolute()
        with suppress(PermissionError):  # who may not look finds out where it is used
            if any(path.exists() and not path.is_dir() for path in (folder, *folder.parents)):
                raise ValueError("it names a file, and a folder is due")
        return folder

    @field_validator("database_url")
    @classmethod
    def _psycopg(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        scheme, _, rest = url.get_secret_value().partition("://")
        if scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
            raise ValueError("it must begin with postgresql://")
        return SecretStr(checked(f"postgresql+psycopg://{rest}"))

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and url.get_secret_value().partition("://")[0] not in {"redis", "rediss", "amqp", "amqps"}:
            raise ValueError("it must begin with redis://, rediss://, amqp:// or amqps://")
        return None if url is None else SecretStr(checked(url.get_secret_value()))

    @field_validator("web_url")
    @classmethod
    def _whole(cls, url: str) -> str:
        if url and not checked(url).startswith(("https://", "http://")):
            raise ValueError("it must begin with https:// or http://")
        return url.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _long(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < MIN_SECRET:
            raise ValueError(f"it is shorter than {MIN_SECRET} characters")
        return key

    @field_validator("flower_oauth_allowed")
    @classmethod
    def _as_flower_reads_it(cls, allowed: str) -> str:
        stars = allowed.count("*")
        if stars and (stars > 1 or "|" in allowed or ".*@" not in allowed or "*" in allowed.rpartition("@")[2]):
            raise ValueError("one address, some with | between, or .*@ and a domain")
        return allowed

    @field_validator("flower_oauth_provider")
    @classmethod
    def _with_all_that_it_needs(cls, provider: str | None, others: ValidationInfo) -> str | None:
        needed = ("flower_oauth_allowed", "flower_oauth_key", "flower_oauth_secret", "flower_oauth_redirect_url")
        missing = [PREFIX + name.upper() for name in needed if not others.data.get(name)]
        if provider is not None and missing:
            raise ValueError(f"it needs {', '.join(missing)} as well")
        return provider

    def database_url_text(self) -> str:
        """Return the database's address, of the embedded server where none is set.

        Raises:
            NoServers: none is set and no embedded server is running.
        """
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return _embedded(self.data_dir, "database_url")

    def broker_url_text(self) -> str:
        """Return the broker's address, of the embedded server where none is set.

        Raises:
            NoServers: none is set and no embedded server is running.
        """
        if self.broker_url is not None:
            return self.broker_url.get_secret_value()
        return _embedded(self.data_dir, "broker_url")

    def secret_key_bytes(self) -> bytes:
        """Return the secret key: as set, from its file, or made once and kept in the data folder."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        if self.secret_key_file is not None:
            return _read_secret(self.secret_key_file)
        return _kept_secret(self.data_dir / "secret.key").encode()

    def flower_password_text(self) -> str:
        """Return Flower's password: as set, or made once and kept in the data folder."""
        if self.flower_password is not None:
            return self.flower_password.get_secret_value()
        return _kept_secret(self.data_dir / "flower.password")

    def flower_cookie_text(self) -> str:
        """Return what Flower signs its cookies with, made once and kept: who has logged in stays so."""
        return _kept_secret(self.data_dir / "flower.cookie")

    def environment(self) -> dict[str, str]:
        """Return the variables that give another process these settings; those left alone are left out."""
        chosen = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            PREFIX + name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in chosen.items()
            if value is not None
        }


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return this process's settings, read at the first use.

    Raises:
        SettingsWrong: a name is unknown, or a value makes no sense.
    """
    refuse_unknown_names()
    try:
        return Settings(_secrets_dir=SECRETS_FOLDER if SECRETS_FOLDER.is_dir() else None)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        why = first["msg"].removeprefix("Value error, ").replace("Input should", "it should", 1)
        raise SettingsWrong(
            f"{name} cannot be used: {why}.", "Mend it in the environment, in .env or in its secret file."
        ) from None


def refuse_unknown_names() -> None:
    """Do nothing where every `SOUSCHEF_` name in the environment, in `.env` and among secret files is a setting.

    Raises:
        SettingsWrong: one is not; the message names the nearest that is.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    files = {path.name for path in SECRETS_FOLDER.iterdir()} if SECRETS_FOLDER.is_dir() else set()
    for name in sorted({*os.environ, *dotenv_values(ENV_FILE), *files}):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), sorted(known), n=1, cutoff=0.0)
            raise SettingsWrong(f"{name} is not a setting.", f"Did you mean {near[0]}?")


_answering: dict[tuple[Path, str], str] = {}
"""Addresses of embedded servers once found: they stay good across restarts, so nobody reads the file at each use."""


def _embedded(data_dir: Path, name: str) -> str:
    found = _answering.get((data_dir, name)) or (read_state(data_dir) or {}).get(name)
    if found is None:
        variable = PREFIX + name.upper()
        raise NoServers(f"{variable} is not set and no embedded server is running.", "Set it, or run `souschef up`.")
    return _answering.setdefault((data_dir, name), found)


def _read_secret(path: Path) -> bytes:
    try:
        found = path.read_bytes().strip()
    except OSError as error:
        raise SettingsWrong(
            f"SOUSCHEF_SECRET_KEY_FILE names {path}, which cannot be read: {error.strerror}.",
            "Mend its path or rights.",
        ) from None
    if len(found) < MIN_SECRET:
        raise SettingsWrong(f"The secret key in {path} is shorter than {MIN_SECRET} characters.", "Make a longer one.")
    return found


def _kept_secret(path: Path) -> str:
    """Return the secret kept at `path`, made at the first use and readable by its owner alone.

    Raises:
        DataFolderReadOnly: it is not there and cannot be made.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists():
            return path.read_text().strip()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        with suppress(FileExistsError):  # another process was first: its secret stands
            os.link(draft, path)
        draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise DataFolderReadOnly(path.parent, error.strerror) from None
