"""HTTP ranges (RFC 9110, section 14), as far as players need them: one range of bytes. Pure."""

import re
from dataclasses import dataclass

from crm_core.errors import FirstringError

LONGEST_HEADER = 200
_ONE_RANGE = re.compile(r"bytes *= *(?:([0-9]{1,30}) *- *([0-9]{0,30})|- *([0-9]{1,30}))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes [start, end) of a file of `size` bytes."""

    start: int
    end: int
    size: int

    @property
    def content_range(self) -> str:
        """The value of the header `Content-Range` of a 206 answer."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


class UnsatisfiableRange(FirstringError):
    """The range asked for lies outside the file: answer 416 with `content_range`."""

    def __init__(self, size: int) -> None:
        super().__init__(None, size=size)
        self.content_range = f"bytes */{size}"


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The range a `Range` header asks for; None where it asks for nothing we serve, and the whole file (200) is the answer.

    Several ranges, other units and broken headers are answered with the whole file, as the standard allows.
    Raises UnsatisfiableRange for a range that begins behind the end, or a suffix of nothing.
    """
    if header is None or len(header) > LONGEST_HEADER:
        return None
    asked = _ONE_RANGE.fullmatch(header.strip(" \t"))
    if asked is None:
        return None
    first, last, suffix = asked.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None  # not a range at all, by the standard
    if start >= end or start >= size:
        raise UnsatisfiableRange(size)
    return ByteRange(start, end, size)
