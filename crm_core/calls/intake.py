"""Calls as they were told → rows, contacts, leads, tasks and events. By batches, in one transaction with the journal.

Three steps: read what the batch may touch (`known.py`), decide without SQL (`intake_rules.py`), write set-wise
(`intake_writes.py`). Safe to repeat: the same events once more, or cut into other batches, leave the same rows.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import intake_writes, known, repeated_ids
from crm_core.calls.events import CallEvent
from crm_core.calls.intake_rules import decide
from crm_core.calls.ledger import IntakeRules
from crm_core.calls.telling import fit
from crm_core.db import one_at_a_time
from crm_core.exchanges.config import ExchangeConfig

INTAKE = 4_071_962  # any number of our own
USUAL = IntakeRules()


async def take(
    tx: AsyncConnection,
    exchange: ExchangeConfig,
    happened: Sequence[CallEvent],
    *,
    now: datetime,
    journal_id: int | None = None,
    rules: IntakeRules = USUAL,
) -> None:
    """Take in a batch of events of one exchange, oldest first. `journal_id`: the journal's batch they were derived from."""
    if not happened:
        return
    await one_at_a_time(tx, INTAKE)  # two exchanges may ring with the same new number at once
    for told in _segments(_fit(happened)):
        segment = told
        ledger = await known.read(tx, exchange, [event.call for event in segment], rules, now, journal_id)
        if repeated := repeated_ids.repeated(ledger, segment):
            segment = await repeated_ids.told_apart(tx, exchange.id, segment, repeated, now)
            ledger = await known.read(tx, exchange, [event.call for event in segment], rules, now, journal_id)
        decide(ledger, segment)
        await intake_writes.write(tx, exchange.id, ledger)


def _fit(happened: Sequence[CallEvent]) -> list[CallEvent]:
    """The events of a batch that tell of one call share it."""
    fitting = {id(call): fit(call) for call in {id(event.call): event.call for event in happened}.values()}
    told = ((event, fitting[id(event.call)]) for event in happened)
    return [event if call is event.call else replace(event, call=call) for event, call in told]


def _segments(happened: Sequence[CallEvent]) -> Iterator[list[CallEvent]]:
    """Cut before an event that joins a call told of earlier in the batch: its row must be there to be absorbed."""
    segment: list[CallEvent] = []
    keys: set[str] = set()
    for event in happened:
        if keys.intersection(event.call.linkedids[1:]):
            yield segment
            segment, keys = [], set()
        segment.append(event)
        keys.add(event.call.key)
    yield segment
