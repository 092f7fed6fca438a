"""A bulk change carried out, a transaction for each part of it; what pages and the interface for programs share."""

from collections.abc import Sequence

from api.context import AppContext
from crm_core.access import Actor
from crm_core.deals.bulk import NOTHING, BulkChange, BulkResult, change_chunk, chunks, require_lawful


async def carry_out(context: AppContext, actor: Actor, deal_ids: Sequence[int], change: BulkChange) -> BulkResult:
    """Raises Forbidden or Invalid before anything is changed."""
    require_lawful(actor, change)
    result = NOTHING
    for part in chunks(deal_ids):
        async with context.database.write() as tx:
            result = result.and_then(await change_chunk(tx, actor, part, change, now=context.now()))
    return result
