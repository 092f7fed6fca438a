"""The journal in the order in which it must be derived: what filled a gap stands before what ended it, whenever it was read."""

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import journal
from crm_core.calls.journal import Batch
from pbx.received import Received


async def history(connection: AsyncConnection, exchange_id: int, *, since: int, until: int | None = None) -> AsyncIterator[Batch]:
    """Batches from the one with the id `since` to `until` (itself included), oldest first.

    Records stand directly before the first batch of the connection that ended their gap; `since` may be the id of records.
    """
    first = await journal.place_of(connection, exchange_id, since)
    known: str | None = None
    async for batch in journal.since(connection, exchange_id, first, until):
        if batch.connection != known:
            known = batch.connection
            for records in await journal.records_before(connection, exchange_id, batch):
                yield records
        yield batch


def received(batch: Batch) -> Received:
    """As it came from the socket, for `Derivation.take`."""
    return Received(batch.connection, batch.offset, batch.received_at.timestamp(), batch.data, batch.fault != journal.SHORT)
