"""The machine's clock may be set back: what was planned by the time before would wait that long. It is planned anew."""

import asyncio
import time

import structlog

from api.context import AppContext
from crm_core import jobs

log = structlog.get_logger()

LOOK = 1.0
"""Seconds between looks; only those after something was found touch the database."""
LINGERS = 120.0
"""Seconds in which a job may still be put down by the time before: whoever waited for the database had taken his moment then."""
AGAIN = 5.0
"""Seconds, at least, from one look for such jobs to the next."""
SLEW = 2.0
"""Seconds a look may be behind by the clock's being drawn slowly to the right time: nothing waits for less."""


async def watch_clock(context: AppContext) -> None:
    """Once at the start (it may have been set back while nobody ran), and whenever it is set back; until cancelled."""
    ahead, set_back, planned = _ahead_of_its_own_running(context), time.monotonic(), 0.0
    while True:
        if time.monotonic() - set_back < LINGERS and time.monotonic() - planned >= AGAIN:
            planned = time.monotonic()
            await _plan_anew(context)
        await asyncio.sleep(LOOK)
        was, ahead = ahead, _ahead_of_its_own_running(context)
        if ahead < was - SLEW:
            log.warning("clock_set_back", seconds=round(was - ahead, 1))
            set_back, planned = time.monotonic(), 0.0


def _ahead_of_its_own_running(context: AppContext) -> float:
    """Seconds; the same at each look while nobody sets the clock."""
    return context.now().timestamp() - time.monotonic()


async def _plan_anew(context: AppContext) -> None:
    async with context.database.write() as tx:
        planned = await jobs.bring_forward(tx, context.now())
    if planned:
        log.info("jobs_brought_forward", jobs=planned)
