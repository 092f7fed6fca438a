"""Two moves that the head let pass though something was missing: what `/overrides` and the deals' timelines show."""

from sqlalchemy import update

from crm_core.deals.gate import Lack, LackKind, stored
from crm_core.deals.tables import stage_history
from crm_core.demo.seeding import Demo
from crm_core.text import msgid

HEAD = "head@demo.local"
NOT_CALLED = Lack(LackKind.EVIDENCE, "call", msgid("The customer was not called"))
NO_NOTES = Lack(LackKind.TASK, "meeting.notes", msgid("The meeting: there are no notes for it"))
SET_ASIDE = (
    ("79037654310", 3, NOT_CALLED, "Пришла сама, договорились в кофейне", "Came by herself, agreed in the café"),
    ("74957778899", 3, NO_NOTES, "Едет весь отдел, повестка у заказчика", "The whole department goes, they set the agenda"),
)
"""Customer, stage the deal was moved to, what was missing, and why it was let pass."""


async def seed_overrides(demo: Demo) -> None:
    for number, step, lack, ru, en in SET_ASIDE:
        which = (stage_history.c.deal_id == demo.deals[number], stage_history.c.stage_id == demo.stages[step])
        values = {"user_id": demo.people[HEAD], "reason": demo.said(ru, en), "missing": stored([lack])}
        await demo.tx.execute(update(stage_history).where(*which).values(values))
