"""Close connections whose request's head does not come in time, or is too long: uvicorn itself waits for ever.

uvicorn's command line takes no protocol of ours, so its own is changed in place, before the first connection.
"""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS = 10.0
"""From the connection, or the first byte of a later request, to the end of the request's head."""
HEAD_BYTES = 64 * 1024
"""Longest head, and what the sender has sent with it; a cookie or a token takes a few kilobytes."""


REST_SECONDS = 30.0
"""For the rest of a body that was answered before its end, such as one that is too large, and the head after it."""


class _Head:
    """One head that is awaited."""

    def __init__(self, protocol: Any) -> None:  # noqa: ANN401 - one of uvicorn's two protocols
        self.received = 0
        seconds = REST_SECONDS if _reads_rest(protocol) else HEAD_SECONDS
        self.timer = asyncio.get_running_loop().call_later(seconds, _close, protocol)


_awaited: WeakKeyDictionary[Any, _Head] = WeakKeyDictionary()


def install() -> None:
    """Limit the heads of all connections that are opened from now on."""
    protocol: Any = AutoHTTPProtocol
    opened, received, lost = protocol.connection_made, protocol.data_received, protocol.connection_lost

    def connection_made(self: Any, transport: asyncio.Transport) -> None:  # noqa: ANN401 - see above
        opened(self, transport)
        _awaited[self] = _Head(self)

    def data_received(self: Any, data: bytes) -> None:  # noqa: ANN401 - see above
        received(self, data)
        if not _awaits_head(self):
            _forget(self)
            return
        head = _awaited.get(self) or _awaited.setdefault(self, _Head(self))
        head.received += len(data)
        # Closed now, the connection would lose the answer that the sender has not read yet.
        if head.received > HEAD_BYTES and not _reads_rest(self):
            _close(self)

    def connection_lost(self: Any, exc: Exception | None) -> None:  # noqa: ANN401 - see above
        _forget(self)
        lost(self, exc)

    protocol.connection_made, protocol.data_received = connection_made, data_received
    protocol.connection_lost = connection_lost


def _awaits_head(protocol: Any) -> bool:  # noqa: ANN401 - see above
    """Return whether no request is being read or answered on a connection."""
    return protocol.cycle is None or protocol.cycle.response_complete


def _reads_rest(protocol: Any) -> bool:  # noqa: ANN401 - see above
    """Return whether a request was answered before the end of its body, and no other has begun."""
    return protocol.cycle is not None and protocol.cycle.response_complete and protocol.cycle.more_body


def _close(protocol: Any) -> None:  # noqa: ANN401 - see above
    _forget(protocol)
    if _awaits_head(protocol):
        protocol.transport.abort()


def _forget(protocol: Any) -> None:  # noqa: ANN401 - see above
    if (head := _awaited.pop(protocol, None)) is not None:
        head.timer.cancel()
