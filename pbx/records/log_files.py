"""Lines of a time out of a log of the exchange, which may be gigabytes, rotated, growing, or cut. Blocking: run it in a thread.

Only what is asked for is read: the file is searched from its end, and rotated ones (`.1`, `.2.gz`, `-20261121`) only as far
back as they are needed. A line that the exchange is still writing is left alone. `time_of` tells when a line was (epoch seconds).
"""

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

TimeOf = Callable[[bytes], float | None]

MOST_FILES = 60

_BLOCK = 1024 * 1024
_LONGEST_LINE = 1024 * 1024
_LOOK_FOR_FIRST = 256 * 1024
_SLACK = 5.0  # seconds by which lines may stand in another order than that of their times
_ROTATED = re.compile(r"[.-][0-9]{1,14}(?:\.gz)?")


@dataclass(frozen=True, slots=True)
class LogLine:
    """`number` counts from where reading began: see `LogFile.name_of`."""

    number: int
    text: bytes
    at: float | None


class LogFile:
    """One file of a log, as far as it is of the time asked for."""

    def __init__(self, path: Path, first: float, time_of: TimeOf) -> None:
        self.path = path
        self.first = first
        self._time_of = time_of
        self._start = 0
        self._lines_before: int | None = None

    def lines(self, begins: float, until: float, searched_from: float | None = None) -> Iterator[LogLine]:
        """Those of the time, and those without a time that stand among them. `searched_from`: before it no line of it stands."""
        self._start = 0 if self.path.suffix == ".gz" else self._searched(begins if searched_from is None else searched_from)
        with _open(self.path) as stream:
            stream.seek(self._start)
            inside, beyond, number = False, 0, 0
            while line := stream.readline(_LONGEST_LINE):
                number += 1
                if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
                    return  # it is being written
                at = self._time_of(line)
                if at is not None:
                    inside = begins <= at <= until
                    beyond = beyond + len(line) if at > until + _SLACK else 0
                if inside and line.strip(b"\0\r\n "):
                    yield LogLine(number, line, at)
                if beyond > _BLOCK:
                    return

    def number_of(self, line: LogLine) -> int:
        """Counted from the beginning of the file: asked only where a line must be named, for it reads all before."""
        if self._lines_before is None:
            self._lines_before = _newlines_before(self.path, self._start)
        return self._lines_before + line.number

    def _searched(self, begins: float) -> int:
        with self.path.open("rb") as stream:
            return _start_of(stream, begins - _SLACK, self._time_of)


def log_files(file: Path, begins: float, time_of: TimeOf) -> list[LogFile]:
    """The file and its rotated ones, the newest first, as far back as needed. Raises OSError; EOFError for one that is cut."""
    # What is no file is passed over: a folder cannot be read, and whoever opens a pipe waits for a writer for good.
    there = [one for one in file.parent.iterdir() if _belongs(one.name, file.name) and one.is_file()]
    if not there:
        raise FileNotFoundError(f"there is no file {file.name}")
    aged = sorted(there, key=lambda one: (one == file, one.stat().st_mtime), reverse=True)
    found: list[LogFile] = []
    for one in aged[:MOST_FILES]:
        first = _first_time(one, time_of)
        if first is not None:
            found.append(LogFile(one, first, time_of))
            if first <= begins:
                break
    if not found and any(one.stat().st_size for one in there):
        raise ValueError("no row of it begins with a time")
    return found


def _belongs(name: str, wanted: str) -> bool:
    return name == wanted or (name.startswith(wanted) and _ROTATED.fullmatch(name[len(wanted) :]) is not None)


def _open(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


def _first_time(file: Path, time_of: TimeOf) -> float | None:
    with _open(file) as stream:
        for line in stream.read(_LOOK_FOR_FIRST).split(b"\n"):
            if (at := time_of(line)) is not None:
                return at
    return None


def _start_of(stream: BinaryIO, begins: float, time_of: TimeOf) -> int:
    """Where to begin: from the end backwards, until two blocks in a row begin before the time (clocks are set back)."""
    end = stream.seek(0, 2)
    before = 0
    for place in range((end // _BLOCK) * _BLOCK, 0, -_BLOCK):
        stream.seek(place)
        stream.readline(_LONGEST_LINE)  # the rest of a line
        head = stream.tell()
        at = next((at for _ in range(50) if (at := time_of(stream.readline(_LONGEST_LINE))) is not None), None)
        before = before + 1 if at is not None and at < begins else 0
        if before == 2:
            return head
    return 0


def _newlines_before(file: Path, place: int) -> int:
    count = 0
    with _open(file) as stream:
        while place > 0 and (block := stream.read(min(_BLOCK, place))):
            count += block.count(b"\n")
            place -= len(block)
    return count
