"""CSV as people have it: UTF-8, Windows-1251 or UTF-16, with `;`, `,` or tabs; detected, and changeable by who knows better."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from crm_core.exporting.csv_out import is_formula
from crm_core.importing.sheets import (
    BROKEN_LETTERS,
    LONGEST_CELL,
    MOST_COLUMNS,
    OPEN_QUOTE,
    TOO_LONG,
    FileKind,
    Row,
    Shape,
    bounded,
    unreadable,
)
from crm_core.text import msgid

ENCODINGS = ("utf-8-sig", "cp1251", "utf-16", "utf-16-le", "utf-16-be")
DELIMITERS = (";", ",", "\t")
PROBE = 256 * 1024  # bytes that are looked at
PROBE_ROWS = 30
LONGEST_ROW = 128 * 1024  # characters after which it takes no more lines
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def detected(file: Path) -> Shape:
    """The likeliest way to read it."""
    with file.open("rb") as opened:
        start = opened.read(PROBE)
    encoding = _encoding(start)
    text = start.decode(encoding, "replace")
    return Shape(FileKind.CSV, encoding, _delimiter(text))


def rows(file: Path, shape: Shape) -> Iterator[Row]:
    """Every row with anything in it; raises Invalid for a table that is too large or names no encoding of ours."""
    if shape.encoding not in ENCODINGS or shape.delimiter not in DELIMITERS:
        raise unreadable(msgid("A CSV file has one of the encodings and delimiters that are offered."))
    return bounded(_rows(file, shape.encoding, shape.delimiter))


def _rows(file: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    with file.open(encoding=encoding, errors="replace", newline="") as opened:
        lines = _Lines(opened)
        reader = csv.reader(lines, delimiter=delimiter)
        number = 0
        while True:
            number += 1
            lines.begin_row()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _QuoteLeftOpen):  # the next line begins anew
                yield Row(number, (), ((0, OPEN_QUOTE),))
                continue
            if any(cells):
                yield _row(number, cells)


class _QuoteLeftOpen(Exception):
    """A row goes on over more lines than a cell can have."""


class _Lines:
    """Lines, of which none is longer than a row can be: a file of one endless line is not read into memory.

    The reader's own limit of a cell is one for the whole process, and other libraries raise it.
    """

    def __init__(self, opened: io.TextIOBase) -> None:
        self._opened = opened
        self._left = 0

    def begin_row(self) -> None:
        self._left = LONGEST_ROW

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._left <= 0:
            raise _QuoteLeftOpen
        line = self._opened.readline(LONGEST_CELL * 8)
        if not line:
            raise StopIteration
        self._left -= len(line)
        return line


def _row(number: int, cells: list[str]) -> Row:
    if len(cells) > MOST_COLUMNS:
        raise unreadable(msgid("The table has more than 200 columns. Is the delimiter right?"))
    faults = [(column, why) for column, cell in enumerate(cells) if (why := _fault(cell)) is not None]
    return Row(number, tuple(_plain(cell) for cell in cells), tuple(faults))


def _fault(cell: str) -> str | None:
    if len(cell) > LONGEST_CELL:
        return TOO_LONG
    return BROKEN_LETTERS if UNKNOWN in cell else None


def _plain(cell: str) -> str:
    """Without the apostrophe that spreadsheets and our own exports put before what looks like a formula."""
    text = cell[:LONGEST_CELL].strip()
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text


def _encoding(start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if start[:2000].count(b"\0") > len(start[:2000]) // 8:
        return "utf-16-le" if start[1::2].count(b"\0") > start[0::2].count(b"\0") else "utf-16-be"
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        # The probe may end in the middle of a letter.
        if error.start < len(start) - 4 or len(start) < PROBE:
            return "cp1251"
    return "utf-8-sig"


def _delimiter(text: str) -> str:
    """The one by which most rows have the same number of cells, and more than one."""

    def weight(delimiter: str) -> tuple[int, int]:
        try:
            found = [
                len(cells)
                for cells, _ in zip(csv.reader(io.StringIO(text), delimiter=delimiter), range(PROBE_ROWS), strict=False)
            ]
        except csv.Error:
            return (0, 0)
        width, times = Counter(found).most_common(1)[0] if found else (1, 0)
        return (times, width) if width > 1 else (0, 0)

    return max(DELIMITERS, key=weight)
