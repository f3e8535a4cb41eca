"""A wire between two parts that a test can slow, black out, reset, trickle, or cut right at a commit."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Coroutine
from typing import Any, Literal

Fault = Literal["none", "latency", "black hole", "reset", "trickle", "cut at commit"]
LATENCY_SECONDS = 0.1
COMMIT = b"COMMIT"


class Proxy:
    """Listens on a port of its own and passes all on to one address; `fault` says what goes wrong from now on."""

    def __init__(self, port: int, *, seed: int = 0) -> None:
        self.target = ("127.0.0.1", port)
        self.fault: Fault = "none"
        self.share = 0.2
        """Of commits at which the line is cut, where that is the fault; half before they reach the server."""
        self.cuts = 0
        self.port = 0
        self._dice = random.Random(seed)
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server = self._soon(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = int(self._server.sockets[0].getsockname()[1])

    def go_wrong(self, fault: Fault) -> None:
        """Let this go wrong from now on; `reset` cuts what is open as well."""
        self.fault = fault
        if fault == "reset":
            self._soon(self._cut_all())

    def close(self) -> None:
        """Cut all lines and listen no more."""
        self._soon(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _soon(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _end(self) -> None:
        self._server.close()
        await self._cut_all()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.fault == "reset":
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, back}
        self._writers |= pair
        try:
            await asyncio.gather(self._pass(reader, back, pair, ours=True), self._pass(there, writer, pair, ours=False))
        finally:
            self._writers -= pair
            for each in pair:
                each.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: set[asyncio.StreamWriter], *, ours: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if ours and self.fault == "cut at commit" and COMMIT in data and self._dice.random() < self.share:
                    await self._cut(data, writer, pair)
                    return
                await self._deliver(data, writer)
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    async def _cut(self, data: bytes, writer: asyncio.StreamWriter, pair: set[asyncio.StreamWriter]) -> None:
        """Let the commit through or not, and cut the line: its sender cannot know which."""
        self.cuts += 1
        if self._dice.random() < 0.5:
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(0.2)  # the server commits
        for each in pair:
            each.transport.abort()

    async def _light(self) -> None:
        for _ in range(20 * 120):
            if self.fault != "black hole":
                return
            await asyncio.sleep(0.05)

    async def _deliver(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        await self._light()
        if self.fault == "latency":
            await asyncio.sleep(LATENCY_SECONDS)
        if self.fault == "trickle":
            for place in range(0, len(data), 64):
                writer.write(data[place : place + 64])
                await writer.drain()
                await asyncio.sleep(0.01)
            return
        writer.write(data)
        await writer.drain()
