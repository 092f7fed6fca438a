"""A table in a file, read row by row: what CSV and XLSX have in common. Nothing here keeps more than a row in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from crm_core.errors import Invalid
from crm_core.text import msgid

LARGEST_FILE = 30 * 1024 * 1024
MOST_ROWS = 200_000
MOST_COLUMNS = 200
LONGEST_CELL = 32_767  # what a cell of a spreadsheet holds


class FileKind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is to be read. CSV has an encoding and a delimiter, XLSX a sheet; None: not told, so the first one."""

    kind: FileKind
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`number`: its place in the file, the heading is 1. `faults`: column, from 0, and why its cell cannot be read.

    `aligned`: its cells stand under their headings, however few they are; in CSV they are only counted off.
    """

    number: int
    cells: tuple[str, ...]
    faults: tuple[tuple[int, str], ...] = ()
    aligned: bool = False


FORMULA = msgid("a formula: paste its value instead")
BROKEN_CELL = msgid("the cell holds an error of the spreadsheet")
BROKEN_LETTERS = msgid("letters that cannot be read: is the encoding right?")
TOO_LONG = msgid("longer than a cell can be")
OPEN_QUOTE = msgid("a quotation mark is opened and never closed")


def unreadable(say: str) -> Invalid:
    return Invalid(say, file=True)


def kind_of(file: Path) -> FileKind:
    """By what is in it, not by its name; raises Invalid for what is neither."""
    with file.open("rb") as opened:
        start = opened.read(8)
    if start.startswith(b"PK\x03\x04"):
        return FileKind.XLSX
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise unreadable(msgid("This is an old or a protected workbook. Save it as .xlsx without a password, or as CSV."))
    if start.startswith((b"%PDF", b"PK", b"\x1f\x8b", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff")) or not start:
        raise unreadable(msgid("This is no table: a CSV or an XLSX file is wanted."))
    return FileKind.CSV


def bounded(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, up to the most there may be; raises Invalid after that."""
    for row in rows:
        if row.number > MOST_ROWS + 1:
            raise unreadable(msgid("The table has more than 200,000 rows. Cut it into several files."))
        yield row
