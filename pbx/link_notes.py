"""How the connection to an exchange stands: for its row, the log and the metrics."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from crm_core.db import Database
from crm_core.errors import NotFound
from crm_core.exchanges import registry
from crm_core.exchanges.config import ExchangeConfig
from pbx import metrics
from pbx.ami.connection import BackOff, LinkReport, LinkState
from pbx.storing import fault_of, to_its_end

log = structlog.get_logger()


class LinkNotes:
    """The newest report becomes the exchange's row; a database that does not take it is asked again."""

    def __init__(self, database: Database, exchange: ExchangeConfig, now: Callable[[], datetime]) -> None:
        self._database = database
        self._exchange = exchange
        self._now = now
        self._reports: asyncio.Queue[LinkReport] = asyncio.Queue()
        self.report = self._reports.put_nowait

    async def run(self) -> None:
        """Until cancelled."""
        last: LinkState | None = None
        while True:
            report = await self._reports.get()
            self._tell_log(report, last)
            last = report.state
            retry = BackOff(0.1, 5.0)
            while not await to_its_end(self._noted(report)):
                if not self._reports.empty():
                    break
                await asyncio.sleep(retry.next())

    def _tell_log(self, report: LinkReport, last: LinkState | None) -> None:
        name = self._exchange.name
        metrics.CONNECTED.labels(name).set(report.state is LinkState.UP)
        if report.state is LinkState.UP:
            metrics.RECONNECTS.labels(name).inc(last is LinkState.DOWN)
            log.info("exchange_up", exchange=name, version=report.version, note=report.note)
        elif report.state is not last:
            tell = log.info if report.state is LinkState.CONNECTING else log.warning
            tell(f"exchange_{report.state}", exchange=name, note=report.note)

    async def _noted(self, report: LinkReport) -> bool:
        state, now = report.state, self._now()
        try:
            async with self._database.write() as tx:
                await registry.note_state(tx, self._exchange.id, state, now=now, note=report.note, version=report.version)
        except NotFound:  # it was removed; whoever runs us will notice
            return True
        except (SQLAlchemyError, OSError) as error:
            log.warning("exchange_state_not_noted", exchange=self._exchange.name, error=fault_of(error))
            return False
        return True
