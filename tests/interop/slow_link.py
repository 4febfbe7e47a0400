# SPDX-License-Identifier: MIT OR Apache-2.0
"""A TCP link with a fixed delay each way, on the loopback interface: what two programs need a network for."""
import asyncio
import socket
import threading
import time
from collections.abc import Callable


class SlowLink:
    """Forwards connections to `host`:`port`; each octet arrives `one_way` seconds after it was sent.

    The kernel accepts a connection on the loopback interface at once, where a network takes a round trip for SYN and
    SYN-ACK. That round trip is put back here: the listener sees the connection one and a half of them after the
    dialer's connect, and whatever the dialer sends before the first octet has come back to it is as much late. From
    there on its clock is where it would be in a network, and the plain delay is right.

    `log` holds (seconds since the connect, ">" from the dialer or "<" to it, octets), of when they were sent.
    """

    def __init__(self, host: str, port: int, one_way: float):
        self.target = (host, port)
        self.one_way = one_way
        self.log: list[tuple[float, str, int]] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._ready.wait(10) or not self.port:
            raise OSError("the slow link did not start")

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._connections: set[asyncio.Task] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._connection(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        begun = time.monotonic()
        handshake = 2 * self.one_way  # what SYN and SYN-ACK take
        answered = False

        def towards_listener() -> float:
            return self.one_way + (0 if answered else handshake)

        def towards_dialer() -> float:
            return self.one_way

        def delivered_to_dialer() -> None:
            nonlocal answered
            answered = True

        # Octets are taken from the dialer from the start, so that they carry the time when they were sent.
        outward: asyncio.Queue = asyncio.Queue(1024)
        taking = self._loop.create_task(self._take(near_in, outward, towards_listener, ">", begun))
        far_out = None
        try:
            await asyncio.sleep(handshake + self.one_way)
            far_in, far_out = await asyncio.open_connection(*self.target)
            for end in (near_out, far_out):
                end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            inward: asyncio.Queue = asyncio.Queue(1024)
            async with asyncio.TaskGroup() as group:  # one that fails ends the others
                group.create_task(self._give(outward, far_out, lambda: None))
                group.create_task(self._take(far_in, inward, towards_dialer, "<", begun))
                group.create_task(self._give(inward, near_out, delivered_to_dialer))
                await taking
        except* OSError:
            pass  # either side has gone; so does the other
        finally:
            taking.cancel()
            for end in (near_out, far_out):
                if end is not None:
                    end.transport.abort()

    async def _take(self, source: asyncio.StreamReader, queue: asyncio.Queue, delay: Callable[[], float],
                    direction: str, begun: float) -> None:
        """Puts what comes into `queue`, with the time when it has to arrive; nothing at all is the end."""
        data = b"-"
        while data:
            data = await source.read(65536)
            now = time.monotonic()
            self.log.append((now - begun, direction, len(data)))
            await queue.put((now + delay(), data))

    @staticmethod
    async def _give(queue: asyncio.Queue, sink: asyncio.StreamWriter, given: Callable[[], None]) -> None:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not data:
                sink.write_eof()
                return
            sink.write(data)
            await sink.drain()
            given()

    def told(self, least: int = 12) -> str:
        """The first flights, in round trips since the connect: what waited for what."""
        flights = [f"{at / (2 * self.one_way):.2f}{way}{size}" for at, way, size in self.log[:least]]
        return " ".join(flights)
