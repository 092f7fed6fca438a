"""A call read once more from the journal: what it was told from, as long as that is kept."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.journal import Batch
from crm_core.calls.stored import StoredCall, last_batch
from crm_core.exchanges.config import ExchangeConfig
from pbx.derivation import Derivation
from pbx.history import history, received
from pbx.tracking.case import Case
from pbx.tracking.story import Story

AFTERWARDS = timedelta(seconds=60)
"""How long after a call's end something may still be told of it."""
MOST_BYTES = 512 * 1024 * 1024
"""Journal that is read for one call at most; of a longer one only the beginning is."""


@dataclass(slots=True)
class Recalled:
    """`story` is None where the journal tells of the call no more; `batches` are kept only when asked for."""

    story: Story | None = None
    cut: bool = False
    batches: list[Batch] = field(default_factory=list)


async def recalled(connection: AsyncConnection, exchange: ExchangeConfig, stored: StoredCall, *, keep: bool = False) -> Recalled:
    """Derives from the batch in which the call began until it was over."""
    found = Recalled()
    if stored.journal_id is None:
        return found
    derivation = Derivation(exchange)
    case: Case | None = None
    read = 0
    async for batch in history(connection, exchange.id, since=stored.journal_id, until=await _until(connection, stored)):
        await asyncio.to_thread(derivation.take, received(batch))
        case = derivation.tracker.case_of(stored.call.key.partition("~")[0]) or case
        read += len(batch.data)
        if keep:
            found.batches.append(batch)
        if read > MOST_BYTES:
            found.cut = True
            break
    found.story = None if case is None else derivation.tracker.read(case)
    return found


async def _until(connection: AsyncConnection, stored: StoredCall) -> int | None:
    """The last batch that may tell of the call; None for one that goes on: all there is."""
    if stored.call.ended_at is None:
        return None
    after = datetime.fromtimestamp(stored.call.ended_at, UTC) + AFTERWARDS
    last = await last_batch(connection, stored.exchange_id, after)
    return stored.journal_id if last is None or stored.journal_id is None else max(last, stored.journal_id)
