"""The calls that count as evidence for a stage: answered, with one of the deal's people, since a moment (F6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.events import Direction
from crm_core.calls.tables import calls
from crm_core.deals.gate import DealAsked, Settings, counts_from
from crm_core.recordings.tables import recordings
from crm_core.transcripts.queries import TranscriptStatus, states_of_calls
from crm_core.transcripts.tables import transcripts

MOST_CALLS = 100  # the newest; whoever talked with a customer more often than that on one stage has been heard
COMING = frozenset({TranscriptStatus.WORKING, TranscriptStatus.QUEUED, TranscriptStatus.RECORDING_AWAITED})
SIDES = ("customer", "manager")


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """A conversation with a customer. `speech_seconds`: of each side, None while nobody has written it down."""

    id: int
    started_at: datetime
    is_over: bool
    talk_seconds: float
    recording_id: int | None
    speech_seconds: Mapping[str, float] | None
    transcript: TranscriptStatus

    @property
    def awaited(self) -> bool:
        """Whether more will be known of it: it goes on, or its transcript is on its way."""
        return not self.is_over or (self.speech_seconds is None and self.transcript in COMING)

    @property
    def one_sided(self) -> bool:
        """Told apart, only one of the two said anything to speak of."""
        return self.speech_seconds is not None and "unknown" not in self.speech_seconds and self.two_way_seconds == 0

    @property
    def two_way_seconds(self) -> float:
        """Speech of both sides together where it is written down, else the time they were connected; in seconds.

        Nothing where one side alone made a tenth of it at most: a monologue to a machine is no conversation. A recording that
        does not tell the sides apart counts whole.
        """
        if self.speech_seconds is None:
            return self.talk_seconds
        total = sum(self.speech_seconds.values())
        if "unknown" in self.speech_seconds:
            return total
        quieter = min(self.speech_seconds.get(side, 0.0) for side in SIDES)
        return total if quieter > total / 10 else 0.0


async def answered_calls(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> tuple[AnsweredCall, ...]:
    """Newest first. The call that was up when the deal came to the stage counts."""
    recorded = select(func.min(recordings.c.id)).where(recordings.c.call_id == calls.c.id).correlate(calls).scalar_subquery()
    query = (
        select(calls.c.id, calls.c.started_at, calls.c.ended_at, calls.c.talk_seconds, recorded.label("recording_id"))
        .where(counting(asked, settings), calls.c.answered_at.is_not(None), calls.c.voicemail.is_(False))
        .order_by(calls.c.started_at.desc(), calls.c.id.desc())
    )
    rows = (await tx.execute(query.limit(MOST_CALLS))).all()
    speech = await _speech(tx, [row.id for row in rows])
    states = await states_of_calls(tx, [row.id for row in rows if row.id not in speech])
    return tuple(
        AnsweredCall(
            row.id, row.started_at, row.ended_at is not None, row.talk_seconds, row.recording_id, speech.get(row.id),
            states[row.id].status if row.id in states else TranscriptStatus.READY,
        )
        for row in rows
    )  # fmt: skip


async def unanswered(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> int:
    """How often nobody was reached."""
    query = select(func.count()).select_from(calls)
    return (await tx.scalar(query.where(counting(asked, settings), calls.c.answered_at.is_(None)))) or 0


def counting(asked: DealAsked, settings: Settings) -> ColumnElement[bool]:
    """Which calls count: with a customer of the deal, not over before the moment from which evidence counts.

    From a deal's beginning on, all its calls count: that which opened it may have been told late.
    """
    since = counts_from(asked, settings)
    of_deal = calls.c.deal_id == asked.deal.id
    late_enough = or_(calls.c.ended_at.is_(None), calls.c.ended_at >= since)
    if since <= asked.deal.created_at:
        late_enough = or_(of_deal, late_enough)
    with_them = or_(of_deal, calls.c.contact_id.in_(asked.contact_ids))
    return and_(calls.c.direction != Direction.INTERNAL.value, with_them, late_enough)


async def _speech(tx: AsyncConnection, ids: Sequence[int]) -> dict[int, dict[str, float]]:
    """By call; its recordings together."""
    found: dict[int, dict[str, float]] = {}
    query = select(transcripts.c.call_id, transcripts.c.speech_seconds).where(transcripts.c.call_id.in_(ids))
    for row in (await tx.execute(query)).all() if ids else []:
        sums = found.setdefault(row.call_id, {})
        for side, seconds in row.speech_seconds.items():
            sums[side] = sums.get(side, 0.0) + float(seconds)
    return found
