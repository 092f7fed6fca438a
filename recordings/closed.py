"""When a recording may be taken: its file is closed, its size stable, its header in agreement with it."""

import os
import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

STABLE_SECONDS = 1.0
RIFF_HEADER = 44  # bytes of a WAV that holds no sound
UNKNOWN_LENGTH = 0xFFFFFFFF  # written by those who stream a WAV


class Readiness(StrEnum):
    MOVING = "moving"  # seen for the first time, or changed since
    OPEN = "open"  # at rest, but its header does not count what is in it: not closed, or its writer died
    CLOSED = "closed"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Look:
    """A file at one moment. `at`: seconds of our own clock, not of the folder's."""

    size: int
    modified_ns: int
    at: float


def look(path: Path, at: float) -> Look | None:
    """None if the file is gone."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return Look(facts.st_size, facts.st_mtime_ns, at)


def readiness(path: Path, before: Look | None, now: Look) -> Readiness:
    """Judge a file by two looks at it; raises OSError if it cannot be opened."""
    if before is None or (before.size, before.modified_ns) != (now.size, now.modified_ns):
        return Readiness.MOVING
    if now.at - before.at < STABLE_SECONDS:
        return Readiness.MOVING
    counted = _counted_bytes(path)
    if now.size == 0 or (counted == 0 and now.size <= RIFF_HEADER + 16):
        return Readiness.EMPTY
    return Readiness.CLOSED if counted is None or counted > 0 else Readiness.OPEN


def _counted_bytes(path: Path) -> int | None:
    """Bytes of sound by a WAV's header, 0 if it disagrees with the file's size; None for a file of another kind."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        whole = struct.unpack("<I", head[4:8])[0] + 8
        while len(chunk := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", chunk)
            if name != b"data":
                file.seek(length + length % 2, os.SEEK_CUR)
                continue
            ends = file.tell() + length
            agrees = length == UNKNOWN_LENGTH or abs(ends - size) <= 1 or (ends <= size and abs(whole - size) <= 1)
            return int(length) if agrees else 0
    return 0
