"""How long the event loop is held by one piece of work, during which no page, pop or stream has its turn."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def holds() -> AsyncIterator[list[float]]:
    """Seconds of work in the loop's thread from look to look, however busy the machine is; a look is due each 5 ms."""
    held: list[float] = []

    async def watch() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            held.append(time.thread_time() - before)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    try:
        yield held
        await asyncio.sleep(0.01)  # the last hold is counted, too
    finally:
        watching.cancel()
