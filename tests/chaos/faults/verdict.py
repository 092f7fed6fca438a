"""What was played against what the database holds: each call once, how it ended, its recording once, nothing doubled."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from crm_core.calls.tables import call_linkedids, calls, exchanges
from crm_core.contacts.tables import contact_numbers
from crm_core.db import Database
from crm_core.event_log import any_unreacted, events
from crm_core.events import EventKind
from crm_core.jobs import jobs
from crm_core.recordings.tables import recordings
from crm_core.transcripts.queries import TRANSCRIBE_JOB
from crm_core.transcripts.tables import transcripts
from tests.chaos.faults.calls import Played

SLACK = 0.5
REACTED_TO = (EventKind.CALL_ENDED, EventKind.RECORDING_STORED)
"""What must have had its reactions before anything is compared."""
ONCE = ("call_started", "call_answered", "recording_stored", "transcript_ready", "deal_opened")
"""Kinds of events that are told at most once of a call. An end is told again when it is corrected (its key has the figures)."""


@dataclass(slots=True)
class Verdict:
    """`lost`: calls and recordings that are not there; `doubled`; `wrong`: there, and told otherwise than it was."""

    played: int
    recorded: int
    partial: list[str] = field(default_factory=list)  # right as far as it was checked, and marked as not heard whole
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return self.lost + self.doubled + self.wrong


@dataclass(frozen=True, slots=True)
class Stored:
    calls: dict[str, Any]  # by linkedid
    recordings: Counter[int]
    doubled: list[str]


def compared(url: str, played: Sequence[Played]) -> Verdict:
    stored = asyncio.run(_stored(url))
    verdict = Verdict(len(played), sum(map(_has_recording, played)), doubled=list(stored.doubled))
    for one in played:
        _compare(one, stored, verdict)
    strangers = set(stored.calls) - {one.truth.linkedid for one in played}
    verdict.doubled += [f"a call nobody played: {linkedid}" for linkedid in sorted(strangers)]
    return verdict


def _compare(one: Played, stored: Stored, verdict: Verdict) -> None:
    call, truth = stored.calls.get(one.truth.linkedid or ""), one.truth
    if call is None:
        verdict.lost.append(f"{one.number}: no call")
        return
    if call.partial:
        verdict.partial.append(f"{one.number}: {call.source}, {call.outcome}, {call.started_at:%H:%M:%S}")
    told = (call.outcome, call.direction, call.ended_at is not None)
    if told != (wanted := (truth.outcome and truth.outcome.value, truth.direction.value, True)):
        verdict.wrong.append(f"{one.number}: {told}, truly {wanted}")
    if not call.partial and abs(call.talk_seconds - truth.talk_seconds) > SLACK:
        verdict.wrong.append(f"{one.number}: talked {call.talk_seconds}, truly {truth.talk_seconds}")
    if _has_recording(one) and stored.recordings[call.id] != 1:
        (verdict.doubled if stored.recordings[call.id] else verdict.lost).append(
            f"{one.number}: {stored.recordings[call.id]} recordings"
        )


def _has_recording(one: Played) -> bool:
    return bool(one.truth.recordings) and one.truth.talk_seconds > 0


@dataclass(frozen=True, slots=True)
class ToCome:
    """What is still to come before all is settled; `words` is empty for nothing, `count` is None while nobody can say."""

    words: str
    count: int | None = None


def waiting(url: str, played: int) -> ToCome:
    """Calls, their ends, reactions, jobs (but those for a model)."""
    return asyncio.run(_waiting(url, played))


def heard(url: str) -> bool:
    """Whether a listener is logged in: what was played before the first one was, nobody can know."""
    return asyncio.run(_heard(url))


async def _heard(url: str) -> bool:
    database = Database(url)
    try:
        async with database.read() as connection:
            return bool(await connection.scalar(select(func.count()).select_from(exchanges).where(exchanges.c.state == "up")))
    finally:
        await database.close()


async def _waiting(url: str, played: int) -> ToCome:
    database = Database(url)
    try:
        async with database.read() as connection:
            there = await connection.scalar(select(func.count()).select_from(calls).where(calls.c.ended_at.is_not(None)))
            to_do = select(jobs.c.kind, jobs.c.state, jobs.c.run_after, jobs.c.last_error).where(
                jobs.c.state.not_in(["done", "parked"]), jobs.c.kind != TRANSCRIBE_JOB
            )  # fmt: skip
            busy = [tuple(map(str, row)) for row in await connection.execute(to_do)]
            unreacted = await any_unreacted(connection, REACTED_TO)
            missing = max(0, played - int(there or 0))
            words = f"{missing} of {played} calls have not ended; " if missing else ""
            words += f"{len(busy)} jobs {busy[:5]}; " if busy else ""
            return ToCome(words + ("events without reactions" if unreacted else ""), missing + len(busy) + unreacted)
    except Exception as error:  # the database may be away itself
        return ToCome(repr(error))
    finally:
        await database.close()


async def _stored(url: str) -> Stored:
    database = Database(url)
    try:
        async with database.read() as connection:
            rows = {row.id: row for row in await connection.execute(select(calls))}
            ids = (await connection.execute(select(call_linkedids))).all()
            audio = Counter((await connection.scalars(select(recordings.c.call_id))).all())
            doubled = [f"{kind} of call {call} × {times}" for kind, call, times in await connection.execute(_told_twice())]
            doubled += await _twice(connection, "transcripts of recording", transcripts.c.recording_id)
            doubled += await _twice(connection, "contacts of number", contact_numbers.c.number)
    finally:
        await database.close()
    known = Counter(row.call_id for row in ids)
    doubled += [f"call {call_id} without a linkedid" for call_id in rows if not known[call_id]]
    return Stored({row.linkedid: rows[row.call_id] for row in ids}, audio, doubled)


def _told_twice() -> Any:
    times = func.count().label("times")
    of_calls = select(events.c.kind, events.c.call_id, times).where(events.c.kind.in_(ONCE), events.c.call_id.is_not(None))
    return of_calls.group_by(events.c.kind, events.c.call_id).having(times > 1)


async def _twice(connection: Any, what: str, column: Any) -> list[str]:
    query = select(column).group_by(column).having(func.count() > 1)
    return [f"{what} {value} twice" for value in (await connection.scalars(query)).all()]
