"""A period derived again, held against its rows: which calls are told otherwise today, and how.

After a fix, or once an exchange's lines are known better, `firstring rederive` shows the difference and takes it in.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import intake, journal
from crm_core.calls.call_json import call_json
from crm_core.calls.events import Call, CallEvent
from crm_core.calls.ledger import IntakeRules
from crm_core.calls.repeated_ids import FAR_APART, plain
from crm_core.calls.stored import StoredCall, stored_calls
from crm_core.calls.tables import call_linkedids, calls
from crm_core.calls.tables import journal as batches
from crm_core.calls.telling import fit
from crm_core.db import Database
from crm_core.exchanges.config import ExchangeConfig
from pbx.rederivation import Rederived, derive_again

WINDOW = timedelta(hours=6)
"""So much is derived at once: what is told of a busy month does not fit into memory."""
SETTLED = timedelta(minutes=2)
"""Calls of the last minutes are the listener's: it may still be telling of them."""
AT_ONCE = 500  # ids in a query


class Kind(StrEnum):
    CHANGED = "changed"
    ADDED = "added"  # there is no row of it
    JOINED = "joined"  # its row is part of another call: taken in with that one
    APART = "apart"  # its row is of two calls that are two today: nothing is taken in
    GONE = "gone"  # nothing tells of it today: the row stays


@dataclass(frozen=True, slots=True)
class Difference:
    """`before` is the call as its row has it, `after` as it is derived now; `told` are the tellings to take in."""

    kind: Kind
    call_id: int | None
    before: Call | None
    after: Call | None
    told: tuple[CallEvent, ...] = field(default=(), repr=False)
    journal_id: int | None = None

    @property
    def call(self) -> Call:
        """Whichever of the two there is, the newer one first."""
        if found := self.after or self.before:
            return found
        raise ValueError("a difference between nothing and nothing")

    def changed(self) -> dict[str, tuple[Any, Any]]:
        """The keys of the call's JSON that differ, each before and after; a call without its other side has none."""
        if self.before is None or self.after is None:
            return {}
        before, after = _shown(self.before), _shown(self.after)
        return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


@dataclass(slots=True)
class Comparison:
    """Of the calls that began in [since, until). `unknown`: their journal is dropped, or they are still up."""

    since: datetime
    until: datetime
    differences: list[Difference] = field(default_factory=list)
    same: int = 0
    unknown: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)  # batches that cannot be derived, and why


async def compare(database: Database, exchange: ExchangeConfig, since: datetime, until: datetime) -> AsyncIterator[Comparison]:
    """Window by window, oldest first. Nothing is written."""
    for begin, end in _windows(since, until):
        async with database.read() as connection:
            yield await _compared(connection, exchange, Comparison(begin, end))


async def take_in(database: Database, exchange: ExchangeConfig, found: Difference, *, now: datetime, rules: IntakeRules) -> bool:
    """Make the row what is derived now; False where there is nothing to take in. Safe to repeat."""
    if not found.told:
        return False
    async with database.write() as tx:
        await intake.take(tx, exchange, found.told, now=now, journal_id=found.journal_id, rules=rules)
    return True


def _windows(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    while since < until:
        end = min(since + WINDOW, until)
        yield since, end
        since = end


async def _compared(connection: AsyncConnection, exchange: ExchangeConfig, found: Comparison) -> Comparison:
    """Each call belongs to the window in which its row began; one without a row to that in which it begins."""
    own = await _began_within(connection, exchange.id, found)
    again = await _derived(connection, exchange, own, found)
    if again is None:
        found.unknown = len(own)
        return found
    found.faults = again.faults
    rows = _Rows(own)
    rows.add(await _elsewhere(connection, exchange.id, rows.unknown(again)))
    for key in again.told:
        _hold(found, rows, again, key)
    for row in own:
        if row.id not in rows.held:
            _miss(found, rows, row)
    return found


async def _began_within(connection: AsyncConnection, exchange_id: int, found: Comparison) -> list[StoredCall]:
    theirs = (calls.c.exchange_id == exchange_id, calls.c.started_at >= found.since, calls.c.started_at < found.until)
    return await _read(connection, list(await connection.scalars(select(calls.c.id).where(*theirs).order_by(calls.c.id))))


async def _elsewhere(connection: AsyncConnection, exchange_id: int, linkedids: Sequence[str]) -> list[StoredCall]:
    """Calls known by these ids whose rows began in another window."""
    ids: dict[int, None] = {}
    for start in range(0, len(linkedids), AT_ONCE):
        some = linkedids[start : start + AT_ONCE]
        named = select(call_linkedids.c.call_id).where(call_linkedids.c.linkedid.in_(some))
        ids |= dict.fromkeys(await connection.scalars(named.where(call_linkedids.c.exchange_id == exchange_id)))
    return await _read(connection, list(ids))


async def _read(connection: AsyncConnection, ids: Sequence[int]) -> list[StoredCall]:
    read: list[StoredCall] = []
    for start in range(0, len(ids), AT_ONCE):
        read += await stored_calls(connection, ids[start : start + AT_ONCE])
    return read


async def _derived(
    connection: AsyncConnection, exchange: ExchangeConfig, own: Sequence[StoredCall], found: Comparison
) -> Rederived | None:
    """With what leads in before the window, and until its last call was over. None where nothing of it is kept."""
    theirs = (batches.c.exchange_id == exchange.id, batches.c.source == journal.AMI, batches.c.received_at >= found.since)
    first = await connection.scalar(select(func.min(batches.c.id)).where(*theirs))
    ends = [call.call.ended_at for call in own if call.call.ended_at is not None]
    over = max([found.until, *(datetime.fromtimestamp(end, UTC) for end in ends)]) + journal.STILL_TOLD
    if first is None:
        return None
    last = await journal.first_after(connection, exchange.id, over, first)
    lead_in = await journal.needed_for(connection, exchange.id, found.since, first)
    began = [call.journal_id for call in own if call.journal_id is not None]
    places = [
        await journal.place_of(connection, exchange.id, place) for place in (first, lead_in, min(began, default=None)) if place
    ]
    return await derive_again(connection, exchange, since=min(places), until=last)


class _Rows:
    """The rows of calls by the ids that their exchange gave them. `own` are those of the window, `held` the ones found again."""

    def __init__(self, own: Sequence[StoredCall]) -> None:
        self.own = {row.id for row in own}
        self.held: set[int] = set()
        self.shared: set[int] = set()
        self._by_id: dict[str, list[StoredCall]] = defaultdict(list)
        self.add(own)

    def add(self, rows: Sequence[StoredCall]) -> None:
        for row in rows:
            for linkedid in row.call.linkedids:
                self._by_id[plain(linkedid)].append(row)

    def unknown(self, again: Rederived) -> list[str]:
        return [plain(key) for key in again.told if plain(key) not in self._by_id]

    def of(self, call: Call) -> list[StoredCall]:
        """The rows that share an id with the call; the one that is most likely the same first."""
        shared = {row.id: row for linkedid in call.linkedids for row in self._by_id.get(plain(linkedid), ())}
        near = [row for row in shared.values() if abs(row.call.started_at - call.started_at) < FAR_APART]
        key = plain(call.key)
        return sorted(near, key=lambda row: (plain(row.call.key) != key, abs(row.call.started_at - call.started_at)))


def _hold(found: Comparison, rows: _Rows, again: Rederived, key: str) -> None:
    """What one call that is derived now is in the rows."""
    told = tuple(again.told[key])
    call = fit(told[-1].call)
    known = rows.of(call)
    rows.shared |= {row.id for row in known[1:]}
    if not known:
        if call.ended_at is not None and found.since.timestamp() <= call.started_at < found.until.timestamp():
            found.differences.append(Difference(Kind.ADDED, None, None, call, told, again.began[key]))
        return
    row = known[0]
    if row.id in rows.held:
        found.differences.append(Difference(Kind.APART, row.id, row.call, call))
    elif row.id in rows.own:
        rows.held.add(row.id)
        _compare(found, Difference(Kind.CHANGED, row.id, row.call, call, told, again.began[key]))


def _compare(found: Comparison, one: Difference) -> None:
    if one.before is None or one.after is None or one.before.ended_at is None or one.after.ended_at is None:
        found.unknown += 1
    elif one.changed():
        found.differences.append(one)
    else:
        found.same += 1


def _miss(found: Comparison, rows: _Rows, row: StoredCall) -> None:
    """What became of a row that no derived call is."""
    if row.id in rows.shared:
        found.differences.append(Difference(Kind.JOINED, row.id, row.call, None))
    elif row.journal_id is None or row.call.ended_at is None:
        found.unknown += 1
    else:
        found.differences.append(Difference(Kind.GONE, row.id, row.call, None))


def _shown(call: Call) -> dict[str, Any]:
    """As the contract tells it. Which ids joined it is told in no order, and without our mark for a repeated one."""
    return {**call_json(call), "linkedids": sorted({plain(linkedid) for linkedid in call.linkedids})}
