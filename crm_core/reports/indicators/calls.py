"""Calls with customers (G39): inbound ones somebody was joined with, and outbound ones he dialled."""

from sqlalchemy import CTE, func, select

from crm_core.calls.events import Direction
from crm_core.calls.tables import call_talks, calls
from crm_core.reports.indicator import Indicator, Selects, Unit
from crm_core.text import msgid


def _facts(days: CTE) -> Selects:
    during = (calls.c.started_at >= days.c.since) & (calls.c.started_at < days.c.until)
    taken = (
        select(days.c.day, call_talks.c.user_id, func.count(calls.c.id.distinct()).label("value"))
        .select_from(days.join(calls, during).join(call_talks, call_talks.c.call_id == calls.c.id))
        .where(calls.c.direction == Direction.INBOUND)
        .group_by(days.c.day, call_talks.c.user_id)
    )
    made = (
        select(days.c.day, calls.c.user_id, func.count(calls.c.id).label("value"))
        .select_from(days.join(calls, during))
        .where(calls.c.direction == Direction.OUTBOUND)
        .group_by(days.c.day, calls.c.user_id)
    )
    return taken, made


INDICATOR = Indicator("calls", msgid("Calls"), Unit.COUNT, "calls", _facts, 1)
