"""One way to read a table, whatever file it is in."""

from collections.abc import Iterator
from pathlib import Path

from crm_core.importing import csv_file, xlsx_file
from crm_core.importing.sheets import FileKind, Row, Shape, kind_of, unreadable
from crm_core.text import msgid


def detected(file: Path) -> Shape:
    """How it is best read; raises Invalid for what is no table."""
    return csv_file.detected(file) if kind_of(file) is FileKind.CSV else xlsx_file.detected(file)


def rows(file: Path, shape: Shape) -> Iterator[Row]:
    """The heading first. Raises Invalid, also in the middle."""
    return csv_file.rows(file, shape) if shape.kind is FileKind.CSV else xlsx_file.rows(file, shape)


def sheet_names(file: Path, shape: Shape) -> tuple[str, ...]:
    return xlsx_file.sheet_names(file) if shape.kind is FileKind.XLSX else ()


def heading_and_rows(file: Path, shape: Shape) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The heading's cells, and the rows below it. Raises Invalid for an empty table."""
    all_rows = rows(file, shape)
    heading = next(all_rows, None)
    if heading is None or not any(heading.cells):
        raise unreadable(msgid("The table is empty."))
    return heading.cells, all_rows


def count_rows(file: Path, shape: Shape) -> int:
    """Rows below the heading; reads the whole file, and so raises Invalid for whatever is wrong with it as a whole."""
    _, below = heading_and_rows(file, shape)
    return sum(1 for _ in below)
