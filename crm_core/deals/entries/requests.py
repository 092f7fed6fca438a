"""Requests of the deal: what its customer wrote by a form or a program sent for him, in his own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Select, bindparam
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.deals.entry import Entry, EntryKind, Found, TimelineAsked
from crm_core.requests.queries import RequestLine, line_of, request_query
from crm_core.requests.tables import requests


@dataclass(frozen=True, slots=True)
class RequestEntry(Entry):
    kind: ClassVar[str] = "request"
    at: datetime
    id: int
    line: RequestLine


def _of_deal(actor: Actor) -> Select[Any]:
    return request_query(actor).where(requests.c.deal_id == bindparam("deal"))


async def _find(connection: AsyncConnection, asked: TimelineAsked) -> list[Found]:
    rows = await asked.rows(connection, _of_deal, RequestEntry.kind, requests.c.at, requests.c.id)
    return [Found(row.at, RequestEntry.kind, row.id, row) for row in rows]


async def _tell(_connection: AsyncConnection, _asked: TimelineAsked, rows: Sequence[Any]) -> list[RequestEntry]:
    return [RequestEntry(row.at, row.id, line_of(row)) for row in rows]


ENTRY = EntryKind(RequestEntry.kind, _find, _tell)
