"""The stage is not flown over: the deal has to have stood on it (F2)."""

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.gate import DealAsked, Gate, Judged, Lack, LackKind, Settings
from crm_core.text import msgid


async def _judge(_tx: AsyncConnection, asked: DealAsked, _settings: Settings) -> Judged:
    return Judged() if asked.stands_here else Judged((not_passed_over(asked),))


def not_passed_over(asked: DealAsked) -> Lack:
    text = msgid("“%(stage)s” is not passed over: the deal has to be moved there first")
    return Lack(LackKind.ORDER, f"stage.{asked.stage.id}", text, {"stage": asked.stage.name})


GATE = Gate("in_order", msgid("The order of stages"), (), _judge)
