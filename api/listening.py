"""A listener for each active exchange; exchanges added, changed or switched off are followed without a restart."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from api.context import AppContext
from api.supervision import keep_up
from crm_core.errors import SettingsError
from crm_core.exchanges import config
from crm_core.exchanges.config import ExchangeConfig

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
    """A secret that cannot be opened is told, and the other parts go on."""
    try:
        async with context.database.read() as connection:
            found = await config.active(connection, context.box)
    except SettingsError as error:
        context.parts.down("exchanges", error.say)
        return []
    context.parts.gone("exchanges")
    return found


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
