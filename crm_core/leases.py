"""Who does what only one process may do at a time: listen to an exchange, react to events, tidy up.

A lease is a row with an end. Its holder moves the end on; when he dies it passes, and a stand-in takes the row. Who lost his
lease without knowing it (frozen, cut off) is kept from writing by the row itself: each of his transactions looks at it and
keeps it from being removed, so that nobody takes over in the middle of one and none of his begins after that
(docs/decisions/0050).

SQLite needs none: the data folder's lock lets one process in (`api/locking.py`).
"""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Column, DateTime, String, Table, bindparam, cast, delete, func, literal, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Interval

from crm_core.db import Database, UtcTime, metadata
from crm_core.errors import FirstringError
from crm_core.upserts import insert_for

log = structlog.get_logger()

TERM = 7.0
"""Seconds from one renewal until the lease passes to whoever asks. A stand-in is at work within ten."""
RENEWALS = 3.5
"""A term has so many: two in a row may fail."""
LOOK = 0.75
"""Seconds between looks of those who stand by."""
FURTHEST = timedelta(minutes=1)
"""No lease ends later than that from now."""
STUCK = "5s"
"""A holder's transaction that stands still for so long is ended by the server: its machine is gone, and the row is locked."""

leases = Table(
    "leases",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("holder", String(120), nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
)


class LeaseLost(FirstringError):
    """Another process does this now."""


def _until() -> Any:
    """By the database's clock: those of two machines differ."""
    return func.clock_timestamp(type_=DateTime(timezone=True)) + cast(bindparam("term"), Interval)


_NOW = func.clock_timestamp(type_=DateTime(timezone=True))
_MINE = (leases.c.name == bindparam("of")) & (leases.c.holder == bindparam("me"))
_STILL = (
    select(literal(1), func.set_config("idle_in_transaction_session_timeout", STUCK, True))
    .where(_MINE)
    .with_for_update(read=True, key_share=True)  # against DELETE, not against a renewal
)
_RENEW = update(leases).where(_MINE).values(until=_until()).returning(literal(1))
_LET_GO = delete(leases).where(_MINE)
# An end that is far away was written before the server's clock was set back.
_RUNS = leases.c.until.between(_NOW, _NOW + cast(literal(FURTHEST), Interval))
_HAD = select(literal(1)).where(leases.c.name == bindparam("of"), _RUNS)
_OVER = delete(leases).where(leases.c.name == bindparam("of"), ~_RUNS)
_TAKE = (
    insert_for("postgresql", leases)
    .values(name=bindparam("of"), holder=bindparam("me"), taken_at=_NOW, until=_until())
    .on_conflict_do_nothing(index_elements=[leases.c.name])
    .returning(literal(1))
)


class Lease:
    """One name for one holder on PostgreSQL. `check` guards a transaction; the rest are transactions of their own."""

    def __init__(self, database: Database, name: str, holder: str, term: float = TERM) -> None:
        self.name = name
        self._database = database.quiet()
        self._who = {"of": name, "me": holder}
        self._for = {**self._who, "term": timedelta(seconds=term)}

    async def take(self) -> bool:
        """Whether it is ours now: nobody had it, or its end had passed. Waits for a transaction of the last holder."""
        async with self._database.read() as connection:
            if await connection.scalar(_HAD, {"of": self.name}) is not None:
                return False
        async with self._database.write() as tx:
            await tx.execute(_OVER, {"of": self.name})
            return await tx.scalar(_TAKE, self._for) is not None

    async def renew(self) -> bool:
        """Whether it still was ours, and goes on: also after its end, if nobody took it."""
        async with self._database.write() as tx:
            return await tx.scalar(_RENEW, self._for) is not None

    async def check(self, tx: AsyncConnection) -> None:
        """Raises LeaseLost unless it is ours; nobody takes it before this transaction is over."""
        if (await tx.execute(_STILL, self._who)).first() is None:
            raise LeaseLost(f"another process has the lease {self.name} now")

    async def let_go(self) -> None:
        """The next one need not wait for its end."""
        async with self._database.write() as tx:
            await tx.execute(_LET_GO, self._who)


def new_holder() -> str:
    """A name for this process: for people where it runs, and by chance nobody else's."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{secrets.token_hex(6)}"


@dataclass(slots=True)
class Held:
    """A lease that is ours until `lost`. What is written through `database` is committed only while it is."""

    database: Database
    lost: bool = False


@asynccontextmanager
async def hold(database: Database, name: str, holder: str, *, seconds: float = TERM) -> AsyncIterator[Held]:
    """Wait until the lease is ours, and keep it while the block runs.

    When it is lost the block is cancelled and LeaseLost raised: then another process does what the block did.
    """
    if database.is_sqlite:
        yield Held(database)
        return
    lease = Lease(database, name, holder, seconds)
    await _taken(lease)
    log.info("lease_taken", lease=name)
    held = Held(database)
    held.database = database.guarded(partial(_checked, lease, held))
    try:
        async with _kept(lease, held, seconds):
            yield held
    except (LeaseLost, BaseExceptionGroup) as error:
        if not _tells_of_loss(error):
            raise
        log.warning("lease_lost", lease=name)
        raise LeaseLost(f"another process has the lease {name} now") from error
    finally:
        await _let_go(lease)


async def _checked(lease: Lease, held: Held, tx: AsyncConnection) -> None:
    """A transaction may learn of the loss before the next renewal does, and ends the block."""
    try:
        await lease.check(tx)
    except LeaseLost:
        held.lost = True
        raise


async def _taken(lease: Lease) -> None:
    answers, waits = True, False
    while True:
        try:
            if await lease.take():
                return
            if not waits:
                log.info("lease_awaited", lease=lease.name)
            answers = waits = True
        except (SQLAlchemyError, OSError) as error:  # who waits longer and longer is late when it is back
            if answers:
                log.warning("lease_not_asked_for", lease=lease.name, error=type(error).__name__)
            answers = False
        await asyncio.sleep(LOOK)


@asynccontextmanager
async def _kept(lease: Lease, held: Held, seconds: float) -> AsyncIterator[None]:
    """A time limit without an end, until a renewal tells that the lease is lost."""
    limit = asyncio.timeout(None)
    keeper: asyncio.Task[None] | None = None
    try:
        async with limit:
            keeper = asyncio.create_task(_renewed(lease, seconds))
            keeper.add_done_callback(lambda over: _lost(held, limit, over))
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise LeaseLost from error
    finally:
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])


async def _renewed(lease: Lease, seconds: float) -> None:
    """Until somebody else has it. While the database is away nobody can take it, so it is not lost then: the exchange is
    listened to all the same, and what is received waits."""
    answers = True
    while True:
        await asyncio.sleep(seconds / RENEWALS if answers else min(LOOK, seconds / RENEWALS))
        try:
            async with asyncio.timeout(seconds):
                if not await lease.renew():
                    return
            answers = True
        except (SQLAlchemyError, OSError) as error:
            if answers:
                log.warning("lease_not_renewed", lease=lease.name, error=type(error).__name__)
            answers = False


def _lost(held: Held, limit: asyncio.Timeout, over: asyncio.Task[None]) -> None:
    if over.cancelled():
        return
    if over.exception() is None:
        held.lost = True
    if not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time())


def _tells_of_loss(error: BaseException) -> bool:
    """Whatever else went wrong beside it follows from it."""
    return isinstance(error, LeaseLost) or (isinstance(error, BaseExceptionGroup) and error.subgroup(LeaseLost) is not None)


async def _let_go(lease: Lease) -> None:
    try:
        async with asyncio.timeout(2):
            await lease.let_go()
    except (SQLAlchemyError, OSError, TimeoutError):
        log.info("lease_left_to_end", lease=lease.name)
