"""Lines of CSV that spreadsheets open as a table, and in which nothing is taken for a formula."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from crm_core.exporting.cells import Cell, Money

DELIMITER = ";"
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
"""By it spreadsheets know that the file is UTF-8."""
FORMULA_SIGNS = frozenset("=+-@＝＋－＠")


def csv_line(cells: Sequence[str]) -> bytes:
    """UTF-8; with `;`, by which Russian spreadsheets part cells. What looks like a formula gets an apostrophe before it."""
    line = io.StringIO()
    csv.writer(line, delimiter=DELIMITER, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return line.getvalue().encode("utf-8", "replace")


def safe(cell: str) -> str:
    return f"'{cell}" if is_formula(cell) else cell


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may take it for one: also after spaces and signs that nobody sees, which some of them skip."""
    first = next((sign for sign in cell if sign in FORMULA_SIGNS or (sign.isprintable() and not sign.isspace())), "")
    return first in FORMULA_SIGNS


def text_of(cell: Cell, zone: ZoneInfo) -> str:
    """As our own import reads it again: money and numbers with a comma, moments in the house's zone."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, Money):
        return f"{cell.amount // 100},{cell.amount % 100:02}"
    if isinstance(cell, float):
        return f"{cell:g}".replace(".", ",")
    if isinstance(cell, datetime):
        return cell.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return str(cell)
