"""Break a deployment on several hosts, part by part, and count what was lost: `make hosts` (needs root and Linux).

Hosts are network namespaces on this machine: two API hosts behind HAProxy, two worker hosts, RabbitMQ, PostgreSQL with
a streaming replica. Each part is killed, cut off and healed while an LMS sends; then all are restarted in turn.

Examples:
    make hosts                                  every fault, 400 events each
    make hosts HOSTS="--events 100 --only api"  only faults whose name has "api" in it
    make hosts HOSTS="--write"                  write docs/results/hosts.md
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hosts.network import Network, end, network
from tests.hosts.parts import BROKER, DATABASE, SECRET_KEY, Deployment, make_souschef_database
from tests.hosts.scenarios import FAULTS

NEEDED = ("ip", "nsenter", "setpriv", "haproxy", "rabbitmq-server")
RESULTS = Path(__file__).parents[2] / "docs" / "results" / "hosts.md"
SEED = 23
KILL = 9


def main() -> None:
    """Make the hosts, then run this program again on the LMS's host, from which all others are reached."""
    parser = argparse.ArgumentParser(
        prog="make hosts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=400, help="events a fault (default: %(default)s)")
    parser.add_argument("--only", default="", help="only faults whose name contains this")
    parser.add_argument("--write", action="store_true", help="write docs/results/hosts.md")
    parser.add_argument("--throughput", type=int, default=8000, help="events for one and two worker hosts; 0: skip")
    parser.add_argument("--prefix", default=f"ssc{os.getpid()}-", help=argparse.SUPPRESS)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    missing = [name for name in NEEDED if shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    if os.geteuid() != 0 or missing:
        sys.exit(f"souschef: make hosts needs root on Linux, and these programs: {', '.join(missing or NEEDED)}.")
    sys.exit(outside(asked) if asked.inside is None else inside(asked))


def outside(asked: argparse.Namespace) -> int:
    """Make the hosts, and run the rest on the LMS's; return its exit code."""
    folder = Path(tempfile.mkdtemp(prefix="souschef-hosts-"))
    own = ["--prefix", asked.prefix, "--inside", str(folder)]
    try:
        with network(asked.prefix) as net:
            command = [*net.enter("lms"), sys.executable, "-m", "tests.hosts", *sys.argv[1:], *own]
            return subprocess.run(command, check=False).returncode
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def inside(asked: argparse.Namespace) -> int:
    """Start all parts, run the faults and print the page; return 1 if anything was lost or doubled."""
    os.environ |= {
        "SOUSCHEF_DATABASE_URL": DATABASE,
        "SOUSCHEF_BROKER_URL": BROKER,
        "SOUSCHEF_SECRET_KEY": SECRET_KEY,
        "SOUSCHEF_DATA_DIR": str(asked.inside / "lms"),
        "SOUSCHEF_LOG_LEVEL": "WARNING",
    }
    hosts = Deployment(Network(asked.prefix), asked.inside)
    try:
        return run(hosts, asked)
    finally:
        for popen in hosts.net.processes:
            end(popen, signal=KILL)


def run(hosts: Deployment, asked: argparse.Namespace) -> int:
    """Start the parts in order, then do one fault after the other."""
    from tests.hosts import faults  # what it imports reads the settings

    hosts.prepare()
    hosts.start("primary")
    make_souschef_database()
    hosts.copy_to_replica()
    hosts.start("replica", "broker")
    school = faults.load_school()
    hosts.start("api1", "api2", "worker1", "worker2", "proxy")
    rows = []
    for number, fault in enumerate(FAULTS):
        if asked.only in fault.name:
            row = faults.run(hosts, school, fault, events=asked.events, seed=SEED + number)
            rows.append(row)
            sys.stderr.write(f"{row.fault}: {row.counts}, {row.refused} sent again, quiet after {row.quiet:.1f} s\n")
    rates = faults.throughput(hosts, school, events=asked.throughput) if asked.throughput else {}
    options = " ".join(sys.argv[1:-4])
    command = f'make hosts HOSTS="{options}"' if options else "make hosts"
    page = faults.page(rows, rates, school=school, command=command)
    sys.stdout.write(page)
    if asked.write:
        RESULTS.write_text(page)
    return int(any(row.bad for row in rows))


if __name__ == "__main__":
    main()
