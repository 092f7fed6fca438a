"""The Missed page: who rang and was not answered, how often, who tried to call back, and whether somebody reached him since."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import references
from crm_core.access import Actor
from crm_core.calls.events import CallState, Direction, Outcome
from crm_core.calls.lines import CallLine, line_query, lines
from crm_core.calls.missed_runs import MissedFilters, Reached, Run, count_not_reached, missed_tries, runs
from crm_core.calls.tables import call_rings, calls
from crm_core.errors import Invalid
from crm_core.paging import NOT_OURS
from crm_core.recordings.tables import recordings
from crm_core.references import Person
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.tables import users

__all__ = ["Missed", "MissedFilters", "MissedList", "Reached", "count_not_reached", "list_missed"]

OVERDUE = timedelta(hours=3)
"""After so long without a single try of ours a customer is as good as lost."""


@dataclass(frozen=True, slots=True)
class Try:
    """One call in vain."""

    call_id: int
    at: datetime
    outcome: Outcome
    voicemail: bool
    did: str | None
    queue: str | None
    has_message: bool  # a voicemail that was recorded


@dataclass(frozen=True, slots=True)
class Rang:
    """A phone that rang, and whose it is."""

    extension: str
    user: Person | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """We called back and did not reach him; `going_on`: it rings at his end now."""

    call_id: int
    at: datetime
    by: Person | None
    going_on: bool


@dataclass(frozen=True, slots=True)
class Missed:
    """One customer's tries in a row. `number` is None where it was withheld: then each try stands alone.

    `last`: his last try. `rang`: whose phones rang, over all tries. `message`: the newest voicemail that can be heard.
    `task_id`: the open call-back task.
    """

    number: str | None
    last: CallLine
    tries: tuple[Try, ...]  # oldest first
    rang: tuple[Rang, ...]
    attempts: tuple[Attempt, ...]  # oldest first
    reached: Reached | None
    after_seconds: float | None
    message: CallLine | None
    task_id: int | None

    @property
    def dids(self) -> tuple[str, ...]:
        """The numbers of ours he tried, in order."""
        return tuple(dict.fromkeys(one.did for one in self.tries if one.did is not None))

    @property
    def queues(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.queue for one in self.tries if one.queue is not None))

    @property
    def outcomes(self) -> list[tuple[Outcome, int]]:
        """How his tries ended, the usual first."""
        return Counter(one.outcome for one in self.tries).most_common()

    def overdue(self, now: datetime) -> bool:
        """Nobody has so much as tried to call back for three hours."""
        return self.reached is None and not self.attempts and now - self.tries[0].at >= OVERDUE


@dataclass(frozen=True, slots=True)
class MissedSummary:
    """Over the whole time asked for. `median_seconds`: from the first try to our call back, where there was one."""

    customers: int
    not_reached: int
    called_back: int
    called_again: int
    median_seconds: float | None


@dataclass(frozen=True, slots=True)
class MissedList:
    """A page of it; `next_cursor` is None on the last one. `summary` only where all were asked for."""

    items: tuple[Missed, ...]
    next_cursor: str | None
    summary: MissedSummary


async def list_missed(
    connection: AsyncConnection, actor: Actor, filters: MissedFilters, *, cursor: str | None = None, limit: int = 50
) -> MissedList:
    """Newest first, by as many statements however many there are; raises Invalid for a cursor that is not ours."""
    found = await runs(connection, actor, MissedFilters(filters.since, filters.until, open_only=False, own_of=filters.own_of))
    shown = [run for run in found if run.reached is None or not filters.open_only]
    later = shown[_place(shown, cursor) :]
    page = later[:limit]
    more = _cursor(shown, page[-1]) if len(later) > limit else None
    return MissedList(await _told(connection, actor, filters, page), more, _summary(found))


def _summary(found: Sequence[Run]) -> MissedSummary:
    reached = [run for run in found if run.reached is not None]
    back = [run.after_seconds for run in reached if run.reached is not None and run.reached.outbound]
    seconds = [one for one in back if one is not None]
    return MissedSummary(
        customers=len(found), not_reached=len(found) - len(reached), called_back=len(back),
        called_again=len(reached) - len(back), median_seconds=median(seconds) if seconds else None,
    )  # fmt: skip


def _cursor(shown: Sequence[Run], last: Run) -> str:
    """The last try shown, and how many of that very moment were."""
    same = [run for run in takewhile(lambda run: run is not last, shown) if run.last_at == last.last_at]
    return f"{_microseconds(last.last_at)}.{len(same) + 1}"


def _place(shown: Sequence[Run], cursor: str | None) -> int:
    if cursor is None:
        return 0
    moment, _, told = cursor.partition(".")
    if not (moment.isascii() and moment.isdecimal() and told.isascii() and told.isdecimal() and len(cursor) < 40):
        raise Invalid(NOT_OURS, field="cursor")
    newer = sum(_microseconds(run.last_at) > int(moment) for run in shown)
    same = sum(_microseconds(run.last_at) == int(moment) for run in shown)
    return newer + min(same, int(told))


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


async def _told(connection: AsyncConnection, actor: Actor, filters: MissedFilters, page: Sequence[Run]) -> tuple[Missed, ...]:
    if not page:
        return ()
    numbers = [run.number for run in page if run.number is not None]
    of_page = and_(
        missed_tries(actor, filters),
        or_(calls.c.caller.in_(numbers), calls.c.id.in_([run.alone for run in page if run.alone is not None])),
    )
    tries = await _tries(connection, of_page, page)
    rang = await _rang(connection, of_page)
    attempts = await _attempts(connection, numbers, min(run.first_at for run in page))
    waiting = await _open_tasks(connection, numbers)
    told_by = {line.id: line for line in await lines(connection, actor, _lines_wanted(actor, tries))}
    return tuple(_missed(run, tries[run], rang, attempts, waiting, told_by) for run in page if tries[run])


def _missed(
    run: Run, tries: list[Try], rang: dict[int, list[Rang]], attempts: dict[str | None, list[Attempt]],
    waiting: dict[str | None, int], told_by: dict[int, CallLine],
) -> Missed:  # fmt: skip
    message = told_by.get(_message(tries) or 0)
    return Missed(
        number=run.number, last=told_by[tries[-1].call_id], tries=tuple(tries),
        rang=tuple(dict.fromkeys(one for try_ in tries for one in rang.get(try_.call_id, ()))),
        attempts=tuple(one for one in attempts.get(run.number, ()) if run.first_at < one.at and _before_end(run, one)),
        reached=run.reached, after_seconds=run.after_seconds, message=message if message and message.may_listen else None,
        task_id=waiting.get(run.number) if run.reached is None else None,
    )  # fmt: skip


def _before_end(run: Run, attempt: Attempt) -> bool:
    return run.reached is None or attempt.at < run.reached.at


def _message(tries: Sequence[Try]) -> int | None:
    return next((one.call_id for one in reversed(tries) if one.has_message), None)


def _lines_wanted(actor: Actor, tries: dict[Run, list[Try]]) -> Any:
    ids = {one[-1].call_id for one in tries.values() if one} | {_message(one) or 0 for one in tries.values()}
    return line_query(actor).where(calls.c.id.in_(ids))


async def _tries(connection: AsyncConnection, of_page: ColumnElement[bool], page: Sequence[Run]) -> dict[Run, list[Try]]:
    heard = exists().where(recordings.c.call_id == calls.c.id, recordings.c.seconds > 0)
    query = select(
        calls.c.id, calls.c.caller, calls.c.started_at, calls.c.outcome, calls.c.voicemail, calls.c.did, calls.c.queue,
        and_(calls.c.voicemail, heard.correlate(calls)).label("has_message"),
    ).where(of_page)  # fmt: skip
    found: dict[Run, list[Try]] = {run: [] for run in page}
    of_number: dict[str | int | None, list[Run]] = {}
    for run in page:
        of_number.setdefault(run.number or run.alone, []).append(run)
    for row in await connection.execute(query.order_by(calls.c.started_at, calls.c.id)):
        for run in of_number.get(row.caller or row.id, ()):
            if run.first_at <= row.started_at <= run.last_at:
                found[run].append(_try(row))
    return found


def _try(row: Any) -> Try:
    return Try(row.id, row.started_at, Outcome(row.outcome), row.voicemail, row.did, row.queue, bool(row.has_message))


async def _rang(connection: AsyncConnection, of_page: ColumnElement[bool]) -> dict[int, list[Rang]]:
    query = (
        select(call_rings.c.call_id, call_rings.c.extension, call_rings.c.user_id, users.c.name.label("user_name"))
        .join(calls, calls.c.id == call_rings.c.call_id)
        .outerjoin(users, users.c.id == call_rings.c.user_id)
        .where(of_page)
        .order_by(call_rings.c.call_id, call_rings.c.position)
    )
    found: dict[int, list[Rang]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.call_id, []).append(Rang(row.extension, references.person(row, "user")))
    return found


async def _attempts(connection: AsyncConnection, numbers: Sequence[str], since: datetime) -> dict[str | None, list[Attempt]]:
    """Calls of ours to these numbers that nobody answered; where our own phone was not picked up nobody called."""
    query = (
        select(calls.c.id, calls.c.callee, calls.c.started_at, calls.c.state, calls.c.user_id, users.c.name.label("user_name"))
        .outerjoin(users, users.c.id == calls.c.user_id)
        .where(calls.c.direction == Direction.OUTBOUND, calls.c.started_at > since, calls.c.callee.in_(numbers),
               calls.c.answered_at.is_(None), or_(calls.c.outcome.is_(None), calls.c.outcome != Outcome.AGENT_NO_ANSWER))
        .order_by(calls.c.started_at, calls.c.id)
    )  # fmt: skip
    found: dict[str | None, list[Attempt]] = {}
    for row in await connection.execute(query):
        going_on = row.state != CallState.ENDED
        found.setdefault(row.callee, []).append(Attempt(row.id, row.started_at, references.person(row, "user"), going_on))
    return found


async def _open_tasks(connection: AsyncConnection, numbers: Sequence[str]) -> dict[str | None, int]:
    query = select(tasks.c.number, tasks.c.id).where(
        tasks.c.kind == TaskKind.CALL_BACK, tasks.c.done_at.is_(None), tasks.c.number.in_(numbers)
    )
    return {row.number: row.id for row in await connection.execute(query)}
