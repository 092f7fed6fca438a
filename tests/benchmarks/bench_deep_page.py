"""The 1,000th page of the list of deals, 50 a page, against its second, in the orders that an index knows.

The other orders (by amount) read all deals for any page, the first like the last.
"""

import asyncio
import gc
import re
import tempfile
import time
from pathlib import Path

import httpx
from sqlalchemy import select

from crm_core import paging
from crm_core.db import Database
from crm_core.deals.queries import DEAL_SORTS
from crm_core.deals.tables import deals
from tests.benchmarks.deal_rows import office_with_deals
from tests.benchmarks.figures import Figure
from tests.databases import fresh_sqlite, sqlite_template

A_PAGE = 50
PAGES = 1000
DEALS = A_PAGE * (PAGES + 1)
ROUNDS = 15
GOAL = 1.25
ORDERS = ("-stage_since", "created_at")


def run() -> Figure:
    with sqlite_template() as template, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), fresh_sqlite(template, Path(folder))))


async def _measure(folder: Path, url: str) -> Figure:
    context, client = await office_with_deals(folder, url, DEALS)
    ratios, explained = [], []
    for order in ORDERS:
        deep = await _cursor_before(context.database, order, (PAGES - 1) * A_PAGE)
        near = await _cursor_before(context.database, order, A_PAGE)
        first, last = await _both(client, _path(order, near), _path(order, deep))
        ratios.append(last / first)
        explained.append(f"{DEALS} open deals by {order}: {first:.2f} ms page 2, {last:.2f} ms page {PAGES}, {last / first:.2f}")
    await context.database.close()
    return Figure("deep_page", max(ratios), GOAL, explained=explained)


def _path(order: str, cursor: str) -> str:
    return f"/deals/more?sort={order}&cursor={cursor}"


async def _cursor_before(database: Database, order: str, place: int) -> str:
    """As the list itself gives it on the page that ends there."""
    sort = paging.sort_named(DEAL_SORTS, order)
    way = sort.column.desc() if sort.descending else sort.column.asc()
    by_id = deals.c.id.desc() if sort.descending else deals.c.id.asc()
    query = select(deals.c.id, sort.column.label("_sort")).order_by(way, by_id).offset(place - 1).limit(2)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    cursor = paging.page_of(rows, rows, sort, 1).next_cursor
    if cursor is None:
        raise ValueError("there is no such page")
    return cursor


async def _both(client: httpx.AsyncClient, near: str, deep: str) -> tuple[float, float]:
    """The least milliseconds of both, in turns: a busy neighbour only ever adds."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for path, times in zip((near, deep), spent, strict=True):
            gc.collect()
            began = time.perf_counter()
            answer = await client.get(path)
            times.append((time.perf_counter() - began) * 1000)
            if len(re.findall(r'class="line ia deal-line"', answer.text)) != A_PAGE:
                raise ValueError(f"not a page of deals: {answer.status_code} {answer.text[:200]}")
    return min(spent[0]), min(spent[1])
