"""Settings from the environment, `.env` and secret files; an unknown name is refused, with the nearest known one.

A secret file is in the folder `/run/secrets` of a container, with the name of its variable in lower case:
`/run/secrets/souschef_database_url`. The environment overrides `.env`, and `.env` overrides a file.
"""

import difflib
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import Exit, InvalidSettingsError, OperatorError
from config.local_servers import database_url, read_state
from config.secret_store import MIN_SECRET, load_or_create_secret, read_secret

PREFIX = "SOUSCHEF_"
ENV_FILE = ".env"
SECRETS_FOLDER = Path("/run/secrets")


class ServersNotConfiguredError(OperatorError):
    """No URL is set and no embedded server is running."""


def _data_dir() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "souschef"


class Settings(BaseSettings):
    """Every setting; its variable is `SOUSCHEF_` and its name in upper case."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_ignore_empty=True,  # NAME= in a compose file means unset
        extra="ignore",  # .env may hold other programs' names; unknown SOUSCHEF_ names are refused below
        hide_input_in_errors=True,
        frozen=True,
    )

    database_url: SecretStr | None = Field(default=None, description="PostgreSQL; unset: an embedded one.")
    broker_url: SecretStr | None = Field(default=None, description="Redis, Valkey or RabbitMQ; unset: embedded Valkey.")
    school: str = Field(default="", description="The school that commands mean where --school is not given.")
    data_dir: Path = Field(default_factory=_data_dir, description="Where embedded servers, logs and secrets live.")
    secret_key: SecretStr | None = Field(
        default=None, description="Credentials are derived from it; unset: made and stored in the data folder."
    )
    secret_key_file: Path | None = Field(default=None, description="A file with the secret key.")
    web_host: str = Field(default="127.0.0.1", description="Address of the API.")
    web_port: int = Field(default=8484, ge=1, le=65535, description="Port of the API.")
    web_url: str = Field(
        default="", description="The API's address as senders reach it, such as https://souschef.school.example."
    )
    web_max_body_mb: int = Field(default=16, ge=1, le=128, description="Largest request body, MiB.")
    web_rate_per_second: float = Field(
        default=1000.0,
        gt=0,
        le=1e6,
        description="Requests a second that a source may send steadily to an API process.",
    )
    web_rate_burst: int = Field(
        default=10_000, ge=1, le=10**7, description="Requests that a source may send at once after a pause."
    )
    web_source_requests: int = Field(
        default=64,
        ge=1,
        le=256,
        description="Requests of a source that an API process reads and stores at the same time, of 256 in all; fewer "
        "where less than that is free.",
    )
    flower_host: str = Field(default="127.0.0.1", description="Address of Flower.")
    flower_port: int = Field(default=5555, ge=1, le=65535, description="Port of Flower.")
    flower_user: str = Field(default="chef", description="Flower's user.")
    flower_password: SecretStr | None = Field(default=None, description="Flower's password; unset: made once.")
    flower_url_prefix: str = Field(default="", description="Path of Flower behind a proxy, such as /flower.")
    flower_oauth_allowed: str = Field(
        default="", description="Who may use Flower by OAuth: an address, several with | between, or .*@school.example."
    )
    flower_oauth_key: str = Field(default="", description="Flower's client id at the OAuth provider.")
    flower_oauth_secret: SecretStr | None = Field(default=None, description="Flower's secret at the OAuth provider.")
    flower_oauth_redirect_url: str = Field(default="", description="Flower's own address for people, with /login.")
    flower_oauth_provider: Literal["google", "github", "gitlab", "okta"] | None = Field(
        default=None, description="The OAuth provider; unset: Flower's user and password."
    )
    worker_concurrency: int = Field(
        default_factory=lambda: min(2, os.cpu_count() or 1), ge=1, le=256, description="Processes of one worker."
    )
    lease_seconds: float = Field(
        default=30.0,
        gt=0,
        le=600,
        description="How long a worker keeps a batch of events.",
    )
    sweep_seconds: float = Field(default=10.0, gt=0, le=600, description="How often each worker sweeps.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Lowest logged level.")
    log_format: Literal["json", "console"] = Field(default="json", description="Format of the log.")

    @field_validator("data_dir")
    @classmethod
    def _expand(cls, folder: Path) -> Path:
        folder = folder.expanduser().absolute()
        with suppress(PermissionError):  # reported where the folder is used
            if any(path.exists() and not path.is_dir() for path in (folder, *folder.parents)):
                raise ValueError("it names a file instead of a folder")
        return folder

    @field_validator("database_url")
    @classmethod
    def _normalize_database_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        scheme, _, rest = url.get_secret_value().partition("://")
        if scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
            raise ValueError("it must begin with postgresql://")
        return SecretStr(validate_url(f"postgresql+psycopg://{rest}"))

    @field_validator("broker_url")
    @classmethod
    def _validate_broker_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and url.get_secret_value().partition("://")[0] not in {"redis", "rediss", "amqp", "amqps"}:
            raise ValueError("it must begin with redis://, rediss://, amqp:// or amqps://")
        return None if url is None else SecretStr(validate_url(url.get_secret_value()))

    @field_validator("web_url")
    @classmethod
    def _require_http_scheme(cls, url: str) -> str:
        if url and not validate_url(url).startswith(("https://", "http://")):
            raise ValueError("it must begin with https:// or http://")
        return url.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _require_min_length(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < MIN_SECRET:
            raise ValueError(f"it is shorter than {MIN_SECRET} characters")
        return key

    @field_validator("flower_oauth_allowed")
    @classmethod
    def _validate_oauth_allowed(cls, allowed: str) -> str:
        stars = allowed.count("*")
        if stars and (stars > 1 or "|" in allowed or ".*@" not in allowed or "*" in allowed.rpartition("@")[2]):
            raise ValueError("write one address, several with | between, or .*@ and a domain")
        return allowed

    @field_validator("flower_oauth_provider")
    @classmethod
    def _require_oauth_settings(cls, provider: str | None, others: ValidationInfo) -> str | None:
        required = ("flower_oauth_allowed", "flower_oauth_key", "flower_oauth_secret", "flower_oauth_redirect_url")
        missing = [PREFIX + name.upper() for name in required if not others.data.get(name)]
        if provider is not None and missing:
            raise ValueError(f"it needs {', '.join(missing)} as well")
        return provider

    def database_url_text(self) -> str:
        """Return the URL of the database; of the embedded server if none is set.

        Raises:
            ServersNotConfiguredError: none is set and no embedded server is running.
        """
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return _embedded_url(self.data_dir, "database_url")

    def broker_url_text(self) -> str:
        """Return the URL of the broker; of the embedded server if none is set.

        Raises:
            ServersNotConfiguredError: none is set and no embedded server is running.
        """
        if self.broker_url is not None:
            return self.broker_url.get_secret_value()
        return _embedded_url(self.data_dir, "broker_url")

    def secret_key_bytes(self) -> bytes:
        """Return the secret key: as set, from its file, or made once in the data folder."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        if self.secret_key_file is not None:
            return read_secret(self.secret_key_file)
        return load_or_create_secret(self.data_dir / "secret.key").encode()

    def flower_password_text(self) -> str:
        """Return Flower's password: as set, or made once in the data folder."""
        if self.flower_password is not None:
            return self.flower_password.get_secret_value()
        return load_or_create_secret(self.data_dir / "flower.password")

    def flower_cookie_text(self) -> str:
        """Return the key of Flower's cookies, made once, so that people stay logged in after a restart."""
        return load_or_create_secret(self.data_dir / "flower.cookie")

    def environment(self) -> dict[str, str]:
        """Return the environment variables that give another process these settings, without the unset ones."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            PREFIX + name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in values.items()
            if value is not None
        }


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return this process's settings, read at the first use.

    Raises:
        InvalidSettingsError: a name is unknown, or a value is invalid.
    """
    refuse_unknown_names()
    try:
        return Settings(_secrets_dir=SECRETS_FOLDER if SECRETS_FOLDER.is_dir() else None)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        why = _NOT_A_NUMBER.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        why = why.replace("Input should", "it should", 1)
        raise InvalidSettingsError(
            f"{name} cannot be used: {why}.", "Fix it in the environment, in .env or in its secret file."
        ) from None


def refuse_unknown_names() -> None:
    """Check that every `SOUSCHEF_` name in the environment, `.env` and the secret files is a setting.

    Raises:
        InvalidSettingsError: one is not; the message names the nearest that is.
    """
    names = {PREFIX + name.upper() for name in Settings.model_fields}
    files = {path.name for path in SECRETS_FOLDER.iterdir()} if SECRETS_FOLDER.is_dir() else set()
    for name in sorted({*os.environ, *dotenv_values(ENV_FILE), *files}):
        if name.upper().startswith(PREFIX) and name.upper() not in names:
            near = difflib.get_close_matches(name.upper(), sorted(names), n=1, cutoff=0.0)
            raise InvalidSettingsError(f"{name} is not a setting.", f"Did you mean {near[0]}?")


_NOT_A_NUMBER = {"int_parsing": "it should be a whole number", "float_parsing": "it should be a number"}
"""Type of pydantic's error -> what it says."""

_embedded_urls: dict[tuple[Path, str], str] = {}
"""A cache: URLs of embedded servers stay the same across restarts."""


def _embedded_url(data_dir: Path, name: str) -> str:
    url = _embedded_urls.get((data_dir, name)) or _stored_url(data_dir, name)
    if url is None:
        variable = PREFIX + name.upper()
        error = ServersNotConfiguredError(
            f"{variable} is not set and no embedded server is running.", "Set it, or run `souschef up`."
        )
        error.exit_code = Exit.DATABASE_UNREACHABLE if name == "database_url" else Exit.BROKER_UNREACHABLE
        raise error
    return _embedded_urls.setdefault((data_dir, name), url)


def _stored_url(data_dir: Path, name: str) -> str | None:
    state = read_state(data_dir) or {}
    return database_url(state) if name == "database_url" else state.get(name)


def validate_url(url: str) -> str:
    """Return a URL that can be parsed; RabbitMQ may have several, with `;` between.

    Raises:
        ValueError: it cannot; the message quotes nothing of it, because it may hold a password.
    """
    for part in url.split(";"):
        _validate_one_url(part)
    return url


def _validate_one_url(url: str) -> None:
    server, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    if server.count("@") > 1 or "@" in path or "@" in url.partition("#")[2]:
        raise ValueError("@, /, ? and # in a user's name or password must be written as %40, %2F, %3F and %23")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it parses it
    except ValueError:
        raise ValueError("its host or port cannot be read; write //user:password@host:port/name") from None
    if parts.scheme in {"redis", "rediss"} and not (number := parts.path.strip("/")).isdecimal() and number:
        raise ValueError("its database is a number, such as /0")
