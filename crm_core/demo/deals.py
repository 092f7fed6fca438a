"""The demo's customers with their deals, the way these went, and the next tasks."""

from datetime import datetime, timedelta

from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.tables import StageKind, deals, stage_history
from crm_core.demo.calls import seed_call
from crm_core.demo.customers import CUSTOMERS, Customer
from crm_core.demo.seeding import Demo
from crm_core.tasks.tables import TaskKind, tasks


async def seed_deals(demo: Demo) -> None:
    for customer in CUSTOMERS:
        moved = await _seed_deal(demo, customer)
        for number in range(len(customer.calls)):
            await seed_call(demo, customer, number, moved)
        await _seed_task(demo, customer)


async def _seed_deal(demo: Demo, customer: Customer) -> list[datetime]:
    """Tells when it came to each of its stages."""
    name, position, title, company = customer.ru if demo.language == "ru" else customer.en
    owner, began = demo.people[customer.owner], demo.now - timedelta(days=customer.days)
    company_id = await demo.row(companies, name=company, owner_id=owner, created_at=began) if company else None
    contact = await demo.row(contacts, name=name, position=position, company_id=company_id, owner_id=owner, created_at=began)
    await demo.row(contact_numbers, number=customer.number, raw=f"+{customer.number}", contact_id=contact, created_at=began)
    won = customer.stage == len(demo.stages) - 1
    moved = [began + (demo.now - began) * step / (customer.stage + 1.5) for step in range(customer.stage + 1)]
    deal = await demo.row(
        deals, title=title, contact_id=contact, company_id=company_id, pipeline_id=demo.pipelines[0],
        stage_id=demo.stages[customer.stage], stage_since=moved[-1], owner_id=owner, amount=customer.amount * 100,
        created_at=began, closed_at=moved[-1] if won else None, closed_as=StageKind.WON if won else None,
    )  # fmt: skip
    demo.contacts[customer.number], demo.deals[customer.number] = contact, deal
    if company_id is not None:
        demo.companies[customer.number] = company_id
    await _seed_history(demo, deal, moved, owner)
    return moved


async def _seed_history(demo: Demo, deal: int, moved: list[datetime], owner: int) -> None:
    for step, at in enumerate(moved):
        before = demo.stages[step - 1] if step else None
        await demo.row(
            stage_history, deal_id=deal, from_stage_id=before, stage_id=demo.stages[step], at=at, user_id=owner if step else None
        )


async def _seed_task(demo: Demo, customer: Customer) -> None:
    if customer.task is None:
        return
    ru, en, hours = customer.task
    due = (demo.now + timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
    if due.date() > demo.now.date():
        due = due.replace(hour=8)
    await demo.row(
        tasks, kind=TaskKind.OTHER, title=demo.said(ru, en), deal_id=demo.deals[customer.number],
        contact_id=demo.contacts[customer.number], owner_id=demo.people[customer.owner], due_at=due,
        created_at=demo.now - timedelta(days=1),
    )  # fmt: skip
