"""What was received waits here until it is stored: in memory up to a limit, then in a file that outlives the process."""

import asyncio
import fcntl
import os
import shutil
import struct
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import structlog

from pbx.received import Received

log = structlog.get_logger()

MEMORY = 64 * 1024 * 1024
"""Bytes that may wait in memory."""

LOOK = 1.0
"""Seconds between looks whether another process still listens to the same exchange."""

_HEAD = struct.Struct("<4sHQdI")
_MARK = b"FRsp"
_READ_AT_ONCE = 256


class Spool:
    """A queue, first in first out. `file` takes what memory should not hold; what an earlier process left there comes first."""

    def __init__(self, file: Path, memory: int = MEMORY) -> None:
        self._file = SpoolFile(file)
        self._memory = memory
        self._waiting: deque[Received] = deque()
        self._bytes = 0
        self._there = asyncio.Event()
        self._one_at_the_file = asyncio.Lock()
        if self._file.waiting:
            self._there.set()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """With what an earlier process left looked through, and nobody else at the file: a second process waits its turn."""
        lock = await self._lock()
        try:
            await asyncio.to_thread(self._file.mend)
            if self._file.waiting:
                self._there.set()
            yield
        finally:
            os.close(lock)

    async def _lock(self) -> int:
        waiting = False
        while (lock := await asyncio.to_thread(self._file.lock)) is None:
            if not waiting:
                log.warning("listening_elsewhere", spool=self._file.name)
            waiting = True
            await asyncio.sleep(LOOK)
        return lock

    @property
    def bytes_waiting(self) -> int:
        return self._bytes + self._file.waiting

    async def put(self, received: Received) -> None:
        """Take bytes in; waits for nothing but the file, and for that only once memory is full."""
        # Whoever is at the file may be taking older pieces from it: these come first.
        if self._one_at_the_file.locked() or self._belongs_in_file(received):
            async with self._one_at_the_file:
                if self._belongs_in_file(received):
                    await asyncio.to_thread(self._file.append, [received])
                else:
                    self._keep(received)
        else:
            self._keep(received)
        self._there.set()

    async def wait(self) -> None:
        """Until something is there to take."""
        await self._there.wait()

    async def take(self, most_bytes: int, within: float) -> list[Received]:
        """The oldest pieces: of one connection, received within so many seconds, at most so many bytes unless one has more.

        Empty if nothing waits.
        """
        if not self._waiting and self._file.waiting:
            async with self._one_at_the_file:
                for piece in await asyncio.to_thread(self._file.take):
                    self._keep(piece)
        taken: list[Received] = []
        size = 0
        while self._waiting and (not taken or self._fits(taken[0], size, most_bytes, within)):
            taken.append(self._waiting.popleft())
            size += len(taken[-1].data)
        self._bytes -= size
        if not self._waiting and not self._file.waiting:
            self._there.clear()
        return taken

    def save(self, first: Iterable[Received] = ()) -> None:
        """Put what waits in memory, and `first` before it, into the file for the next start. Blocking; the spool's last deed."""
        unsaved = [*first, *self._waiting]
        if unsaved:
            self._file.put_before(unsaved)

    def _belongs_in_file(self, received: Received) -> bool:
        return self._file.waiting > 0 or self._bytes + len(received.data) > self._memory

    def _keep(self, received: Received) -> None:
        self._waiting.append(received)
        self._bytes += len(received.data)

    def _fits(self, first: Received, size: int, most_bytes: int, within: float) -> bool:
        other = self._waiting[0]
        near = other.connection == first.connection and other.received_at - first.received_at <= within
        return near and size + len(other.data) <= most_bytes


def folder_for(folder: Path, name: str) -> Path:
    """`folder`, or one in it where a process that hangs still has the file; before all, one in which something was left."""
    places = [folder, *(folder / str(number) for number in range(2, 6))]
    free = [place for place in places if _is_free(place / name)]
    return next((place for place in free if (place / name).exists()), free[0] if free else folder)


def _is_free(file: Path) -> bool:
    if not file.parent.is_dir():
        return True
    lock = SpoolFile(file).lock()
    if lock is None:
        return False
    os.close(lock)
    return True


class SpoolFile:
    """Pieces one after another in a file that only its owner reads. Blocking: its methods run in a thread, one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0  # up to here it is taken
        self._end = path.stat().st_size if path.exists() else 0
        self._mended = self._end == 0

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def waiting(self) -> int:
        """Bytes that are not taken yet."""
        return self._end - self._place

    def lock(self) -> int | None:
        """A descriptor that keeps others away for as long as it is open, or we live; None: somebody is there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(opened)
            return None
        return opened

    def mend(self) -> None:
        """Cut off what a crash wrote only in part."""
        self._mended = True
        self._end = 0
        if not self._path.exists():
            return
        with self._path.open("r+b") as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            while (length := _length_of_piece(stream)) is not None and stream.tell() + length <= size:
                self._end = stream.seek(length, 1)
            stream.truncate(self._end)

    def append(self, pieces: Iterable[Received]) -> None:
        """Raises OSError if the disk is full; what was written of these pieces then is not there for anybody."""
        if not self._mended:
            self.mend()
        with self._open(self._path) as out:
            out.truncate(self._end)
            out.seek(self._end)
            out.writelines(_packed(piece) for piece in pieces)
            out.flush()
            self._end = out.tell()

    def take(self) -> list[Received]:
        """Some of the oldest pieces; with the last one the file goes."""
        if not self._mended:
            self.mend()
        pieces: list[Received] = []
        with self._path.open("rb") as stream:
            stream.seek(self._place)
            for piece in _unpacked(stream):
                pieces.append(piece)
                self._place = stream.tell()
                if len(pieces) == _READ_AT_ONCE:
                    break
        if not pieces or not self.waiting:
            self._path.unlink()
            self._place = self._end = 0
        return pieces

    def put_before(self, pieces: Iterable[Received]) -> None:
        """Pieces older than all in the file; a crash leaves the old file or the new one, whole."""
        new = self._path.with_name(f"{self._path.name}.new")
        with self._open(new) as out:
            out.truncate()
            out.writelines(_packed(piece) for piece in pieces)
            if self.waiting:
                with self._path.open("rb") as rest:
                    rest.seek(self._place)
                    shutil.copyfileobj(rest, out)
            end = out.tell()
        new.replace(self._path)
        self._place, self._end = 0, end

    def _open(self, path: Path) -> BinaryIO:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb")


def _packed(piece: Received) -> bytes:
    name = piece.connection.encode()
    return _HEAD.pack(_MARK, len(name), piece.offset, piece.received_at, len(piece.data)) + name + piece.data


def _length_of_piece(stream: BinaryIO) -> int | None:
    """Bytes of the piece after its head, which is read; None if no piece begins here."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    mark, name_length, _, _, length = _HEAD.unpack(head)
    return name_length + length if mark == _MARK else None


def _unpacked(stream: BinaryIO) -> Iterator[Received]:
    """Every whole piece from here on."""
    while len(head := stream.read(_HEAD.size)) == _HEAD.size:
        mark, name_length, offset, received_at, length = _HEAD.unpack(head)
        name, data = stream.read(name_length), stream.read(length)
        if mark != _MARK or len(data) != length:
            return
        yield Received(name.decode("utf-8", "replace"), offset, received_at, data)
