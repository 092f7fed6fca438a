"""`GET /api/v1/calls` against a bare route that runs the very same statements and sends their rows."""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import SelectBase, event
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.app import create_app
from api.wiring import build
from crm_core.db import Database
from crm_core.settings import Settings
from crm_core.users.api_tokens import create_token
from crm_core.users.tables import Role
from tests.benchmarks.figures import Figure
from tests.builders import MORNING, inbound
from tests.databases import fresh_sqlite, sqlite_template
from tests.office import Office

CALLS = 2000
REQUESTS = 60
GOAL = 0.5
AUTHENTICATION = "api_tokens"

Statement = tuple[Any, Any]


def run() -> Figure:
    with sqlite_template() as template, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), fresh_sqlite(template, Path(folder))))


async def _measure(folder: Path, url: str) -> Figure:
    context = build(Settings(data_dir=folder, database_url=SecretStr(url)))
    token = await _filled(context.database)
    ours = httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(context)),
        base_url="http://127.0.0.1",
        headers={"Authorization": f"Bearer {token}"},
    )
    with _heard(context.database) as statements:
        answer = await ours.get("/api/v1/calls", params={"limit": 50})
    if len(answer.json()["items"]) != 50:
        raise ValueError(f"not a page of calls: {answer.text[:200]}")
    same = [one for one in statements if AUTHENTICATION not in str(one[0])]
    bare = httpx.AsyncClient(transport=httpx.ASGITransport(_bare_app(context.database, same)), base_url="http://127.0.0.1")
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(REQUESTS):
        spent[0].append(await _timed(ours, "/api/v1/calls?limit=50"))
        spent[1].append(await _timed(bare, "/"))
    await context.database.close()
    told, plain = (statistics.median(times[5:]) * 1000 for times in spent)
    explained = (f"50 of {CALLS} calls a page, {len(same)} statements: {told:.2f} ms ours, {plain:.2f} ms bare",)
    return Figure("call_list", plain / told, GOAL, at_most=False, explained=explained)


async def _filled(database: Database) -> str:
    office = await Office.opened(database)
    for extension in ("101", "102", "103"):
        await office.person(f"Manager {extension}", extension)
    head = await office.person("Head", role=Role.HEAD)
    for first in range(0, CALLS, 50):
        told = [_call(first + index) for index in range(50)]
        await office.take([happened for call in told for happened in call])
    async with database.write() as tx:
        return await create_token(tx, head, now=datetime.now(UTC), by=None)


def _call(index: int) -> Any:
    extension = ("101", "102", "103")[index % 3]
    return inbound(f"7916{index % 700:07}", at=MORNING + index * 30).rings("101", "102", "103").answers(extension).ends()


@contextmanager
def _heard(database: Database) -> Iterator[list[Statement]]:
    """The statements sent while this is open, with their parameters."""
    heard: list[Statement] = []

    def note(_connection: Any, statement: Any, _many: Any, parameters: Any, _options: Any) -> None:
        if isinstance(statement, SelectBase):
            heard.append((statement, parameters))

    engine = database._reader.sync_engine
    event.listen(engine, "before_execute", note)
    yield heard
    event.remove(engine, "before_execute", note)


def _bare_app(database: Database, statements: list[Statement]) -> Starlette:
    async def rows(_request: Request) -> Response:
        told: list[Any] = []
        async with database.read() as connection:
            for statement, parameters in statements:
                result = await connection.execute(statement, parameters)
                told.append([dict(row._mapping) for row in result])
        return Response(json.dumps(told, default=str), media_type="application/json")

    return Starlette(routes=[Route("/", rows)])


async def _timed(client: httpx.AsyncClient, path: str) -> float:
    began = time.perf_counter()
    answer = await client.get(path)
    answer.raise_for_status()
    return time.perf_counter() - began
