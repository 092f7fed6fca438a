"""Blocking work that may hang for good, such as a file on a mount whose server is gone."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class StillBusy(TimeoutError):
    """What was begun before has not come back yet."""


class PatientThread:
    """One piece of work at a time, each in a thread that nobody waits for: neither the event loop nor the end of the process."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    @property
    def is_busy(self) -> bool:
        """Whether what was begun has not come back yet."""
        return self._thread is not None and self._thread.is_alive()

    async def run(self, work: Callable[[], T], within: float) -> T:
        """What `work` returns or raises; TimeoutError after so many seconds, StillBusy while earlier work hangs."""
        if self.is_busy:
            raise StillBusy
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: BaseException | None) -> None:
            if done.done():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]

        def carry_out() -> None:
            result, error = None, None
            try:
                result = work()
            except Exception as raised:
                error = raised
            with suppress(RuntimeError):  # nobody waits any more: the loop is closed
                loop.call_soon_threadsafe(finish, result, error)

        self._thread = threading.Thread(target=carry_out, name="patient", daemon=True)
        self._thread.start()
        async with asyncio.timeout(within):
            return await done
