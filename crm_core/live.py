"""A hint that something was committed. Losing one costs a second, never data: who waits also polls."""

import asyncio
from contextlib import suppress


class Wake:
    """Wakes everybody who waits, once."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def wake(self) -> None:
        waiting, self._next = self._next, asyncio.Event()
        waiting.set()

    async def wait(self, timeout: float) -> None:  # noqa: ASYNC109  the timeout is the polling floor
        """Return at the next wake-up, at the latest after `timeout` seconds."""
        # Not wait_for: Python 3.11's forgets a cancellation that comes together with the wake-up.
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._next.wait()
