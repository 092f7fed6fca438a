"""A time out of the exchange's CEL file (see `log_files`). Blocking: run it in a thread."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from pbx.records.cel import fault_of
from pbx.records.log_files import log_files

MOST_BYTES = 128 * 1024 * 1024
"""Records that are kept for one gap: some 18,000 calls."""

MOST_NAMED = 20
_TIME = re.compile(rb'"?([0-9]{9,11}(?:\.[0-9]{1,9})?)"?,')


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
    """What was found: whole lines as they were written. `named`: the first broken ones, as (file, line or key, why)."""

    data: bytes = b""
    rows: int = 0
    broken: int = 0
    named: list[tuple[str, int | str, str]] = field(default_factory=list)
    begins_at: float | None = None  # the oldest record that is still there
    cut: bool = False  # there was more than is kept


def read_window(file: Path, window: Window) -> CelPart:
    """Raises OSError where nothing can be read, EOFError for a compressed file that is cut."""
    part = CelPart()
    lines: list[bytes] = []
    size = 0
    files = log_files(file, window.begins, time_of)
    part.begins_at = min((one.first for one in files), default=None)
    marks = [f'"{linkedid}"'.encode() for linkedid in window.calls]
    for one in reversed(files):
        for line in one.lines(window.begins, window.until):
            if line.at is not None and line.at < window.since and not any(mark in line.text for mark in marks):
                continue
            if size + len(line.text) > MOST_BYTES:
                part.cut = True
                break
            lines.append(line.text)
            size += len(line.text)
            fault = fault_of(line.text)
            part.rows += fault is None
            part.broken += fault is not None
            if fault is not None and len(part.named) < MOST_NAMED:
                part.named.append((one.path.name, one.number_of(line), fault))
    part.data = b"".join(lines)
    return part


def time_of(line: bytes) -> float | None:
    found = _TIME.match(line)
    return float(found[1]) if found else None
