"""The Missed page: who rang and was not answered, how often, and whether somebody reached him since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.calls.events import CallState, Direction, Outcome
from crm_core.calls.lines import CallLine, customer_number, line_query, lines
from crm_core.calls.tables import call_rings, calls
from crm_core.references import Person
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.tables import users


@dataclass(frozen=True, slots=True)
class Reached:
    """The first answered call with a number, of either direction."""

    number: str
    call_id: int
    at: datetime
    by: Person | None
    outbound: bool  # we rang back; else the customer rang again and was answered


@dataclass(frozen=True, slots=True)
class Missed:
    """One customer's tries in a row. `number` is None where it was withheld: then each try stands alone.

    `rang`: whose phones rang, over all tries. `task_id`: the open call-back task the reader may have.
    """

    number: str | None
    tries: tuple[CallLine, ...]  # oldest first
    rang: tuple[Person, ...]
    reached: Reached | None
    task_id: int | None

    @property
    def last(self) -> CallLine:
        return self.tries[-1]

    @property
    def after_seconds(self) -> float | None:
        """From the first try to the moment the customer was reached."""
        return None if self.reached is None else (self.reached.at - self.tries[0].started_at).total_seconds()


async def missed(
    connection: AsyncConnection, actor: Actor, since: datetime, until: datetime, *,
    open_only: bool = False, limit: int = 500,
) -> tuple[Missed, ...]:  # fmt: skip
    """Newest first. `open_only`: only customers whom nobody has reached yet."""
    query = line_query(actor).where(
        calls.c.direction == Direction.INBOUND, calls.c.state == CallState.ENDED, calls.c.outcome != Outcome.ANSWERED,
        calls.c.started_at >= since, calls.c.started_at < until,
    )  # fmt: skip
    tries = await lines(connection, actor, query.order_by(calls.c.started_at.desc()).limit(limit))
    numbers = sorted({line.number for line in tries if line.number})
    reached = await _reached(connection, numbers, min((line.started_at for line in tries), default=since))
    runs = runs_of(sorted(tries, key=lambda line: line.started_at), reached)
    found = await _told(connection, runs)
    return tuple(one for one in found if one.reached is None or not open_only)


def runs_of(tries: Sequence[CallLine], reached: Sequence[Reached]) -> list[tuple[list[CallLine], Reached | None]]:
    """Tries of one number that no answered call stands between are one run; both given oldest first. Newest run first."""
    runs: list[tuple[list[CallLine], Reached | None]] = []
    current: dict[tuple[str, int | None], list[CallLine]] = {}
    for line in tries:
        after = next((one for one in reached if one.number == line.number and one.at > line.started_at), None)
        key = (line.number or f"withheld {line.id}", after.call_id if after else None)
        if key not in current:
            current[key] = []
            runs.append((current[key], after))
        current[key].append(line)
    return sorted(runs, key=lambda run: run[0][-1].started_at, reverse=True)


async def _reached(connection: AsyncConnection, numbers: Sequence[str], since: datetime) -> list[Reached]:
    """Answered calls with these numbers, oldest first. A colleague's count too: the customer was reached."""
    if not numbers:
        return []
    query = (
        select(calls, customer_number.label("number"), users.c.name.label("user_name"))
        .outerjoin(users, users.c.id == calls.c.user_id)
        .where(or_(calls.c.caller.in_(numbers), calls.c.callee.in_(numbers)), calls.c.direction != Direction.INTERNAL,
               calls.c.answered_at.is_not(None), calls.c.started_at >= since)
        .order_by(calls.c.answered_at)
    )  # fmt: skip
    return [
        Reached(row.number, row.id, row.answered_at, None if row.user_id is None else Person(row.user_id, row.user_name),
                row.direction == Direction.OUTBOUND)
        for row in await connection.execute(query)
    ]  # fmt: skip


async def _told(connection: AsyncConnection, runs: Sequence[tuple[list[CallLine], Reached | None]]) -> tuple[Missed, ...]:
    rang = await _rang(connection, [line.id for tries, _ in runs for line in tries])
    waiting = await _open_tasks(connection, [tries[0].number for tries, after in runs if after is None])
    return tuple(
        Missed(
            number=tries[0].number, tries=tuple(tries), reached=after,
            rang=tuple(dict.fromkeys(person for line in tries for person in rang.get(line.id, ()))),
            task_id=waiting.get(tries[0].number) if after is None else None,
        )
        for tries, after in runs
    )  # fmt: skip


async def _rang(connection: AsyncConnection, call_ids: Sequence[int]) -> dict[int, list[Person]]:
    if not call_ids:
        return {}
    query = (
        select(call_rings.c.call_id, users.c.id, users.c.name)
        .join(users, users.c.id == call_rings.c.user_id)
        .where(call_rings.c.call_id.in_(call_ids))
        .order_by(call_rings.c.call_id, call_rings.c.position)
    )
    found: dict[int, list[Person]] = {}
    for call_id, user_id, name in await connection.execute(query):
        found.setdefault(call_id, []).append(Person(user_id, name))
    return found


async def _open_tasks(connection: AsyncConnection, numbers: Sequence[str | None]) -> dict[str | None, int]:
    shown = [number for number in numbers if number is not None]
    if not shown:
        return {}
    query = select(tasks.c.number, tasks.c.id).where(
        tasks.c.kind == TaskKind.CALL_BACK, tasks.c.done_at.is_(None), tasks.c.number.in_(shown)
    )
    return {row.number: row.id for row in await connection.execute(query)}
