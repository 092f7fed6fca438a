"""Deals for benchmarks: an office with many of them, written as rows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import insert, select

from api.app import create_app
from api.auth import COOKIE
from api.context import AppContext
from api.wiring import build
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.tables import deals, stages
from crm_core.settings import Settings
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.sessions import open_session
from crm_core.users.tables import Role
from tests.office import Office

NOW = datetime.now(UTC)
AT_ONCE = 2000


async def office_with_deals(folder: Path, url: str, count: int) -> tuple[AppContext, httpx.AsyncClient]:
    """Open deals of three managers, spread over the open stages, most with a task; and a browser of their head."""
    context = build(Settings(data_dir=folder, database_url=SecretStr(url)))
    office = await Office.opened(context.database)
    managers = [await office.person(f"Manager {extension}", extension) for extension in ("101", "102", "103")]
    head = await office.person("Head", role=Role.HEAD)
    async with context.database.write() as tx:
        strip = (await tx.execute(select(stages).where(stages.c.kind == "open").order_by(stages.c.position))).all()
        for first in range(1, count + 1, AT_ONCE):
            await _write(tx, range(first, min(first + AT_ONCE, count + 1)), managers, strip)
        token = await open_session(tx, head, now=NOW)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(context)), base_url="http://127.0.0.1", cookies={COOKIE: token}
    )
    return context, client


async def _write(tx: Any, ids: range, managers: list[int], strip: Any) -> None:
    made = {"created_at": NOW - timedelta(days=30)}
    await tx.execute(insert(companies), [{"id": one, "name": f"Company {one}", **made} for one in ids])
    await tx.execute(insert(contacts), [{"id": one, "name": f"Customer {one}", "company_id": one, **made} for one in ids])
    numbers = [{"number": f"7916{one:07}", "raw": f"+7916{one:07}", "contact_id": one, **made} for one in ids]
    await tx.execute(insert(contact_numbers), numbers)
    await tx.execute(insert(deals), [_deal(one, managers[one % 3], strip[one % len(strip)]) for one in ids])
    due = [{"kind": TaskKind.OTHER, "title": f"Call about deal {one}", "deal_id": one, "contact_id": one,
            "owner_id": managers[one % 3], "due_at": NOW + timedelta(hours=one % 90 - 30), **made}
           for one in ids if one % 5]  # fmt: skip
    await tx.execute(insert(tasks), due)


def _deal(number: int, owner: int, stage: Any) -> dict[str, Any]:
    return {
        "id": number, "title": f"Website {number}", "contact_id": number, "company_id": number, "pipeline_id": stage.pipeline_id,
        "stage_id": stage.id, "stage_since": NOW - timedelta(minutes=number), "owner_id": owner,
        "amount": 10_000_000 + number * 100, "source": "call", "created_at": NOW - timedelta(minutes=number),
    }  # fmt: skip
