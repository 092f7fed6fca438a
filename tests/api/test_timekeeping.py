"""The clock of the product: once a round all that time brings, each thing once."""

from datetime import timedelta

from sqlalchemy import func, insert, select, update

from api.timekeeping import tick
from crm_core.deals.automations.tables import automation_runs, automations
from crm_core.deals.tables import deals, stages
from crm_core.event_log import events
from crm_core.tasks.tables import tasks
from tests.api.world import House
from tests.office import LONG_AGO


async def test_round_runs_time_outs_and_tells_the_head_of_what_is_late_once(house: House) -> None:
    async with house.database.write() as tx:
        await tx.execute(update(deals).values(stage_since=LONG_AGO))
        await tx.execute(update(stages).values(limit_hours=1))
        await tx.execute(insert(automations).values(
            action="write_note", trigger="timeout", when={"hours": 24}, settings={"text": "Old"}, position=2, created_at=LONG_AGO,
        ))  # fmt: skip
    house.time += timedelta(days=1)

    counts = [await _ticked(house) for _ in range(2)]

    open_deals, open_tasks = await _open(house)
    assert counts[0] == counts[1] == (open_deals, open_deals, open_tasks)


async def _ticked(house: House) -> tuple[int, ...]:
    """Runs, stuck deals and overdue tasks that are told after another round."""
    await tick(house.context)
    async with house.database.read() as connection:
        told = [select(func.count()).where(events.c.kind == kind) for kind in ("deal_stuck", "task_overdue")]
        queries = [select(func.count()).select_from(automation_runs), *told]
        return tuple([int(await connection.scalar(query) or 0) for query in queries])


async def _open(house: House) -> tuple[int, int]:
    async with house.database.read() as connection:
        open_deals = await connection.scalar(select(func.count()).where(deals.c.closed_at.is_(None)))
        late = (tasks.c.done_at.is_(None), tasks.c.due_at < house.time - timedelta(minutes=30))
        return int(open_deals or 0), int(await connection.scalar(select(func.count()).where(*late)) or 0)
