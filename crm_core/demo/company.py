"""The demo's company: people, customers and what happened before today; nothing of it exists outside the demo.

Each noun's file seeds what its pages show; this one says in which order.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.first_pipeline import seed_pipelines
from crm_core.deals.tables import stages
from crm_core.demo.board import seed_board
from crm_core.demo.cards import seed_cards
from crm_core.demo.deals import seed_deals
from crm_core.demo.ends import seed_ends
from crm_core.demo.meetings import seed_meetings
from crm_core.demo.offer import seed_offer
from crm_core.demo.overrides import seed_overrides
from crm_core.demo.people import are_there, seed_people
from crm_core.demo.plans import seed_plans
from crm_core.demo.records import seed_records
from crm_core.demo.requests import seed_requests
from crm_core.demo.runs import seed_runs
from crm_core.demo.seeding import Demo
from crm_core.demo.teams import seed_teams


async def seed_demo_company(tx: AsyncConnection, exchange_id: int, *, now: datetime, language: str) -> None:
    """Everything; nothing if it is there already."""
    demo = Demo(tx, exchange_id, now, language)
    if await are_there(demo):
        return
    await seed_people(demo)
    await _seed_pipeline(demo)
    await seed_deals(demo)
    await seed_cards(demo)
    await seed_teams(demo)
    await seed_offer(demo)
    await seed_meetings(demo)
    await seed_plans(demo)
    await seed_runs(demo)
    await seed_board(demo)
    await seed_overrides(demo)
    await seed_ends(demo)
    await seed_records(demo)
    await seed_requests(demo)


async def _seed_pipeline(demo: Demo) -> None:
    demo.pipelines.append(await seed_pipelines(demo.tx, demo.language, now=demo.now))
    rows = await demo.tx.execute(select(stages.c.id).where(stages.c.pipeline_id == demo.pipelines[0]).order_by(stages.c.position))
    demo.stages.extend(row.id for row in rows)
