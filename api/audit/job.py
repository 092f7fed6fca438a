"""The job that audits one exchange's day: at night of its own accord, by day when somebody asks; and mends, if asked to."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.audit.auditing import Auditor, Findings
from api.audit.repairing import Mended, Repair
from api.context import AppContext
from crm_core import days
from crm_core.calls.ledger import IntakeRules
from crm_core.exchanges import config, registry
from crm_core.exchanges.config import ExchangeConfig
from crm_core.jobs import Finish, Job, JobKind, JobState, Park, Progress, enqueue, jobs
from crm_core.trust import keeping
from crm_core.users.audit import record

AUDIT = "audit"
NIGHT = time(3, 30)
"""When the day before is audited: its calls are over, and the exchange is quiet."""
CAUGHT_UP = 3  # days back that are audited where the product was off at night
KEPT = timedelta(days=400)

Change = Callable[[AsyncConnection], Awaitable[int]]
"""Writes an audit down; tells how many differences it found."""


async def plan_nights(tx: AsyncConnection, context: AppContext) -> None:
    """Put down the audits of the last days, each once; to be called as often as one likes."""
    zone, now = context.settings.zone, context.now()
    today = days.day_of(now, zone)
    active = [row for row in await registry.listed(tx) if row.active]
    for back in range(1, CAUGHT_UP + 1):
        day = today - timedelta(days=back)
        at = datetime.combine(day + timedelta(days=1), NIGHT, zone)
        for row in active:
            if row.created_at < days.bounds(day, zone)[1]:
                payload = {"exchange_id": row.id, "day": day.isoformat()}
                await enqueue(tx, AUDIT, f"{AUDIT}:{row.id}:{day}", payload, now=now, run_after=max(at, now))
    await keeping.forget(tx, today - KEPT)


async def ask(tx: AsyncConnection, exchange_id: int, day: date, *, repair: bool, by: int, now: datetime) -> None:
    """Have a day audited now, and mended if wanted; asking twice in a minute is asking once."""
    payload = {"exchange_id": exchange_id, "day": day.isoformat(), "repair": repair, "by": by}
    await enqueue(tx, AUDIT, f"{AUDIT}:{exchange_id}:{day}:{repair}:{now:%Y%m%d%H%M}", payload, now=now)
    facts = {"day": day.isoformat()}
    await record(tx, by, "repair_asked" if repair else "audit_asked", "exchange", exchange_id, now=now, facts=facts)


async def under_way(connection: AsyncConnection, now: datetime) -> list[tuple[int, date]]:
    """Exchange and day of each audit that is due and not done."""
    open_jobs = jobs.c.state.in_((JobState.QUEUED, JobState.RUNNING)) & (jobs.c.run_after <= now)
    rows = await connection.scalars(select(jobs.c.payload).where(jobs.c.kind == AUDIT, open_jobs))
    return [(payload["exchange_id"], date.fromisoformat(payload["day"])) for payload in rows]


def job_kind(context: AppContext) -> JobKind:
    return JobKind(AUDIT, _Work(context).work, lease=timedelta(minutes=5), most_attempts=3)


class _Work:
    def __init__(self, context: AppContext) -> None:
        self._context = context

    async def work(self, job: Job, _progress: Progress) -> Finish:
        exchange = await self._exchange(job.payload["exchange_id"])
        day, by = date.fromisoformat(job.payload["day"]), job.payload.get("by")
        if job.payload.get("repair"):
            return _finish(await repaired(self._context, exchange, day, by=by))
        return _finish(kept(self._context, await auditor(self._context).audit(exchange, day), by=by))

    async def _exchange(self, exchange_id: int) -> ExchangeConfig:
        """With the passwords to its records; the AMI's stay unread."""
        async with self._context.database.read() as connection:
            known = {row.id: row.name for row in await registry.listed(connection)}
            if exchange_id not in known:
                raise Park("the exchange is gone")
            return await config.load(connection, known[exchange_id], self._context.box)


def _finish(change: Change) -> Finish:
    async def finish(tx: AsyncConnection) -> None:
        await change(tx)

    return finish


def auditor(context: AppContext) -> Auditor:
    return Auditor(context.database, context.blobs, context.settings.zone, context.now)


async def repaired(context: AppContext, exchange: ExchangeConfig, day: date, *, by: int | None) -> Change:
    """Audit, mend, and audit once more; what is returned writes down the last."""
    found = await auditor(context).audit(exchange, day)
    async with context.database.write() as tx:
        await kept(context, found, by=by)(tx)
    mended = await Repair(context.database, exchange, IntakeRules.of(context.settings), context.now, by).carry_out(found)
    return kept(context, await auditor(context).audit(exchange, day), by=by, mended=mended)


def kept(context: AppContext, found: Findings, *, by: int | None, mended: list[Mended] | None = None) -> Change:
    """Writes an audit down, and what was done about its differences."""

    async def write(tx: AsyncConnection) -> int:
        day_id = await keeping.keep(tx, found.audited, now=context.now(), by=by)
        await keeping.note_repair(tx, day_id, {one.difference.key: one.how for one in mended or ()})
        return len(found.audited.differences)

    return write
