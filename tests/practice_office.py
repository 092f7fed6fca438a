"""A practice exchange beside the product, in a thread of its own, so that the product may be killed and it plays on."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pbx.playing.calls import Story
from pbx.playing.play import Playing
from pbx.practice import SECRET, USER, PracticeExchange

T = TypeVar("T")


class PracticeOffice:
    """Plays stories when told; `settings` is what the product needs to listen to it."""

    def __init__(self, recordings: Path, **options: Any) -> None:
        self.recordings = recordings
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._on = threading.Event()
        self._off = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="practice exchange")
        self.exchange: PracticeExchange

    @property
    def port(self) -> int:
        return self.exchange.port

    @property
    def settings(self) -> dict[str, str]:
        return {
            "AMI_URL": f"ami://{USER}:{SECRET}@127.0.0.1:{self.port}",
            "RECORDINGS_ROOT": str(self.recordings),
        }

    def play(self, story: Story) -> Playing:
        return self._there(lambda: self.exchange.play(story))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Steer a call in play: `office.do(playing.answer("102"))`."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def begin(self, work: Callable[[], Coroutine[Any, Any, T]]) -> "Future[T]":
        """Work that goes on beside; cancel it, or it ends with the exchange."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop)

    def unplug(self) -> None:
        asyncio.run_coroutine_threadsafe(self.exchange.unplug(), self._loop).result(10)

    def plug_in(self) -> None:
        asyncio.run_coroutine_threadsafe(self.exchange.plug_in(), self._loop).result(10)

    def _there(self, deed: Callable[[], T]) -> T:
        async def run() -> T:
            return deed()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._loop.close()

    async def _open(self) -> None:
        async with PracticeExchange(recordings_root=self.recordings, **self._options) as self.exchange:
            self._on.set()
            await self._off.wait()

    def start(self) -> None:
        self._thread.start()
        if not self._on.wait(10):
            raise RuntimeError("the practice exchange did not start")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._off.set)
        self._thread.join(10)


@contextmanager
def practice_office(recordings: Path, **options: Any) -> Iterator[PracticeOffice]:
    recordings.mkdir(parents=True, exist_ok=True)
    office = PracticeOffice(recordings, **options)
    office.start()
    try:
        yield office
    finally:
        office.stop()
