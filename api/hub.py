"""`firstring serve`: all parts in one event loop, each kept up on its own, ended together."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from api import wiring
from api.app import create_app
from api.clock_watch import watch_clock
from api.context import AppContext
from api.garbage import spare_what_is_built
from api.housekeeping import keep_house
from api.job_loop import carry_at_once, carry_jobs
from api.listening import keep_listening
from api.reactor import keep_reacting
from api.serving import open_socket, serve_web
from api.supervision import keep_up
from api.timekeeping import keep_time
from api.turns import alone
from api.webhooks.lanes import keep_sending
from api.worker_process import run_worker
from crm_core import jobs
from crm_core.calls.ledger import IntakeRules
from crm_core.exchanges.config import ExchangeConfig
from crm_core.leases import Held
from pbx.gap_reading import GapRules
from pbx.listener import Listener, spool_name
from pbx.spool import folder_for

log = structlog.get_logger()

LAST_JOBS_TIME = timedelta(seconds=10)
LONGEST_PAUSES = {"hints": 5.0}
"""Seconds after a failure, where they are not the usual ones."""

Part = Callable[[], Coroutine[Any, Any, None]]


class Hub:
    """The parts of one process. `extra` are parts of the caller's own, such as the demo's practice exchange."""

    def __init__(self, context: AppContext, parts: tuple[str, ...], opened: socket.socket | None) -> None:
        self._context = context
        self._parts = parts
        self._opened = opened
        self._app = create_app(context) if "web" in parts else None

    async def run(self, extra: dict[str, Part] | None = None, ready: Callable[[], None] = lambda: None) -> None:
        """Until SIGTERM or SIGINT."""
        self._await_signals()
        if "work" in self._parts and self._context.database.is_sqlite:
            await self._free_lost_jobs()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(keep_up(self._context, name, run, LONGEST_PAUSES.get(name)), name=name)
                for name, run in {**self._own(), **(extra or {})}.items()
            ]
            spare_what_is_built()
            ready()
            await self._context.stopping.wait()
            log.info("stopping")
            await self._wind_down(tasks)

    def _own(self) -> dict[str, Part]:
        own: dict[str, Part] = {} if self._context.hints is None else {"hints": self._context.hints.run}
        if self._app is not None:
            own |= {"web": self._web, "stream": self._app.state.streams.run}
        if "listen" in self._parts:
            own |= {"listen": lambda: keep_listening(self._context, self._listen)}
        if "work" in self._parts:
            runner = wiring.job_runner(self._context)
            own |= {
                "reactions": lambda: alone(self._context, "reactions", "react", self._react),
                "jobs": lambda: carry_jobs(self._context, runner),
                "dialling": lambda: carry_at_once(self._context, wiring.dialling_runner(self._context)),
                "webhooks": lambda: keep_sending(self._context, wiring.webhook_runner(self._context)),
                "imports": lambda: carry_jobs(self._context, wiring.import_runner(self._context)),
                "audits": lambda: carry_jobs(self._context, wiring.audit_runner(self._context)),
                "clock watch": lambda: watch_clock(self._context),
                "worker": self._workers,
                "clock": lambda: alone(self._context, "clock", "clock", keep_time),
                "housekeeping": lambda: alone(self._context, "housekeeping", "house", keep_house),
            }
        return own

    async def _web(self) -> None:
        settings = self._context.settings
        opened, self._opened = self._opened or open_socket(settings.host, settings.port), None
        await serve_web(self._app, opened, self._context.stopping.wait)

    async def _listen(self, exchange: ExchangeConfig, held: Held) -> None:
        settings = self._context.settings
        rules, gap_rules = IntakeRules.of(settings), GapRules(furthest=timedelta(days=settings.gap_days))
        listener = Listener(
            held.database, exchange, spool_folder=await self._spool_folder(exchange), rules=rules, gap_rules=gap_rules,
            replaced=lambda: held.lost,
        )  # fmt: skip
        await listener.run()

    async def _spool_folder(self, exchange: ExchangeConfig) -> Path:
        folder = self._context.data_dir / "spool"
        if self._context.database.is_sqlite:
            return folder
        return await asyncio.to_thread(folder_for, folder, spool_name(exchange))

    async def _react(self, context: AppContext) -> None:
        await keep_reacting(context, wiring.REACTIONS)

    async def _workers(self) -> None:
        """One worker after another: each is recycled now and then, for its libraries leak."""
        while not self._context.stopping.is_set():
            await run_worker(self._context, {})

    async def _free_lost_jobs(self) -> None:
        """We hold the only lock on this data: a job that still counts as running was lost with its process."""
        async with self._context.database.write() as tx:
            freed = await jobs.free_running(tx, self._context.now())
        if freed:
            log.info("lost_jobs_freed", jobs=freed)

    def _await_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._context.stopping.set)

    async def _wind_down(self, tasks: list[asyncio.Task[None]]) -> None:
        """Streams and jobs under way end by themselves; what has no end is cancelled."""
        self._context.wake.wake()
        if self._app is not None:
            self._app.state.streams.end_all()
        ending = [task for task in tasks if task.get_name() in ("web", "jobs", "webhooks")]
        for task in tasks:
            if task not in ending:
                task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=LAST_JOBS_TIME.total_seconds())
        for task in ending:
            task.cancel()
