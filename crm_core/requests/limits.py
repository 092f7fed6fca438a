"""How many requests come in: by one form from one address, by one form, by one token. What is over that waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.errors import FirstringError
from crm_core.requests.tables import requests


class TooManyRequests(FirstringError):
    """Too many requests; wait and send it again."""

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(1, ceil(wait.total_seconds()))
        super().__init__(f"Too many requests; send it again in {self.seconds} s")


@dataclass(frozen=True, slots=True)
class Limit:
    most: int
    within: timedelta


OF_ADDRESS = Limit(10, timedelta(minutes=10))
OF_FORM = Limit(600, timedelta(hours=1))
OF_TOKEN = Limit(600, timedelta(minutes=10))


async def require_room(tx: AsyncConnection, sender: str, address: str | None, now: datetime) -> None:
    """Raises TooManyRequests. `address`: of a sender by a public form; programs with a token have none."""
    if address is None:
        await _require(tx, OF_TOKEN, sender, None, now)
    else:
        await _require(tx, OF_ADDRESS, sender, address, now)
        await _require(tx, OF_FORM, sender, None, now)


async def _require(tx: AsyncConnection, limit: Limit, sender: str, address: str | None, now: datetime) -> None:
    recent = select(requests.c.at).where(requests.c.at > now - limit.within, requests.c.sender == sender)
    if address is not None:
        recent = recent.where(requests.c.address == address)
    # The one that has to be over before there is room again.
    oldest = recent.order_by(requests.c.at.desc()).offset(limit.most - 1).limit(1).subquery()
    at = await tx.scalar(select(func.min(oldest.c.at)))
    if at is not None:
        raise TooManyRequests(at + limit.within - now)
