"""A time out of the exchange's CEL file, which may be gigabytes, rotated, growing, or cut. Blocking: run it in a thread.

Only what is asked for is read: the file is searched from its end, and rotated ones (`.1`, `.2.gz`, `-20261121`) only as far
back as they are needed. A line that the exchange is still writing is left alone.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from pbx.records.cel import fault_of

MOST_BYTES = 128 * 1024 * 1024
"""Records that are kept for one gap: some 18,000 calls."""
MOST_FILES = 60

_BLOCK = 1024 * 1024
_LONGEST_LINE = 1024 * 1024
_LOOK_FOR_FIRST = 256 * 1024
_MOST_NAMED = 20
_SLACK = 5.0  # seconds by which rows may stand in another order than that of their times
_TIME = re.compile(rb'"?([0-9]{9,11}(?:\.[0-9]{1,9})?)"?,')
_ROTATED = re.compile(r"[.-][0-9]{1,14}(?:\.gz)?")


@dataclass(frozen=True, slots=True)
class Window:
    """What to read, by the exchange's clock (epoch seconds): all from `since` to `until`, and of `calls` (linkedids that were
    up at `since`) what happened from `begins` on."""

    begins: float
    since: float
    until: float
    calls: frozenset[str] = frozenset()


@dataclass(slots=True)
class CelPart:
    """What was found: whole lines as they were written. `named`: the first broken ones, as (file, line, why)."""

    data: bytes = b""
    rows: int = 0
    broken: int = 0
    named: list[tuple[str, int, str]] = field(default_factory=list)
    begins_at: float | None = None  # the oldest record that is still there
    cut: bool = False  # there was more than is kept


def read_window(file: Path, window: Window) -> CelPart:
    """Raises OSError where nothing can be read, EOFError for a compressed file that is cut."""
    part = CelPart()
    lines: list[bytes] = []
    size = 0
    files = _files(file, window.begins)
    part.begins_at = min((first for _, first in files), default=None)
    marks = [f'"{linkedid}"'.encode() for linkedid in window.calls]
    for one, _ in reversed(files):
        start, named = _start_in(one, window), len(part.named)
        for number, line, at in _lines(one, start, window):
            if at is not None and at < window.since and not any(mark in line for mark in marks):
                continue
            if size + len(line) > MOST_BYTES:
                part.cut = True
                break
            lines.append(line)
            size += len(line)
            _count(part, one, number, line)
        if part.named[named:]:
            before = _newlines_before(one, start)
            part.named[named:] = [(name, before + number, why) for name, number, why in part.named[named:]]
    part.data = b"".join(lines)
    return part


def _count(part: CelPart, file: Path, number: int, line: bytes) -> None:
    fault = fault_of(line)
    if fault is None:
        part.rows += 1
        return
    part.broken += 1
    if len(part.named) < _MOST_NAMED:
        part.named.append((file.name, number, fault))


def _files(file: Path, begins: float) -> list[tuple[Path, float]]:
    """The file and its rotated ones with the time of their first rows, newest first, as far back as needed."""
    # What is no file is passed over: a folder cannot be read, and whoever opens a pipe waits for a writer for good.
    there = [one for one in file.parent.iterdir() if _belongs(one.name, file.name) and one.is_file()]
    if not there:
        raise FileNotFoundError(f"there is no file {file.name}")
    aged = sorted(there, key=lambda one: (one == file, one.stat().st_mtime), reverse=True)
    found: list[tuple[Path, float]] = []
    for one in aged[:MOST_FILES]:
        first = _first_time(one)
        if first is not None:
            found.append((one, first))
            if first <= begins:
                break
    if not found and any(one.stat().st_size for one in there):
        raise ValueError("no row of it begins with a time")
    return found


def _belongs(name: str, wanted: str) -> bool:
    return name == wanted or (name.startswith(wanted) and _ROTATED.fullmatch(name[len(wanted) :]) is not None)


def _open(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


def _first_time(file: Path) -> float | None:
    with _open(file) as stream:
        for line in stream.read(_LOOK_FOR_FIRST).split(b"\n"):
            if (at := _time_of(line)) is not None:
                return at
    return None


def _time_of(line: bytes) -> float | None:
    found = _TIME.match(line)
    return float(found[1]) if found else None


def _lines(file: Path, start: int, window: Window) -> Iterator[tuple[int, bytes, float | None]]:
    """Number (from the start), line and time of the lines of the window; lines without a time that stand among them, too."""
    with _open(file) as stream:
        stream.seek(start)
        inside, beyond, number = False, 0, 0
        while line := stream.readline(_LONGEST_LINE):
            number += 1
            if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
                return  # it is being written
            at = _time_of(line)
            if at is not None:
                inside = window.begins <= at <= window.until
                beyond = beyond + len(line) if at > window.until + _SLACK else 0
            if inside and line.strip(b"\0\r\n "):
                yield number, line, at
            if beyond > _BLOCK:
                return


def _start_in(file: Path, window: Window) -> int:
    """Where to begin to read; a compressed file is read from its beginning."""
    if file.suffix == ".gz":
        return 0
    with file.open("rb") as stream:
        return _start_of(stream, window.begins - _SLACK)


def _start_of(stream: BinaryIO, begins: float) -> int:
    """Where to begin: from the end backwards, until two blocks in a row begin before the time (clocks are set back)."""
    end = stream.seek(0, 2)
    before = 0
    for place in range((end // _BLOCK) * _BLOCK, 0, -_BLOCK):
        stream.seek(place)
        stream.readline(_LONGEST_LINE)  # the rest of a line
        head = stream.tell()
        at = next((at for _ in range(50) if (at := _time_of(stream.readline(_LONGEST_LINE))) is not None), None)
        before = before + 1 if at is not None and at < begins else 0
        if before == 2:
            return head
    return 0


def _newlines_before(file: Path, place: int) -> int:
    """How many lines come before: asked only where a line must be named."""
    count = 0
    with _open(file) as stream:
        while place > 0 and (block := stream.read(min(_BLOCK, place))):
            count += block.count(b"\n")
            place -= len(block)
    return count
