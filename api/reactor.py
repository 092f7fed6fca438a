"""What happened → what follows from it, once: reactions and the mark that they ran are one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from api.context import AppContext
from crm_core import event_log
from crm_core.db import is_passing
from crm_core.events import Event, EventKind

log = structlog.get_logger()

Reaction = Callable[[AsyncConnection, Sequence[Event]], Awaitable[None]]
Reactions = Mapping[EventKind, Sequence[Reaction]]

POLL = 1.0  # seconds: the floor where a hint is lost or the worker wrote
REST = 0.1  # seconds: calls commit many times a second, and nobody waits for what follows from one of them
FAILED = Counter("firstring_reactions_failed", "Events whose reaction failed and was given up", ["reaction"])


async def keep_reacting(context: AppContext, reactions: Reactions) -> None:
    """React until cancelled."""
    while True:
        coming = context.wake.coming
        if not await react(context, reactions):
            await context.wake.wait(POLL, coming)
            await asyncio.sleep(REST)


async def react(context: AppContext, reactions: Reactions) -> int:
    """Run what follows from the oldest events nobody reacted to yet; returns how many there were."""
    async with context.database.read() as connection:  # most wakes bring nothing: no writer is kept waiting for them
        if not await event_log.any_unreacted(connection, list(reactions)):
            return 0
    async with context.database.write() as tx:
        happened = await event_log.unreacted(tx, list(reactions))
        for kind, follow in reactions.items():
            of_kind = [event for event in happened if event.kind is kind]
            for reaction in follow if of_kind else ():
                await _run(tx, reaction, of_kind)
        if happened:
            await event_log.mark_reacted(tx, [event.id for event in happened if event.id is not None], context.now())
    return len(happened)


async def _run(tx: AsyncConnection, reaction: Reaction, happened: Sequence[Event]) -> None:
    """All at once; if that fails, one by one, so that an event which cannot be reacted to stops no other."""
    if await _ran(tx, reaction, happened) or len(happened) == 1:
        return
    for event in happened:
        await _ran(tx, reaction, [event])


async def _ran(tx: AsyncConnection, reaction: Reaction, happened: Sequence[Event]) -> bool:
    name = getattr(reaction, "__name__", "reaction")
    try:
        async with tx.begin_nested():
            await reaction(tx, happened)
    except Exception as error:
        if is_passing(error):
            raise  # nothing is marked, all of it comes again
        if len(happened) == 1:
            FAILED.labels(name).inc()
        log.exception("reaction_failed", reaction=name, events=[event.id for event in happened])
        return False
    return True
