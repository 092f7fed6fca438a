"""A stage set for pages of automations: some that run, one that is broken, two that chase each other, and what they did."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from crm_core.deals.automations.tables import automations
from crm_core.deals.moves import move
from crm_core.deals.tables import deals, stages
from crm_core.users.tables import Role
from tests.office import LONG_AGO
from tests.web.site import Site

LONG_NAME = "Позвонить каждому, кто пришёл с выставки и ещё не получил каталога «Осень — зима», до конца недели"


def staged(site: Site) -> dict[str, int]:
    """Ids by name: `task`, `moves`, `there`, `back`, `broken`, `off`; and `deal`, on which they ran."""
    return site.do(_staged(site))


async def _staged(site: Site) -> dict[str, int]:
    office, olga = site.office, site.people[Role.MANAGER]
    deal = await office.deal(await office.contact("79161112233", "Пётр Иванов", owner=olga), stage=1, owner=olga)
    async with site.database.write() as tx:
        ids = (await tx.scalars(select(stages.c.id).order_by(stages.c.position))).all()
        made = {
            "task": await _rule(tx, "set_task", "entry", ids[2], name=LONG_NAME, title="Позвонить: {contact}", within_minutes=30),
            "moves": await _rule(tx, "move_deal", "tag", ids[2], when={"tag": "meeting_agreed"}, stage=ids[3]),
            "there": await _rule(tx, "move_deal", "entry", ids[3], name="Туда", stage=ids[4]),
            "back": await _rule(tx, "move_deal", "entry", ids[4], name="Обратно", stage=ids[3]),
            "broken": await _rule(tx, "give_deal", "entry", ids[2], owner=999, only_nobodys=False),
            "off": await _rule(tx, "write_note", "timeout", ids[1], when={"hours": 24}, active=False, text="Стоит сутки"),
        }
    lately = datetime.now(UTC) - timedelta(hours=2)
    async with site.database.write() as tx:
        await move(tx, deal, ids[2], by=olga, now=lately)
        await move(tx, deal, ids[3], by=olga, now=lately + timedelta(hours=1))
    await office.set(deals, deal, amount=14_000_000)
    return {**made, "deal": deal}


async def _rule(
    tx: Any, action: str, trigger: str, at: int, *, name: str | None = None, when: dict[str, Any] | None = None,
    active: bool = True, **settings: Any,
) -> int:  # fmt: skip
    row = {"action": action, "trigger": trigger, "stage_id": at, "pipeline_id": 1, "name": name, "when": when or {},
           "settings": settings, "active": active, "position": 1, "created_at": LONG_AGO}  # fmt: skip
    return int((await tx.execute(insert(automations).values(row).returning(automations.c.id))).scalar_one())
