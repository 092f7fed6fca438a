"""Requests of the deal: what its customer wrote by a form or a program sent for him, in his own words."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.entry import Entry, EntryKind, TimelineAsked
from crm_core.requests.queries import RequestLine, line_of, request_query
from crm_core.requests.tables import requests


@dataclass(frozen=True, slots=True)
class RequestEntry(Entry):
    kind: ClassVar[str] = "request"
    at: datetime
    id: int
    line: RequestLine


async def _read(connection: AsyncConnection, asked: TimelineAsked) -> list[RequestEntry]:
    query = request_query(asked.actor).where(requests.c.deal_id == asked.deal_id)
    rows = await connection.execute(asked.newest(query, RequestEntry.kind, requests.c.at, requests.c.id))
    return [RequestEntry(row.at, row.id, line_of(row)) for row in rows]


ENTRY = EntryKind(RequestEntry.kind, _read)
