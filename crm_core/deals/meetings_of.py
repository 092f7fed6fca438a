"""The meetings of a deal, as gates judge them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.meetings.tables import meetings

PARTS = ("user_id", "contact_id", "place", "at", "notes")


async def meetings_of(tx: AsyncConnection, deal_id: int) -> Sequence[Row[Any]]:
    """Newest first."""
    return (await tx.execute(select(meetings).where(meetings.c.deal_id == deal_id).order_by(meetings.c.id.desc()))).all()


def missing_parts(meeting: Row[Any], parts: Sequence[str] = PARTS) -> list[str]:
    """What is not said of it yet; others than the deal's people may be met, as they were named."""
    known = {
        "user_id": meeting.user_id, "contact_id": meeting.contact_id or (meeting.with_whom or "").strip(),
        "place": (meeting.place or "").strip(), "at": meeting.at, "notes": (meeting.notes or "").strip(),
    }  # fmt: skip
    return [part for part in parts if not known[part]]


async def best_planned(tx: AsyncConnection, deal_id: int) -> Row[Any] | None:
    """Of those that are to come the one most is known of."""
    planned = [meeting for meeting in await meetings_of(tx, deal_id) if meeting.state == "planned"]
    return min(planned, key=lambda meeting: len(missing_parts(meeting)), default=None)
