"""What a name server would say to a test's processes, from TEST_HOSTS ("host:443=127.0.0.1:8443 ...").

Python imports this file by its name where its folder is on PYTHONPATH. The browser has --host-resolver-rules for it.
"""

import os
import socket
from typing import Any

ADDRESSES = dict(pair.split("=") for pair in os.environ.get("TEST_HOSTS", "").split())
whole = socket.getaddrinfo


def getaddrinfo(host: Any, port: Any, *words: Any, **options: Any) -> list[Any]:
    """Return the address of one of the test's servers, or whatever the machine knows."""
    name = host.decode() if isinstance(host, bytes) else host
    found = ADDRESSES.get(f"{name}:{port}")
    if found is None:
        return whole(host, port, *words, **options)
    address, _, number = found.partition(":")
    return whole(address, int(number), *words, **options)


socket.getaddrinfo = getaddrinfo
