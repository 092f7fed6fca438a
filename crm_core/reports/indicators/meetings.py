"""Meetings that were held (G40), of whoever went."""

from sqlalchemy import CTE, func, select

from crm_core.meetings.tables import meetings
from crm_core.reports.indicator import Indicator, Selects, Unit
from crm_core.text import msgid


def _facts(days: CTE) -> Selects:
    during = (meetings.c.held_at >= days.c.since) & (meetings.c.held_at < days.c.until)
    held = (
        select(days.c.day, meetings.c.user_id, func.count(meetings.c.id).label("value"))
        .select_from(days.join(meetings, during))
        .where(meetings.c.state == "held")
        .group_by(days.c.day, meetings.c.user_id)
    )
    return (held,)


INDICATOR = Indicator("meetings", msgid("Meetings held"), Unit.COUNT, "meetings", _facts, 3)
