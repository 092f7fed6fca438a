"""Time on the phone with customers: joined with them, hold included, as every figure of talk counts it."""

from sqlalchemy import CTE, func, select

from crm_core.calls.events import Direction
from crm_core.calls.tables import call_talks, calls
from crm_core.reports.indicator import Indicator, Selects, Unit
from crm_core.text import msgid


def _facts(days: CTE) -> Selects:
    during = (calls.c.started_at >= days.c.since) & (calls.c.started_at < days.c.until)
    talked = (
        select(days.c.day, call_talks.c.user_id, func.sum(call_talks.c.talk_seconds).label("value"))
        .select_from(days.join(calls, during).join(call_talks, call_talks.c.call_id == calls.c.id))
        .where(calls.c.direction != Direction.INTERNAL)
        .group_by(days.c.day, call_talks.c.user_id)
    )
    return (talked,)


INDICATOR = Indicator("talk", msgid("Talk time"), Unit.SECONDS, "calls", _facts, 2)
