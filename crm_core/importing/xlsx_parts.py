"""The parts of a workbook as openpyxl may have them: nothing that becomes millions of things once it is understood.

Sizes alone say little: `<x/>` is four bytes in the file and a hundred in memory. Parts that are understood as a whole are small;
those that are read row by row (sheets, the table of strings) forget a row when it is over, so that only what stands in one row,
and what stands outside of rows, is held. Which part is which is said by the file itself, so it is judged by how it is asked for.
"""

import re
import zipfile
from typing import IO, Any

LARGEST_WHOLE = 16 * 1024 * 1024  # bytes of a part that is understood as a whole: styles, the list of sheets
MOST_WHOLE = 400_000  # signs `<` in it
MOST_UNITS = 2**20 + 1  # rows or strings
MOST_IN_UNIT = 100_000  # signs `<` in one of them: a row has 16,384 cells
MOST_OUTSIDE = 200_000  # before, between and after them
LONGEST_TAG = 64 * 1024
PIECE = 256 * 1024
UNIT = re.compile(rb"<(/?)(?:[^\s<>/:!?]+:)?(?:row|si)(?=[\s/>])([^<>]*)>")
ENCODING = re.compile(rb"""^<\?xml[^>]*\bencoding\s*=\s*["']([^"']+)["']""")


class PartTooLarge(Exception):
    """A part would not fit into memory once it is understood."""


class Archive(zipfile.ZipFile):
    """A workbook's parts for openpyxl: what it takes whole by `read`, what it follows row by row by `open`."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self._looked_at: set[str] = set()

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        """Raises PartTooLarge."""
        with super().open(name, pwd=pwd) as part:
            content = part.read(LARGEST_WHOLE + 1)
        if len(content) > LARGEST_WHOLE or content.count(b"<") > MOST_WHOLE:
            raise PartTooLarge
        return content

    def open(self, name: Any, mode: Any = "r", pwd: bytes | None = None, *, force_zip64: bool = False) -> IO[bytes]:
        """Raises PartTooLarge, or ValueError for what is no plain XML."""
        if str(name) not in self._looked_at:
            with super().open(name) as part:
                require_bounded(part)
            self._looked_at.add(str(name))
        return super().open(name, mode, pwd, force_zip64=force_zip64)


def require_bounded(part: IO[bytes]) -> None:
    """Looks through the bytes of a part that is followed row by row. Raises PartTooLarge, or ValueError."""
    seen, left = _Seen(), b""
    first = True
    while piece := part.read(PIECE):
        if first:
            _require_plain(piece)
            first = False
        text = left + piece
        cut = _whole_tags(text)
        seen.look(text[:cut])
        left = text[cut:]
        if len(left) > LONGEST_TAG:
            raise PartTooLarge
    seen.look(left)


def _require_plain(start: bytes) -> None:
    """UTF-8, in which `<` is one byte wherever it stands."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    encoding = ENCODING.match(text)
    if not text.startswith(b"<") or (encoding and encoding[1].lower() not in (b"utf-8", b"us-ascii")):
        raise ValueError("a part of a workbook is XML in UTF-8")


def _whole_tags(text: bytes) -> int:
    """Where the last tag that may go on in the next piece begins."""
    begun = text.rfind(b"<")
    return begun if begun >= 0 and text.find(b">", begun) < 0 else len(text)


class _Seen:
    """What was counted so far."""

    def __init__(self) -> None:
        self._units = 0
        self._inside = False
        self._within = 0
        self._outside = 0

    def look(self, text: bytes) -> None:
        if b"<!" in text:  # a comment could hide what is a row and what is none
            raise ValueError("a sheet has rows and nothing else")
        at = 0
        for tag in UNIT.finditer(text):
            self._count(text.count(b"<", at, tag.start()))
            self._turn(ends=bool(tag[1]), alone=tag[2].endswith(b"/"))
            at = tag.end()
        self._count(text.count(b"<", at))

    def _turn(self, *, ends: bool, alone: bool) -> None:
        if ends is not self._inside:
            raise ValueError("a row stands in a row")
        self._inside, self._within = not ends and not alone, 0
        self._units += not ends
        if self._units > MOST_UNITS:
            raise PartTooLarge

    def _count(self, more: int) -> None:
        if self._inside:
            self._within += more
        else:
            self._outside += more
        if self._within > MOST_IN_UNIT or self._outside > MOST_OUTSIDE:
            raise PartTooLarge
