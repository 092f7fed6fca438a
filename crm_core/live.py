"""A hint that something was committed. Losing one costs a second, never data: who waits also polls."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from crm_core.errors import FirstringError


class Wake:
    """Wakes everybody in this process who waits, once."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def wake(self) -> None:
        waiting, self._next = self._next, asyncio.Event()
        waiting.set()

    @property
    def coming(self) -> asyncio.Event:
        """The next wake-up. Who takes it before he looks, and waits for it afterwards, misses none that comes meanwhile."""
        return self._next

    async def wait(self, timeout: float, coming: asyncio.Event | None = None) -> None:  # noqa: ASYNC109  the polling floor
        """Return at the next wake-up, or the `coming` one, at the latest after `timeout` seconds."""
        # Not wait_for: Python 3.11's forgets a cancellation that comes together with the wake-up.
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await (coming or self._next).wait()


class HintsCut(FirstringError):
    """The way of hints between the processes is cut: what another commits is seen a second later."""


class Hints(Protocol):
    """Carries wakes from process to process (`crm_core.live_by_notify`, `crm_core.live_by_redis`)."""

    def tell(self) -> None:
        """We committed. Costs nothing here: it is sent by `run`, and several at once as one."""

    async def run(self) -> None:
        """Until cancelled; raises HintsCut."""


def was_cancelled() -> bool:
    """Whether this task was asked to end: a driver that connects may forget to tell (redis-py does, on Python 3.11)."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Outbox:
    """What of our commits the others are still to be told. `me` is what we sign with, for we hear ourselves, too."""

    def __init__(self, wake: Wake) -> None:
        self.me = secrets.token_hex(6)
        self._wake = wake
        self._untold = asyncio.Event()

    def tell(self) -> None:
        self._untold.set()

    def hear(self, signature: str) -> None:
        if signature != self.me:
            self._wake.wake()

    async def send_all(self, send: Callable[[str], Awaitable[None]], look: Callable[[], Awaitable[None]], every: float) -> None:
        """Until cancelled. `look` asks every so many quiet seconds whether the way is still there; raises if it is not."""
        while not was_cancelled():
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await self._untold.wait()
            if self._untold.is_set():
                self._untold.clear()
                await send(self.me)
            else:
                await look()
