"""The amount of the deals that were won (R11), of their owner, in roubles: other currencies cannot be added to them."""

from sqlalchemy import CTE, func, select

from crm_core.deals.tables import StageKind, deals
from crm_core.reports.indicator import Indicator, Selects, Unit
from crm_core.text import msgid

CURRENCY = "RUB"


def _facts(days: CTE) -> Selects:
    during = (deals.c.closed_at >= days.c.since) & (deals.c.closed_at < days.c.until)
    won = (
        select(days.c.day, deals.c.owner_id.label("user_id"), func.sum(deals.c.amount).label("value"))
        .select_from(days.join(deals, during))
        .where(deals.c.closed_as == StageKind.WON, deals.c.currency == CURRENCY)
        .group_by(days.c.day, deals.c.owner_id)
    )
    return (won,)


INDICATOR = Indicator("won_amount", msgid("Amount won"), Unit.MONEY, "deals", _facts, 5)
