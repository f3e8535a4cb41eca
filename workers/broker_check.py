"""Whether the broker answers, what it is, and whether it may forget what it was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import redis
from kombu.connection import Connection

from config.errors import Mendable
from config.settings import Settings
from workers.findings import Finding, note, ok, warning
from workers.findings import error as failed
from workers.surroundings import check_broker

PATIENCE_SECONDS = 3.0
FULL = 0.95
MIB = 1024 * 1024
SWEEP_MENDS = "No event is lost with it, the sweep rings again"


def broker(chosen: Settings) -> Iterator[Finding]:
    """Yield what is found of the broker; it is only a doorbell, so little of it is an error."""
    try:
        url = chosen.broker_url_text()
        check_broker(url)
    except Mendable as refused:
        yield failed("broker", refused.sentence, refused.mend)
        return
    if chosen.broker_url is not None:
        yield from login(url)
    yield from _redis(url) if url.startswith("redis") else _amqp(url)


def login(url: str) -> Iterator[Finding]:
    """Yield whether we are at the broker as the user that every broker has, who may do everything."""
    redis_like = url.startswith("redis")
    user = urlsplit(url).username or ("default" if redis_like else "guest")
    if user == ("default" if redis_like else "guest"):
        rules = "the rules that `souschef secrets` writes into redis_acl" if redis_like else "a virtual host of its own"
        mend = f"Give Souschef a user of its own with {rules}, and name it in SOUSCHEF_BROKER_URL."
        yield note("broker", f"We are at the broker as its user {user}, who may do everything there.", mend)


def _redis(url: str) -> Iterator[Finding]:
    try:
        with redis.Redis.from_url(
            url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
        ) as client:
            info: Mapping[str, Any] = client.info()
    except redis.RedisError as refused:
        said = f"The broker answers, and does not say what it is: {type(refused).__name__}."
        yield note("broker", said, "Allow its user INFO to have its persistence and memory looked at.")
        return
    yield from redis_info(info)


def redis_info(info: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what follows from the answer to INFO."""
    name = "Valkey" if "valkey_version" in info else "Redis"
    yield ok("broker", f"{name} {info.get('valkey_version') or info.get('redis_version', '')} answers.")
    if not info.get("aof_enabled"):
        said = f"The broker keeps nothing through a restart. {SWEEP_MENDS}, seconds later."
        yield note("broker", said, "Set appendonly yes to spare that.")
    most, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if most and used > FULL * most:
        said = f"The broker's memory is full ({used // MIB} of {most // MIB} MiB): bells are refused, and events wait."
        yield failed("broker", said, "Give it more (maxmemory), or find what else fills it; nothing of ours is large.")
    policy = info.get("maxmemory_policy")
    if policy is not None and policy != "noeviction":
        said = f"The broker's maxmemory-policy is {policy}: when its memory is full, it drops rings without a word."
        yield warning("broker", said, "Set maxmemory-policy noeviction.")


def _amqp(url: str) -> Iterator[Finding]:
    with Connection(url, connect_timeout=PATIENCE_SECONDS) as connection:  # type: ignore[no-untyped-call] # kombu's own
        told = getattr(connection.connection, "server_properties", {})
    yield ok("broker", f"{told.get('product', 'The broker')} {told.get('version', '')} answers; its queue is a quorum.")
