"""A TCP proxy that can be told to misbehave: one for every link of the platform."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterator

CHUNK = 65_536
HOST = "127.0.0.1"
_LINGER = struct.pack("ii", 1, 0)  # Closing sends a reset, not a goodbye.


class Proxy:
    """Hands bytes on between whoever connects and the port that *target* names now."""

    def __init__(self, name: str, target: Callable[[], int | str]) -> None:
        self.name = name
        self.port = 0
        self.refuses = False  # New connections are reset at once.
        self.delay = 0.0  # Seconds before each chunk is handed on.
        self.trickles = False  # One byte at a time, for the first bytes of a chunk.
        self.struck = 0  # Chunks, connections or bytes that a fault has touched.
        self._target = target
        self._there = _open()  # Towards the server.
        self._back = _open()  # Towards the client.
        self._open: set[asyncio.StreamWriter] = set()
        self._upstream: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, 0, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.reset()
        if self._server is not None:
            self._server.close()

    def cut(self) -> None:
        """Reset what is open and refuse what comes."""
        self.refuses = True
        self.reset()

    def silence(self, *, there: bool = True, back: bool = True) -> None:
        """Hold the bytes of one or both directions: connections stand, and nothing arrives."""
        if there:
            self._there.clear()
        if back:
            self._back.clear()

    def reset(self) -> None:
        """Reset every connection, on both sides."""
        for writer in list(self._open):
            _reset(writer)
            self.struck += 1

    def half_open(self) -> None:
        """The server's side goes away without a word to the client, which waits on."""
        self.silence(there=False)
        for writer in list(self._upstream):
            _reset(writer)
            self.struck += 1

    def heal(self) -> None:
        """Work as a wire again; connections that were held meanwhile are reset, as a router's table would."""
        held = not (self._there.is_set() and self._back.is_set())
        self.refuses, self.delay, self.trickles = False, 0.0, False
        if held:
            self.reset()
        self._there.set()
        self._back.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._kept(writer):
            if self.refuses:
                self.struck += 1
                return
            try:
                there, up = await self._connect()
            except OSError:
                return
            with self._kept(up):
                self._upstream.add(up)
                try:
                    await self._both(reader, writer, there, up)
                finally:
                    self._upstream.discard(up)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        target = self._target()
        if isinstance(target, str):
            return await asyncio.open_unix_connection(target, limit=CHUNK)
        return await asyncio.open_connection(HOST, target, limit=CHUNK)

    async def _both(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        up: asyncio.StreamWriter,
    ) -> None:
        ways = [
            asyncio.create_task(self._pump(reader, up, self._there)),
            asyncio.create_task(self._pump(there, writer, self._back)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            await self._back.wait()  # A silenced client must not learn that the server has gone.
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                if not way.is_set():
                    self.struck += 1
                    await way.wait()
                await self._hand_on(chunk, writer)

    async def _hand_on(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        if self.delay:
            self.struck += 1
            await asyncio.sleep(self.delay)
        if self.trickles:
            self.struck += 1
            for byte in chunk[:64]:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0)
            chunk = chunk[64:]
        writer.write(chunk)
        await writer.drain()

    @contextlib.contextmanager
    def _kept(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._open.add(writer)
        try:
            yield
        finally:
            self._open.discard(writer)
            _reset(writer)


def _open() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


def _reset(writer: asyncio.StreamWriter) -> None:
    found = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    writer.transport.abort()
