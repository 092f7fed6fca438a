"""`GET /api/v1/calls`, 50 of 2,000 calls with recordings and tags, against the same route with the ORM and Pydantic."""

import asyncio
import gc
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import insert, select

from api.app import create_app
from api.wiring import build
from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.recordings.tables import recordings
from crm_core.settings import Settings
from crm_core.tags.tables import call_tags
from tests.benchmarks.bench_call_list import CALLS, _filled
from tests.benchmarks.figures import Figure
from tests.benchmarks.orm_route import orm_app
from tests.databases import fresh_sqlite, sqlite_template

ROUNDS = 15
REQUESTS = 8  # in a round, one after another
GOAL = 1.3
PATH = "/api/v1/calls?limit=50"


def run() -> Figure:
    with sqlite_template() as template, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), fresh_sqlite(template, Path(folder))))


async def _measure(folder: Path, url: str) -> Figure:
    context = build(Settings(data_dir=folder, database_url=SecretStr(url)))
    token = await _filled(context.database)
    await _heard(context.database)
    ours, orm = (_client(app, token) for app in (create_app(context), orm_app(context.database)))
    told, same = [(await client.get(PATH)).json()["items"] for client in (ours, orm)]
    if told != same or len(told) != 50 or not told[0]["recordings"]:
        raise ValueError(f"the yardstick tells other calls: {told[:1]} and {same[:1]}")
    spent = [await _round(client) for _ in range(ROUNDS) for client in (ours, orm)]
    await context.database.close()
    (wall, cpu), (orm_wall, orm_cpu) = _least(spent[2::2]), _least(spent[3::2])
    explained = (
        f"50 of {CALLS} calls a page, the least of {ROUNDS - 1} rounds: {wall:.2f} ms ours (CPU {cpu:.2f}), "
        f"{orm_wall:.2f} ms by ORM and Pydantic (CPU {orm_cpu:.2f}); by CPU {orm_cpu / cpu:.2f}",
    )
    return Figure("list_orm", orm_wall / wall, GOAL, at_most=False, explained=explained)


async def _heard(database: Database) -> None:
    """Each call has a recording and a tag."""
    now = datetime.now(UTC)
    async with database.write() as tx:
        ids = (await tx.scalars(select(calls.c.id))).all()
        recorded = {"name": "a.wav", "blob": "a", "seconds": 6.0, "sides": 2, "bytes": 1, "sha256": "0" * 64, "stored_at": now}
        await tx.execute(insert(recordings), [{**recorded, "call_id": call} for call in ids])
        await tx.execute(insert(call_tags), [{"call_id": call, "tag": "price", "quote": "сколько", "at": now} for call in ids])


def _client(app: Any, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=headers)


async def _round(client: httpx.AsyncClient) -> tuple[float, float]:
    """Wall and CPU milliseconds a request, of all threads."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(REQUESTS):
        (await client.get(PATH)).raise_for_status()
    return (time.perf_counter() - wall) * 1000 / REQUESTS, (time.process_time() - cpu) * 1000 / REQUESTS


def _least(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    """Of each: a busy neighbour only ever adds."""
    return min(wall for wall, _ in rounds), min(cpu for _, cpu in rounds)
