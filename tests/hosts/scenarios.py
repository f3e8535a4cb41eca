"""What is done to the hosts, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.hosts.parts import Deployment

AWAY_SECONDS = 3.0
CUT_SECONDS = 12.0
"""Longer than TCP waits for an answer of the database (8 s), shorter than a lease."""
KILLED = ("proxy", "api1", "worker1", "broker", "primary", "replica")
CUT = ("proxy", "api2", "worker2", "broker", "primary", "replica")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to the hosts while events come."""

    name: str
    run: Callable[[Deployment], None]


def kill(host: str) -> Fault:
    """Kill a host's program and start it again after some seconds."""

    def run(hosts: Deployment) -> None:
        hosts.parts[host].kill()
        time.sleep(AWAY_SECONDS)
        hosts.start(host)

    return Fault(f"kill {host}", run)


def cut(host: str) -> Fault:
    """Take a host's link down, and up again after some seconds."""

    def run(hosts: Deployment) -> None:
        hosts.net.cut(host)
        time.sleep(CUT_SECONDS)
        hosts.net.heal(host)

    return Fault(f"cut {host}", run)


def restart_one_by_one(hosts: Deployment) -> None:
    """Stop and start each of our processes in turn, as an upgrade does."""
    for host in ("api1", "api2", "worker1", "worker2"):
        hosts.parts[host].stop()
        hosts.start(host)


FAULTS = (
    Fault("none", lambda _: None),
    *map(kill, KILLED),
    *map(cut, CUT),
    Fault("rolling restart", restart_one_by_one),
)
