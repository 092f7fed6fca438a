"""A workbook written row by row: memory stays small, and no text of a caller becomes a formula or a link."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import xlsxwriter

from crm_core.exporting.cells import Cell, Money

LONGEST = 32_767  # characters in a cell
OPTIONS = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}  # fmt: skip


class Workbook:
    """Blocking: to be used in a thread."""

    def __init__(self, file: Path, sheet: str, zone: ZoneInfo) -> None:
        self._book = xlsxwriter.Workbook(str(file), {**OPTIONS, "tmpdir": str(file.parent)})
        self._sheet = self._book.add_worksheet(_sheet_name(sheet))
        self._zone = zone
        self._bold = self._book.add_format({"bold": True})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self._money = self._book.add_format({"num_format": "#,##0.00"})
        self._rows = 0

    def close(self) -> None:
        """Puts the whole file together; without it there is none."""
        self._book.close()

    def heading(self, cells: Sequence[str]) -> None:
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(cells) - 1, 18)
        for column, cell in enumerate(cells):
            self._sheet.write_string(0, column, cell, self._bold)
        self._rows = 1

    def row(self, cells: Sequence[Cell]) -> None:
        for column, cell in enumerate(cells):
            self._write(column, cell)
        self._rows += 1

    def _write(self, column: int, cell: Cell) -> None:
        place = (self._rows, column)
        if isinstance(cell, bool):
            self._sheet.write_boolean(*place, cell)
        elif isinstance(cell, Money):
            self._sheet.write_number(*place, cell.amount / 100, self._money)
        elif isinstance(cell, int | float):
            self._sheet.write_number(*place, cell)
        elif isinstance(cell, datetime):
            self._sheet.write_datetime(*place, cell.astimezone(self._zone).replace(tzinfo=None), self._moment)
        elif cell is not None:
            self._sheet.write_string(*place, _text(cell))


def _text(cell: str) -> str:
    """XML has no place for most control characters."""
    return "".join(sign for sign in cell if sign >= " " or sign in "\t\n")[:LONGEST]


def _sheet_name(name: str) -> str:
    """At most 31 characters, without those that part sheets in formulas."""
    return "".join(sign for sign in name if sign not in "[]:*?/\\'")[:31] or "1"
