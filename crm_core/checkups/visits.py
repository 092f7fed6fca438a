"""A visit of the doctor is asked for, begun and written down; he comes as a job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.tables import exchanges
from crm_core.checkups.tables import checkups
from crm_core.errors import Conflict, NotFound
from crm_core.events import Event, EventKind
from crm_core.jobs import enqueue
from crm_core.users.audit import record

CHECKUP = "checkup"
"""The kind of the job."""

GIVEN_UP = timedelta(minutes=15)
"""A visit that takes longer stands in nobody's way."""


class Kind(StrEnum):
    CHECKS = "checks"
    TEST_CALL = "test_call"


class State(StrEnum):
    ASKED = "asked"
    RUNNING = "running"
    OVER = "over"


OPEN = (State.ASKED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Asked:
    """A visit that is to be made. `is_first`: nobody began it before."""

    id: int
    exchange_id: int
    kind: Kind
    is_first: bool


async def ask(
    tx: AsyncConnection, exchange_id: int, kind: Kind, *, now: datetime, by: int | None, facts: Mapping[str, str] | None = None
) -> int:
    """Put a visit down; raises Conflict while one is under way there, NotFound. `facts` go to the job."""
    if await tx.scalar(select(exchanges.c.id).where(exchanges.c.id == exchange_id).with_for_update()) is None:
        raise NotFound(noun="exchanges", id=exchange_id)
    under_way = select(checkups.c.id).where(checkups.c.exchange_id == exchange_id, checkups.c.state.in_(OPEN))
    if await tx.scalar(under_way.where(checkups.c.asked_at > now - GIVEN_UP)) is not None:
        raise Conflict("The doctor is there already")
    row = {"exchange_id": exchange_id, "kind": kind, "state": State.ASKED, "asked_by": by, "asked_at": now, "findings": []}
    added: int = (await tx.execute(insert(checkups).values(row).returning(checkups.c.id))).scalar_one()
    await enqueue(tx, CHECKUP, f"{CHECKUP}:{added}", {"checkup_id": added, **(facts or {})}, now=now)
    await record(tx, by, "exchange_examined" if kind is Kind.CHECKS else "test_call_placed", "exchange", exchange_id, now=now)
    await _tell(tx, exchange_id, now)
    return added


async def begin(tx: AsyncConnection, checkup_id: int, *, now: datetime) -> Asked | None:
    """None if it is over."""
    row = (await tx.execute(select(checkups).where(checkups.c.id == checkup_id))).one_or_none()
    if row is None or row.state == State.OVER or row.exchange_id is None:
        return None
    await tx.execute(update(checkups).where(checkups.c.id == checkup_id).values(state=State.RUNNING))
    await _tell(tx, row.exchange_id, now)
    return Asked(row.id, row.exchange_id, Kind(row.kind), row.state == State.ASKED)


async def note(
    tx: AsyncConnection, asked: Asked, findings: Sequence[Mapping[str, Any]], *, now: datetime, is_over: bool = True
) -> None:
    """What was found, so far or at last."""
    values: dict[str, Any] = {"findings": list(findings)}
    if is_over:
        values |= {"state": State.OVER, "over_at": now}
    await tx.execute(update(checkups).where(checkups.c.id == asked.id).values(values))
    await _tell(tx, asked.exchange_id, now)


async def _tell(tx: AsyncConnection, exchange_id: int, now: datetime) -> None:
    facts = {"exchange_id": exchange_id}
    await event_log.append(tx, [Event(EventKind.EXCHANGE_CHANGED, now, None, facts=facts)])
