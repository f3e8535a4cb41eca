"""Check the broker: whether it answers, its version, its persistence and its memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import redis
from kombu.connection import Connection

from config.errors import OperatorError
from config.settings import Settings
from workers.cli.doctor.findings import Finding, note, ok, warning
from workers.cli.doctor.findings import error as failed
from workers.preflight import check_broker

TIMEOUT_SECONDS = 3.0
FULL_SHARE = 0.95
MIB = 1024 * 1024
SWEEP_RECOVERS = "No event is lost with it: the sweep notifies workers again"


def broker(settings: Settings) -> Iterator[Finding]:
    """Check the broker; it carries only notifications, so few findings are errors."""
    try:
        url = settings.broker_url_text()
        check_broker(url)
    except OperatorError as refused:
        yield failed("broker", refused.message, refused.hint)
        return
    if settings.broker_url is not None:
        yield from login(url)
    yield from _redis(url) if url.startswith("redis") else _amqp(url)


def login(url: str) -> Iterator[Finding]:
    """Check that our login is not the broker's default user, who may do everything."""
    redis_like = url.startswith("redis")
    user = urlsplit(url).username or ("default" if redis_like else "guest")
    if user == ("default" if redis_like else "guest"):
        rules = "the rules that `souschef secrets` writes into redis_acl" if redis_like else "its own virtual host"
        fix = f"Create a user for Souschef with {rules}, and name it in SOUSCHEF_BROKER_URL."
        yield note("broker", f"Souschef logs in to the broker as its user {user}, who may do everything.", fix)


def _redis(url: str) -> Iterator[Finding]:
    try:
        with redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        ) as client:
            info: Mapping[str, Any] = client.info()
    except redis.RedisError as refused:
        sentence = f"The broker answers, but refuses INFO: {type(refused).__name__}."
        yield note("broker", sentence, "Allow Souschef's user INFO, so that its persistence and memory can be checked.")
        return
    yield from redis_info(info)


def redis_info(info: Mapping[str, Any]) -> Iterator[Finding]:
    """Check the answer to INFO."""
    name = "Valkey" if "valkey_version" in info else "Redis"
    yield ok("broker", f"{name} {info.get('valkey_version') or info.get('redis_version', '')} answers.")
    if not info.get("aof_enabled"):
        sentence = f"The broker loses its messages at a restart. {SWEEP_RECOVERS}, seconds later."
        yield note("broker", sentence, "Set appendonly yes to avoid that.")
    limit, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if limit and used > FULL_SHARE * limit:
        sentence = f"The broker's memory is full ({used // MIB} of {limit // MIB} MiB): it refuses messages."
        fix = "Give it more memory (maxmemory), or find what else fills it; Souschef's own messages are small."
        yield failed("broker", sentence, fix)
    policy = info.get("maxmemory_policy")
    if policy is not None and policy != "noeviction":
        sentence = f"The broker's maxmemory-policy is {policy}: when its memory is full, it drops messages silently."
        yield warning("broker", sentence, "Set maxmemory-policy noeviction.")


def _amqp(url: str) -> Iterator[Finding]:
    with Connection(url, connect_timeout=TIMEOUT_SECONDS) as connection:  # type: ignore[no-untyped-call] # kombu's own
        server = getattr(connection.connection, "server_properties", {})
    name = f"{server.get('product', 'The broker')} {server.get('version', '')}"
    yield ok("broker", f"{name} answers; the queue is a quorum queue.")
