"""A wire between the product and the exchange that can be cut: at once, or so that nobody is told."""

import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Self

_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


class Wire:
    """Passes TCP on from a port of its own for the length of a `with`."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._pairs: list[_Pair] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listening.close()
        self.cut()

    def cut(self) -> None:
        """Both ends get a reset."""
        for pair in self._pairs:
            pair.reset()
        self._pairs.clear()

    def fall_silent(self) -> None:
        """Neither end is told: what is sent is swallowed, as by a router that forgot the connection."""
        for pair in self._pairs:
            pair.silent = True

    def leave_half_open(self) -> None:
        """The far end is told, the near one is not: it waits at a connection that is no more."""
        for pair in self._pairs:
            pair.leave_half_open()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._there, timeout=10)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._pairs.append(_Pair(near, far))


class _Pair:
    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self._ends = (near, far)
        self.silent = False
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def reset(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                end.shutdown(socket.SHUT_RD)
                end.close()

    def leave_half_open(self) -> None:
        self.silent = True
        with contextlib.suppress(OSError):
            self._ends[1].shutdown(socket.SHUT_RDWR)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if not self.silent:
                    sink.sendall(data)
        except OSError:
            pass
        if not self.silent:
            self.reset()
