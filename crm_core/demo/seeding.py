"""What the demo is seeded with: where, when and in which language, and what is there so far."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Demo:
    """Handed from one noun's seeding to the next; each writes down the ids of what it made.

    `people` by e-mail; `contacts`, `companies` and `deals` by the customer's number, `stages` in their order.
    """

    tx: AsyncConnection
    exchange_id: int
    now: datetime
    language: str
    people: dict[str, int] = field(default_factory=dict)
    pipelines: list[int] = field(default_factory=list)
    stages: list[int] = field(default_factory=list)
    contacts: dict[str, int] = field(default_factory=dict)
    companies: dict[str, int] = field(default_factory=dict)
    deals: dict[str, int] = field(default_factory=dict)

    def said(self, ru: str, en: str) -> str:
        return ru if self.language == "ru" else en

    async def row(self, table: Table, **values: Any) -> int:
        """Add a row; its id where it has one."""
        added = await self.tx.execute(insert(table).values(values))
        key = added.inserted_primary_key
        return int(key[0]) if key is not None and isinstance(key[0], int) else 0

    def in_working_hours(self, days_ago: float) -> datetime:
        """Some moment between ten and seven in Moscow of an earlier day: 1.3 is yesterday after three tenths of it."""
        day = (self.now - timedelta(days=int(days_ago))).replace(hour=7, minute=0, second=0, microsecond=0)
        return day + timedelta(hours=days_ago % 1 * 9)
