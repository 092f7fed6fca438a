"""Lines of CSV that spreadsheets open as a table, and in which nothing is taken for a formula."""

import csv
import io
from collections.abc import Sequence

DELIMITER = ";"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def csv_line(cells: Sequence[str]) -> bytes:
    """UTF-8; with `;`, by which Russian spreadsheets part cells. What looks like a formula gets an apostrophe before it."""
    line = io.StringIO()
    csv.writer(line, delimiter=DELIMITER, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return line.getvalue().encode("utf-8", "replace")


def safe(cell: str) -> str:
    """Also where the sign stands after spaces, which some spreadsheets skip."""
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(FORMULA_SIGNS) else cell
