"""Parts of the product that are started again when they fail. One that is down never takes the others with it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import Counter

from api.context import AppContext
from crm_core.db import database_trouble
from crm_core.errors import FirstringError

log = structlog.get_logger()

LONGEST_PAUSE = 60.0
STEADY = 60.0  # seconds: a part that ran so long begins its pauses anew

FAILURES = Counter("firstring_part_failures", "Times a part of the product failed and was started again", ["part"])


async def keep_up(
    context: AppContext, part: str, run: Callable[[], Awaitable[None]], longest: float | None = None
) -> None:  # fmt: skip
    """Run a part until cancelled or until it returns; after a failure again, with growing pauses, unless all is to stop.

    `longest`: seconds of a pause at most.
    """
    parts = context.parts
    pause = 1.0
    while True:
        began = time.monotonic()
        parts.up(part)
        try:
            await run()
        except Exception as error:  # whatever it was: the others go on
            FAILURES.labels(part.partition(" ")[0]).inc()
            parts.down(part, _tell(part, error, pause))
            if context.stopping.is_set():
                return
        else:
            parts.gone(part)
            return
        await asyncio.sleep(pause)
        pause = 1.0 if time.monotonic() - began > STEADY else min(2 * pause, longest or LONGEST_PAUSE)


def _tell(part: str, error: Exception, pause: float) -> str:
    """What we have words for is one line; what is our own fault comes with its traceback."""
    trouble = error.say if isinstance(error, FirstringError) else database_trouble(error)
    if trouble is not None:
        log.warning("part_failed", part=part, why=trouble, again_in=pause)
        return trouble
    log.exception("part_failed", part=part, again_in=pause)
    return f"{type(error).__name__}: {error}"[:300]
