"""Our own connection and derivation on a real exchange, without a database: what a listener would know."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from crm_core.calls.events import Call, CallEvent
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.learned_lines import NOTHING, Learned
from pbx.ami.connection import AmiConnection, AmiLogin, LinkReport, Patience
from pbx.batch_cutter import BatchCutter
from pbx.derivation import Derivation
from pbx.received import Received
from tests.asterisk.exchange import RealExchange

EAGER = Patience(first=0.05, longest=0.2, quiet=2.0)


def config_of(exchange: RealExchange, learned: Learned = NOTHING) -> ExchangeConfig:
    user, secret = exchange.reader
    return ExchangeConfig(
        id=1, name="real", dialect="asterisk", region="RU", language=None, ami_host=exchange.host, ami_port=exchange.port,
        ami_tls=False, ami_user=user, ami_secret=secret, dial_user=None, dial_secret=None, recordings_root=None, cel_file=None,
        trunks=(), extensions=(), own_numbers=frozenset(), house_numbers=frozenset(), learned=learned,
    )  # fmt: skip


class Attached:
    """`told` are the events so far, `sessions` the bytes of each connection."""

    def __init__(self, config: ExchangeConfig) -> None:
        self.derivation = Derivation(config)
        self.told: list[CallEvent] = []
        self.reports: list[LinkReport] = []
        self.sessions: dict[str, bytearray] = {}
        self._cutter = BatchCutter()
        self._changed = asyncio.Event()

    async def receive(self, received: Received) -> None:
        self.sessions.setdefault(received.connection, bytearray()).extend(received.data)
        for batch in self._cutter.cut([received]):
            self.told += self.derivation.take(batch)
        self._changed.set()

    def open_calls(self) -> list[Call]:
        return self.derivation.tracker.open_calls()

    def last_words(self) -> list[Call]:
        """Each call as it was told last, the oldest first."""
        last = {event.call.key: event.call for event in self.told}
        return sorted(last.values(), key=lambda call: call.started_at)

    async def until(self, holds: Callable[[], bool], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.1)

    async def heard(self, what: bytes) -> None:
        """In the newest session."""
        await self.until(lambda: bool(self.sessions) and what in list(self.sessions.values())[-1])


@asynccontextmanager
async def attached(exchange: RealExchange, learned: Learned = NOTHING) -> AsyncIterator[Attached]:
    config = config_of(exchange, learned)
    ours = Attached(config)
    login = AmiLogin(config.ami_host, config.ami_port, config.ami_user, config.ami_secret)
    task = asyncio.create_task(AmiConnection(login, ours.receive, ours.reports.append, patience=EAGER).run())
    try:
        yield ours
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
