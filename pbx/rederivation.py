"""A period of the journal derived again: what its calls are by what is known now, and by the code of today."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.events import CallEvent, CallsJoined
from crm_core.exchanges.config import ExchangeConfig
from pbx.derivation import Derivation
from pbx.history import history, received
from pbx.storing import fault_of


@dataclass(slots=True)
class Rederived:
    """`told`: every telling of each call by its key, oldest first; `began`: the batch in which it was told of first."""

    derivation: Derivation
    told: dict[str, list[CallEvent]] = field(default_factory=dict)
    began: dict[str, int] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)  # batches that could not be derived, and why

    def take(self, batch_id: int, events: Sequence[CallEvent]) -> None:
        """A call that turned out to be part of another goes with it."""
        for event in events:
            key = event.call.key
            if isinstance(event, CallsJoined):
                for absorbed in event.absorbed:
                    self.told.pop(absorbed, None)
            self.told.setdefault(key, []).append(event)
            self.began.setdefault(key, batch_id)


async def derive_again(
    connection: AsyncConnection, exchange: ExchangeConfig, *, since: int, until: int | None = None, tell_from: int | None = None
) -> Rederived:
    """From the batch `since` to `until` (None: the newest). Calls are told from the batch `tell_from` on, if it is given:
    what comes before it only leads in, for calls that were up at `since` are not known whole. Nothing is written."""
    found = Rederived(Derivation(exchange))
    telling = tell_from is None
    async for batch in history(connection, exchange.id, since=since, until=until):
        telling = telling or batch.id == tell_from
        events, error = await asyncio.to_thread(found.derivation.try_take, received(batch))
        if error is not None:
            found.faults.append((batch.id, fault_of(error)))
        elif telling:
            found.take(batch.id, events)
    return found
