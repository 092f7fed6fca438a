"""The demo's deals show what ran on them by itself."""

from sqlalchemy import select

from crm_core.deals.automations.defaults import install_defaults
from crm_core.deals.automations.tables import automation_runs
from crm_core.deals.tables import pipelines
from crm_core.demo.company import seed_demo_company
from crm_core.tasks.tables import tasks
from tests.office import NOW, Office


async def test_demo_shows_runs_with_the_tasks_they_set(office: Office) -> None:
    async with office.database.write() as tx:
        pipeline = await tx.scalar(select(pipelines.c.id))
        await install_defaults(tx, int(pipeline or 0), now=NOW)
        await seed_demo_company(tx, office.exchange.id, now=NOW, language="ru")

    runs = await office.rows(automation_runs)
    assert len(runs) > 2
    set_by_rules = {row.id: row.deal_id for row in await office.rows(tasks) if row.rule_id is not None}
    assert [set_by_rules[run.facts["tasks"][0]] for run in runs] == [run.deal_id for run in runs]
    assert all(run.at < NOW for run in runs)
