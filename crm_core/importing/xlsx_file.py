"""XLSX by openpyxl, streamed: a bomb, a formula or a sheet without end is refused, and no cell is believed to be text."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.exceptions import InvalidFileException

from crm_core.importing.sheets import (
    BROKEN_CELL,
    FORMULA,
    LONGEST_CELL,
    MOST_COLUMNS,
    TOO_LONG,
    FileKind,
    Row,
    Shape,
    bounded,
    unreadable,
)
from crm_core.importing.xlsx_parts import Archive, PartTooLarge
from crm_core.text import msgid

LARGEST_UNPACKED = 400 * 1024 * 1024
LARGEST_STRINGS = 48 * 1024 * 1024  # the table of shared strings is the one part that is held in memory
MOST_PARTS = 2000
LAST_ROW = 2**20  # of any sheet that a spreadsheet program makes
STRINGS = "xl/sharedStrings.xml"
TOO_LARGE = msgid("The workbook is too large unpacked. Cut it into several, or save it as CSV.")
BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, InvalidFileException, SyntaxError, LookupError, ValueError, TypeError,
    AttributeError, ArithmeticError, RuntimeError, OSError, EOFError,
)  # fmt: skip
"""What openpyxl and the standard library raise for a workbook that somebody made by hand or cut in two."""


def detected(file: Path) -> Shape:
    return Shape(FileKind.XLSX)


def sheet_names(file: Path) -> tuple[str, ...]:
    """Raises Invalid for a file that is no workbook or too large unpacked."""
    with _book(file) as book:
        return tuple(sheet.title for sheet in book.worksheets)


def rows(file: Path, shape: Shape) -> Iterator[Row]:
    """Every row with anything in it, of the sheet that `shape` names or else of the first. Raises Invalid."""
    return bounded(_rows(file, shape.sheet))


def _rows(file: Path, wanted: str | None) -> Iterator[Row]:
    with _book(file) as book:
        sheets = {sheet.title: sheet for sheet in book.worksheets}
        if not sheets or (wanted is not None and wanted not in sheets):
            raise unreadable(msgid("The workbook has no such sheet."))
        sheet = sheets[wanted] if wanted is not None else next(iter(sheets.values()))
        # What the sheet says of its own size is not believed; gaps between rows and cells are bounded here.
        sheet.reset_dimensions()
        cells_by_row = sheet.iter_rows(max_col=MOST_COLUMNS + 1)
        yield from _told(cells_by_row)


def _told(cells_by_row: Iterator[Sequence[Any]]) -> Iterator[Row]:
    number = 0
    while True:
        number += 1
        if number > LAST_ROW:
            raise unreadable(msgid("The workbook is damaged. Open it in a spreadsheet program and save it anew."))
        try:
            cells = next(cells_by_row)
        except StopIteration:
            return
        except PartTooLarge as error:
            raise unreadable(TOO_LARGE) from error
        except BROKEN as error:
            raise unreadable(msgid("The workbook is damaged. Open it in a spreadsheet program and save it anew.")) from error
        if any(cell.value is not None for cell in cells):
            yield _row(number, cells)


def _row(number: int, cells: Sequence[Any]) -> Row:
    if len(cells) > MOST_COLUMNS and any(cell.value is not None for cell in cells[MOST_COLUMNS:]):
        raise unreadable(msgid("The table has more than 200 columns. Is the delimiter right?"))
    faults: list[tuple[int, str]] = []
    texts: list[str] = []
    for column, cell in enumerate(cells):
        text, fault = _text(cell.value, getattr(cell, "data_type", "n"))
        texts.append(text)
        if fault is not None:
            faults.append((column, fault))
    while texts and not texts[-1]:
        texts.pop()
    return Row(number, tuple(texts), tuple(faults), aligned=True)


def _text(value: Any, data_type: str) -> tuple[str, str | None]:
    if value is None:
        return "", None
    if data_type == "f" or (data_type != "s" and isinstance(value, str) and value.startswith("=")):
        return str(value)[:200], FORMULA
    if data_type == "e":
        return str(value)[:200], BROKEN_CELL
    text = _worded(value)
    return (text[:LONGEST_CELL], TOO_LONG) if len(text) > LONGEST_CELL else (text, None)


def _worded(value: Any) -> str:
    """As a person would type it: a telephone that became a number has no `.0`, a day has no midnight."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip()


@contextmanager
def _book(file: Path) -> Iterator[Any]:
    _require_bounded(file)
    with file.open("rb") as opened:  # by its name openpyxl would ask for an ending, which stored files have not
        try:
            # keep_links=False: what other workbooks say is not asked for.
            book = _read(opened)
        except PartTooLarge as error:
            raise unreadable(TOO_LARGE) from error
        except BROKEN as error:
            raise unreadable(msgid("This is no workbook that we can read. Save it as .xlsx, or as CSV.")) from error
        try:
            yield book
        finally:
            book.close()


def _read(opened: IO[bytes]) -> Any:
    """As openpyxl's `load_workbook` does, over parts that are bounded."""
    reader = ExcelReader(opened, read_only=True, keep_links=False, data_only=False)
    reader.archive.close()
    reader.archive = Archive(opened)
    reader.read()
    return reader.wb


def _require_bounded(file: Path) -> None:
    """Raises Invalid for what would not fit when it is unpacked: sizes stand in the file, and no more than that is ever read."""
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise unreadable(msgid("This is no workbook that we can read. Save it as .xlsx, or as CSV.")) from error
    unpacked = sum(part.file_size for part in parts)
    strings = sum(part.file_size for part in parts if part.filename.casefold() == STRINGS.casefold())
    if len(parts) > MOST_PARTS or unpacked > LARGEST_UNPACKED or strings > LARGEST_STRINGS:
        raise unreadable(TOO_LARGE)
