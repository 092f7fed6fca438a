"""What follows by itself when a deal comes to a stage."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.chain import NO_CHAIN, Chain


async def stage_changed(
    tx: AsyncConnection, deal: Row[Any], from_stage: int | None, to_stage: int, *, by: int | None, now: datetime,
    chain: Chain = NO_CHAIN,
) -> None:  # fmt: skip
    """Run what the stage left and the stage entered ask for. `deal`: its row of `deals`, before or after the move;
    `from_stage` None: it is opened there. Called after the writes of the move, in its transaction."""
