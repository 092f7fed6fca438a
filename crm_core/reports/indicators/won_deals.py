"""Deals that were won (G35), of their owner."""

from sqlalchemy import CTE, func, select

from crm_core.deals.tables import StageKind, deals
from crm_core.reports.indicator import Indicator, Selects, Unit
from crm_core.text import msgid


def _facts(days: CTE) -> Selects:
    during = (deals.c.closed_at >= days.c.since) & (deals.c.closed_at < days.c.until)
    won = (
        select(days.c.day, deals.c.owner_id.label("user_id"), func.count(deals.c.id).label("value"))
        .select_from(days.join(deals, during))
        .where(deals.c.closed_as == StageKind.WON)
        .group_by(days.c.day, deals.c.owner_id)
    )
    return (won,)


INDICATOR = Indicator("won_deals", msgid("Deals won"), Unit.COUNT, "deals", _facts, 4)
