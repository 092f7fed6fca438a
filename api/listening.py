"""A listener for each active exchange; exchanges added, changed or switched off are followed without a restart.

Of several processes that listen, one has an exchange at a time: the others stand by at its lease.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from api.context import AppContext
from api.supervision import keep_up
from api.turns import in_turn
from crm_core.db import database_trouble
from crm_core.exchanges import config, registry
from crm_core.exchanges.config import ExchangeConfig
from crm_core.leases import Held
from crm_core.secrets import SEALED_ELSEWHERE

log = structlog.get_logger()

LOOK = 2.0  # seconds between looks at the exchanges
Listen = Callable[[ExchangeConfig, Held], Awaitable[None]]


async def keep_listening(context: AppContext, listen: Listen) -> None:
    """Until cancelled."""
    running: dict[int, tuple[ExchangeConfig, asyncio.Task[None]]] = {}
    try:
        async with asyncio.TaskGroup() as group:
            wanted = {one.id: one for one in await _active(context)}
            while True:
                for exchange_id, (known, task) in list(running.items()):
                    if wanted.get(exchange_id) != known or task.done():
                        await _end(task)
                        del running[exchange_id]
                for exchange_id in wanted.keys() - running.keys():
                    one = wanted[exchange_id]
                    running[exchange_id] = (one, group.create_task(_listener(context, listen, one)))
                await asyncio.sleep(LOOK)
                wanted = await _wanted_now(context, wanted)
    finally:
        for _, task in running.values():
            task.cancel()


async def _listener(context: AppContext, listen: Listen, exchange: ExchangeConfig) -> None:
    part = f"listener {exchange.name}"

    async def have(held: Held) -> None:
        log.info("listening", exchange=exchange.name, host=exchange.ami_host, port=exchange.ami_port)
        await listen(exchange, held)

    try:
        await keep_up(context, part, lambda: in_turn(context, part, f"listen/{exchange.id}", have))
    finally:
        context.parts.gone(part)


async def _wanted_now(context: AppContext, before: dict[int, ExchangeConfig]) -> dict[int, ExchangeConfig]:
    """While the database is away those are listened to that were: what they receive waits for it."""
    try:
        return {one.id: one for one in await _active(context)}
    except Exception as error:
        trouble = database_trouble(error)
        if trouble is None:
            raise
        log.warning("exchanges_not_read", why=trouble)
        return before


async def _active(context: AppContext) -> list[ExchangeConfig]:
    """An exchange whose secret cannot be opened is told, and the others are listened to."""
    async with context.database.read() as connection:
        found = await config.active(connection, context.box)
        locked = await config.locked(connection, context.box)
    for exchange_id, name in locked:
        await _tell_locked(context, exchange_id, name)
    for exchange in found:
        context.parts.gone(_lock_of(exchange.name))
    return found


async def _tell_locked(context: AppContext, exchange_id: int, name: str) -> None:
    """Once in the log, and on the Exchange page."""
    if _lock_of(name) in context.parts.states:
        return
    context.parts.down(_lock_of(name), SEALED_ELSEWHERE)
    log.warning("exchange_refused", exchange=name, note=SEALED_ELSEWHERE)
    async with context.database.write() as tx:
        await registry.note_state(tx, exchange_id, "refused", now=context.now(), note=SEALED_ELSEWHERE)


def _lock_of(name: str) -> str:
    return f"secret of {name}"


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
