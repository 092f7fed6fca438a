"""A call read once more from the journal: what it was told from, as long as that is kept."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.journal import AMI, STILL_TOLD, Batch, first_after, led_in, place_of
from crm_core.calls.stored import StoredCall
from crm_core.exchanges.config import ExchangeConfig
from pbx.derivation import Derivation
from pbx.history import history, received
from pbx.tracking.case import Case
from pbx.tracking.story import Story

_IDS = re.compile(rb"\n(?:[A-Z][A-Za-z]*)?(?:Unique|Linked)(?:id|ID): ([^\r\n]+)")
MOST_BYTES = 1024 * 1024 * 1024
"""Journal that is read for one call at most; of a longer one only the beginning is."""


@dataclass(slots=True)
class Recalled:
    """`story` is None where the journal tells of the call no more; `batches` are kept only when asked for."""

    story: Story | None = None
    cut: bool = False
    batches: list[Batch] = field(default_factory=list)


class Sieve:
    """Lets pass what may concern a call, by all its linkedids: of a busy hour that is little, and reading the rest is dear.

    Messages that name no call (members of queues, answers, signs of life) pass, lists that were asked for pass whole, and so does
    the last message of a batch: it says until when the exchange was heard.
    """

    def __init__(self, linkedids: Iterable[str]) -> None:
        self._ids = {linkedid.partition("~")[0].encode() for linkedid in linkedids}

    def pass_on(self, data: bytes) -> bytes:
        messages = data.split(b"\r\n\r\n")
        last = len(messages) - 2
        return b"\r\n\r\n".join(one for place, one in enumerate(messages) if place >= last or self._concerns(one))

    def _concerns(self, message: bytes) -> bool:
        if (b"inkedid: " not in message and b"inkedID: " not in message) or b"\nActionID: " in message:
            return True
        if not any(known in message for known in self._ids):
            return False
        self._ids.update(_IDS.findall(message))
        return True


async def recalled(connection: AsyncConnection, exchange: ExchangeConfig, stored: StoredCall, *, keep: bool = False) -> Recalled:
    """Derives from the batch in which the call began until it was over."""
    found = Recalled()
    if stored.journal_id is None:
        return found
    derivation, sieve = Derivation(exchange), Sieve(stored.call.linkedids)
    case: Case | None = None
    read = 0
    began = await place_of(connection, exchange.id, stored.journal_id)
    since, until = await led_in(connection, exchange.id, [began]) or began, await _until(connection, stored, began)
    async for batch in history(connection, exchange.id, since=since, until=until):
        read += len(batch.data)
        if batch.source == AMI:
            batch = replace(batch, data=await asyncio.to_thread(sieve.pass_on, batch.data))  # noqa: PLW2901
        await asyncio.to_thread(derivation.try_take, received(batch))  # a batch nothing can be derived from says so in its row
        case = derivation.tracker.case_of(stored.call.key.partition("~")[0]) or case
        if keep:
            found.batches.append(batch)
        if read > MOST_BYTES:
            found.cut = True
            break
    found.story = None if case is None else derivation.tracker.read(case)
    return found


async def _until(connection: AsyncConnection, stored: StoredCall, began: int) -> int | None:
    """The last batch that may tell of the call; None for all there is."""
    if stored.call.ended_at is None:
        return None
    over = datetime.fromtimestamp(stored.call.ended_at, UTC) + STILL_TOLD
    return await first_after(connection, stored.exchange_id, over, began)
