"""A listener for each active exchange; exchanges added, changed or switched off are followed without a restart."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from api.context import AppContext
from api.supervision import keep_up
from crm_core.exchanges import config, registry
from crm_core.exchanges.config import ExchangeConfig
from crm_core.secrets import SEALED_ELSEWHERE

log = structlog.get_logger()

LOOK = 2.0  # seconds between looks at the exchanges
Listen = Callable[[ExchangeConfig], Awaitable[None]]


async def keep_listening(context: AppContext, listen: Listen) -> None:
    """Until cancelled."""
    running: dict[int, tuple[ExchangeConfig, asyncio.Task[None]]] = {}
    try:
        async with asyncio.TaskGroup() as group:
            while True:
                wanted = {one.id: one for one in await _active(context)}
                for exchange_id, (known, task) in list(running.items()):
                    if wanted.get(exchange_id) != known or task.done():
                        await _end(task)
                        del running[exchange_id]
                for exchange_id in wanted.keys() - running.keys():
                    one = wanted[exchange_id]
                    running[exchange_id] = (one, group.create_task(_listener(context, listen, one)))
                await asyncio.sleep(LOOK)
    finally:
        for _, task in running.values():
            task.cancel()


async def _listener(context: AppContext, listen: Listen, exchange: ExchangeConfig) -> None:
    log.info("listening", exchange=exchange.name, host=exchange.ami_host, port=exchange.ami_port)
    part = f"listener {exchange.name}"
    try:
        await keep_up(context, part, lambda: listen(exchange))
    finally:
        context.parts.gone(part)


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
