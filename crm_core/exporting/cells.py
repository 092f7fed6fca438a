"""What stands in a cell of an export, before it is written in one form or another."""

from dataclasses import dataclass
from datetime import datetime

MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Money:
    """In the smallest unit."""

    amount: int


Cell = str | int | float | bool | Money | datetime | None
"""Moments are aware."""
