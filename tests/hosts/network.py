"""Hosts on one machine: a network namespace each, joined by a bridge that has a namespace of its own. Needs root.

Nothing is seen outside: all addresses are those of the namespaces, which are gone at the end.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ADDRESSES = {
    "lms": "10.77.0.10",
    "proxy": "10.77.0.11",
    "api1": "10.77.0.21",
    "api2": "10.77.0.22",
    "worker1": "10.77.0.31",
    "worker2": "10.77.0.32",
    "broker": "10.77.0.41",
    "primary": "10.77.0.51",
    "replica": "10.77.0.52",
}
NAMESPACES = Path("/run/netns")


@dataclass(slots=True)
class Network:
    """The namespaces of one run; `prefix` tells them from another's."""

    prefix: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def space(self, host: str) -> str:
        """Return the name of a host's namespace."""
        return f"{self.prefix}{host}"

    def make(self) -> None:
        """Make the bridge and every host, with its address."""
        hub = self.space("hub")
        ip("netns", "add", hub)
        ip("-n", hub, "link", "add", "bridge0", "type", "bridge")
        ip("-n", hub, "link", "set", "bridge0", "up")
        for host, address in ADDRESSES.items():
            own = self.space(host)
            ip("netns", "add", own)
            ip("-n", hub, "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", own)
            ip("-n", hub, "link", "set", host, "master", "bridge0", "up")
            ip("-n", own, "address", "add", f"{address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                ip("-n", own, "link", "set", device, "up")

    def remove(self) -> None:
        """Remove all namespaces of this run."""
        for space in sorted(NAMESPACES.glob(f"{self.prefix}*")):
            ip("netns", "delete", space.name)

    def cut(self, host: str) -> None:
        """Take a host's link down, as if somebody pulled the cable."""
        ip("-n", self.space("hub"), "link", "set", host, "down")

    def heal(self, host: str) -> None:
        """Take a host's link up again."""
        ip("-n", self.space("hub"), "link", "set", host, "up")

    def enter(self, host: str) -> list[str]:
        """Return the beginning of a command that runs on a host."""
        return ["nsenter", f"--net={NAMESPACES / self.space(host)}"]

    def start(
        self, host: str, command: Sequence[str | Path], *, env: Mapping[str, str], log: Path, folder: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command on a host, in a process group of its own; its log is appended to."""
        with log.open("ab") as out:
            popen = subprocess.Popen(
                [*self.enter(host), *map(str, command)],
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.processes.append(popen)
        return popen


@contextmanager
def network(prefix: str) -> Iterator[Network]:
    """Make the hosts of a run; end what was started on them, and remove them, afterwards."""
    made = Network(prefix)
    try:
        made.make()
        yield made
    finally:
        for popen in made.processes:
            end(popen, signal=9)
        made.remove()


def end(popen: subprocess.Popen[bytes], *, signal: int) -> None:
    """Signal a process group that this run has started."""
    try:
        os.killpg(popen.pid, signal)
    except ProcessLookupError:
        return
    if signal == 9:
        popen.wait(30)


def ip(*words: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
