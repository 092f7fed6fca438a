"""Carries webhook jobs: each webhook has lanes of its own, so one whose receiver is slow or dead holds up no other."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, or_, select

from api.context import AppContext
from api.job_loop import POLL, REST
from crm_core.db import UtcTime
from crm_core.jobs import JobRunner, JobState, jobs
from crm_core.webhooks.deeds import MOST_WEBHOOKS
from crm_core.webhooks.telling import WEBHOOK_JOB

EACH = 2  # tries to one webhook at once
MOST = EACH * MOST_WEBHOOKS
AT_A_LOOK = 50

_hook: ColumnElement[int] = jobs.c.payload["webhook_id"].as_integer()
_now = bindparam("now", type_=UtcTime)
_READY = (jobs.c.state == JobState.QUEUED) & (jobs.c.run_after <= _now)
_LOST = (jobs.c.state == JobState.RUNNING) & (jobs.c.lease_until < _now)
DUE = (
    select(jobs.c.id, _hook.label("webhook_id"))
    .where(jobs.c.kind == WEBHOOK_JOB, or_(_READY, _LOST), _hook.not_in(bindparam("full", expanding=True)))
    .order_by(jobs.c.run_after)
    .limit(bindparam("most", type_=Integer))
)


async def keep_sending(context: AppContext, runner: JobRunner) -> None:
    """Until the process is to stop; what is being sent then is finished."""
    lanes = Lanes()
    async with asyncio.TaskGroup() as group:
        while not context.stopping.is_set():
            coming = context.wake.coming  # before the look: what is committed meanwhile is not slept through
            async with context.database.read() as connection:
                due = (await connection.execute(DUE, {"now": context.now(), "full": lanes.full(), "most": AT_A_LOOK})).all()
            set_out = [row.id for row in due if lanes.take(row.id, row.webhook_id)]
            for job_id in set_out:
                group.create_task(runner.run_one(job_id)).add_done_callback(lanes.leaver(job_id))
            if not set_out:
                await context.wake.wait(POLL, coming)
                await asyncio.sleep(REST)


class Lanes:
    """Which jobs are on their way to which webhook."""

    def __init__(self) -> None:
        self._taken: dict[int, int] = {}

    def full(self) -> list[int]:
        counted = Counter(self._taken.values())
        return [webhook_id for webhook_id, count in counted.items() if count >= EACH]

    def take(self, job_id: int, webhook_id: int) -> bool:
        """Whether the job may set out now: it has not yet, and there is room."""
        if job_id in self._taken or webhook_id in self.full():
            return False
        self._taken[job_id] = webhook_id
        return True

    def leaver(self, job_id: int) -> Callable[[Any], object]:
        return lambda _task: self._taken.pop(job_id, None)
