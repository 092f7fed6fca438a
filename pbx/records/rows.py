"""Rows of the exchange's records, and those that could not be used: counted, and the first of them named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST_ROWS = 100_000
"""Rows that are kept of one reading: some days of a busy office."""
MOST_NAMED = 100
LONGEST_TEXT = 4_000  # characters of one column


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """`place`: the file's or the table's name; `key`: the line's number or the row's id."""

    place: str
    key: str
    why: str


@dataclass(slots=True)
class Rows(Generic[T]):
    """`begins_at`: the oldest record that is still there, if it is known; `cut`: there was more than is kept."""

    rows: list[T] = field(default_factory=list)
    broken: int = 0
    named: list[BrokenRow] = field(default_factory=list)
    begins_at: float | None = None
    cut: bool = False

    def note(self, place: str, key: str, why: str) -> None:
        self.broken += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(BrokenRow(place, key, why))


def text_of(value: Any) -> tuple[str, bool]:
    """A column as text, and whether it was in another encoding: that costs letters, not the row."""
    if value is None:
        return "", False
    if isinstance(value, bytes):
        written, wrong = decoded(value)
        return written.replace("\0", "")[:LONGEST_TEXT], wrong
    return str(value).replace("\0", "")[:LONGEST_TEXT], False


def decoded(value: bytes) -> tuple[str, bool]:
    """As text, and whether some of it is none."""
    try:
        return value.decode(), False
    except UnicodeDecodeError:
        return value.decode(errors="replace"), True


def texts(row: Mapping[str, Any]) -> tuple[dict[str, str], str | None]:
    """All columns by their names in small letters, and what is wrong with them."""
    told = {name.lower(): text_of(value) for name, value in row.items()}
    fault = "not UTF-8" if any(wrong for _, wrong in told.values()) else None
    return {name: text for name, (text, _) in told.items()}, fault


def number(text: str) -> int:
    """Whole seconds or a counter; 0 where none is told. Raises ValueError."""
    if not text:
        return 0
    whole = text.partition(".")[0]
    if not whole.isascii() or not whole.removeprefix("-").isdigit() or len(whole) > 12:
        raise ValueError("a number is none")
    return max(0, int(whole))
