"""A deal's way through the stages is written: `stage_history`, a line a step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.gate import Lack, stored
from crm_core.deals.tables import stage_history
from crm_core.text import clean


async def note_stage(
    tx: AsyncConnection, deal: Row[Any], stage_id: int, *, now: datetime, by: int | None, reason: str | None,
    missing: Sequence[Lack] = (), rule_id: int | None = None,
) -> None:  # fmt: skip
    """One line of the deal's way through the stages; `missing`: what was set aside by the reason."""
    row = {"deal_id": deal.id, "from_stage_id": deal.stage_id, "stage_id": stage_id, "at": now, "user_id": by,
           "reason": said(reason), "rule_id": rule_id, "missing": stored(missing) or None}  # fmt: skip
    await tx.execute(insert(stage_history).values(row))


def said(reason: str | None) -> str | None:
    """A reason as it is kept; None where it says nothing."""
    return None if reason is None else clean(reason, 1000).strip() or None
