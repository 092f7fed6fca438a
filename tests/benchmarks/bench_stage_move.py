"""A deal moves and ten automations run, beside its bare SQL: the very statements sent, their rows read and thrown away.

Both write to databases that are alike. What both cost beside that (finding the automations, judging gates, planning, events) is
ours.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert, select, text

from crm_core.db import Database
from crm_core.deals.automations.tables import automation_runs, automations
from crm_core.deals.moves import move
from crm_core.deals.tables import stages
from tests.benchmarks.figures import Figure
from tests.databases import fresh_sqlite, sqlite_template
from tests.office import LONG_AGO, NOW, Office

GOAL = 0.3
MOVES = 100
FIRST = 10
AUTOMATIONS = 10

Statement = tuple[Any, Any, bool]


def run() -> Figure:
    with sqlite_template() as template, tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as other:
        return asyncio.run(_measure(fresh_sqlite(template, Path(ours)), fresh_sqlite(template, Path(other))))


async def _measure(url: str, other: str) -> Figure:
    database, twin = Database(url), Database(other)
    ids, deal = await _company(database)
    await _company(twin)
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(MOVES):
        with _heard(database) as statements:
            began = time.perf_counter()
            async with database.write() as tx:
                await move(tx, deal, ids[2 - number % 2], by=None, now=NOW + timedelta(hours=number))
            spent[0].append(time.perf_counter() - began)
        began = time.perf_counter()
        await _bare(twin, statements)
        spent[1].append(time.perf_counter() - began)
    async with database.read() as connection:
        ran = len((await connection.execute(select(automation_runs.c.id))).all())
    await database.close()
    await twin.close()
    if ran != AUTOMATIONS * MOVES:
        raise ValueError(f"{ran} runs of {AUTOMATIONS * MOVES}")
    # The lower quartile: a busy neighbour only ever adds.
    told, plain = (statistics.quantiles(times[FIRST:], n=4)[0] * 1000 for times in spent)
    explained = (f"{AUTOMATIONS} automations a move, {len(statements)} statements: {told:.2f} ms ours, {plain:.2f} ms bare",)
    return Figure("stage_move", plain / told, GOAL, at_most=False, explained=explained)


async def _company(database: Database) -> tuple[list[int], int]:
    """A deal on the second stage; each of two stages has ten automations on entry."""
    office = await Office.opened(database)
    olga = await office.person("Olga", "101")
    deal = await office.deal(await office.contact("79161112233", "Peter", owner=olga), owner=olga)
    async with database.write() as tx:
        ids = list((await tx.scalars(select(stages.c.id).order_by(stages.c.position))).all())
        await tx.execute(insert(automations), [_rule(ids[1 + number % 2], number) for number in range(2 * AUTOMATIONS)])
    return ids, deal


def _rule(stage: int, number: int) -> dict[str, Any]:
    """Most set a task; some write a note, some look at the deal's tasks and decline."""
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("set_task", {"title": f"Task {number}", "within_minutes": 60}),
        ("set_task", {"title": f"Ring {number}", "within_minutes": 30}),
        ("write_note", {"text": "It came here"}),
        ("keep_next_task", {"title": "What next?", "within_minutes": 60}),
        ("set_task_unless_called", {"title": "Arrange a meeting", "within_minutes": 60}),
    ]
    action, settings = kinds[number // 2 % len(kinds)]
    return {"action": action, "trigger": "entry", "stage_id": stage, "when": {}, "settings": settings, "active": True,
            "position": number, "created_at": LONG_AGO}  # fmt: skip


@contextmanager
def _heard(database: Database) -> Iterator[list[Statement]]:
    """What went to the driver while this is open: SQL, parameters, whether many rows at once."""
    heard: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        heard.append((statement, parameters, many))

    engine = database._writer.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield heard
    event.remove(engine, "before_cursor_execute", note)


async def _bare(database: Database, statements: list[Statement]) -> None:
    """The same SQL, sent as it is, on a connection of the same kind; what comes back is fetched."""
    async with database.write() as tx:
        for statement, parameters, many in statements:
            if statement.upper().startswith(("BEGIN", "COMMIT")):
                continue
            rows = many and isinstance(parameters[0], (list, tuple))
            result = await tx.exec_driver_sql(statement, [tuple(row) for row in parameters] if rows else tuple(parameters))
            if result.returns_rows:
                result.fetchall()
        await tx.execute(text("SELECT 1"))
