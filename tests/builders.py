"""Calls as the tracker would tell them, one line for each thing that happens.

    inbound("79161112233").rings("101", "102").answers("102").ends()

A story is the list of its events: hand it to intake, or take a part of it. Times are epoch seconds and run on by
themselves; `after` says how long the step took.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from crm_core.calls.events import (
    Call,
    CallAnswered,
    CallChanged,
    CallEnded,
    CallEvent,
    CallsJoined,
    CallStarted,
    CallState,
    CallTransferred,
    Direction,
    Outcome,
    PartyRang,
    PartyStopped,
    Ring,
    RingOutcome,
    Talk,
    Transfer,
    TransferKind,
)

MORNING = 1_795_255_200.0  # 2026-11-21 10:00 UTC
OUR_DID = "74951112245"

_serial = itertools.count(1)


def inbound(caller: str | None = "79161112233", did: str | None = OUR_DID, *, at: float = MORNING, **facts: Any) -> "CallStory":
    """A call from outside; `caller` None: the number is withheld. Further facts of `Call` by name."""
    return _begun(at, **{"direction": Direction.INBOUND, "caller": caller, "caller_raw": caller, "did": did, **facts})


def outbound(callee: str, by: str = "101", *, at: float = MORNING, **facts: Any) -> "CallStory":
    """The phone `by` dials a number outside."""
    return _begun(at, **{"direction": Direction.OUTBOUND, "caller": by, "callee": callee, "callee_raw": callee, **facts})


def internal(caller: str = "101", callee: str = "102", *, at: float = MORNING, **facts: Any) -> "CallStory":
    return _begun(at, direction=Direction.INTERNAL, caller=caller, callee=callee, **facts)


def _begun(at: float, **facts: Any) -> "CallStory":
    linkedid = facts.pop("linkedid", None) or f"{int(at)}.{next(_serial)}"
    exchange = facts.pop("exchange", "default")
    call = Call(exchange=exchange, linkedids=(linkedid,), state=CallState.ARRIVED, started_at=at, **facts)
    return CallStory(call, at).told(CallStarted, call)


class CallStory(Sequence[CallEvent]):
    """A call in progress. Each step returns the story, so steps chain."""

    def __init__(self, call: Call, now: float) -> None:
        self.call = call
        self.now = now
        self.events: list[CallEvent] = []

    def rings(self, *extensions: str, after: float = 1.0) -> "CallStory":
        """These phones begin to ring at once."""
        self.now += after
        for extension in extensions:
            rang = (*self.call.rang, Ring(extension, self.now))
            self.told(PartyRang, self._with(rang=rang, state=CallState.RINGING), extension)
        return self

    def stops(self, extension: str, outcome: RingOutcome = RingOutcome.NO_ANSWER, *, after: float = 5.0) -> "CallStory":
        self.now += after
        return self.told(PartyStopped, self._with(rang=self._stopped({extension: outcome})), extension, outcome)

    def declines(self, extension: str, *, after: float = 2.0) -> "CallStory":
        return self.stops(extension, RingOutcome.DECLINED, after=after)

    def answers(self, extension: str, *, after: float = 2.0) -> "CallStory":
        """This phone is joined with the customer; the others stop ringing."""
        self.now += after
        for ring in [ring for ring in self.call.rang if ring.ended_at is None]:
            mine = ring.extension == extension
            outcome = RingOutcome.ANSWERED if mine else RingOutcome.ANSWERED_ELSEWHERE
            self.told(PartyStopped, self._with(rang=self._stopped({ring.extension: outcome})), ring.extension, outcome)
        first = self.call.answered_at is None
        talks = (*self.call.answered_by, Talk(extension, self.now))
        call = self._with(answered_by=talks, state=CallState.TALKING, answered_at=self.call.answered_at or self.now)
        if not first:
            return self.told(CallChanged, call)
        return self.told(CallAnswered, replace(call, wait_seconds=self.now - call.started_at), extension)

    def joins_queue(self, queue: str = "sales", *, after: float = 0.5) -> "CallStory":
        self.now += after
        return self.told(CallChanged, self._with(queue=queue))

    def holds(self, *, after: float = 1.0) -> "CallStory":
        self.now += after
        return self.told(CallChanged, self._with(state=CallState.HELD))

    def transfers(self, to: str, kind: TransferKind = TransferKind.BLIND, *, after: float = 3.0) -> "CallStory":
        """Whoever talks hands the customer to `to`, who answers."""
        self.now += after
        giver = self.call.answered_by[-1].extension
        transfer = Transfer(kind, giver, to, answered=True, at=self.now)
        talks = (*self._left(), Talk(to, self.now))
        call = self._with(transfers=(*self.call.transfers, transfer), answered_by=talks)
        return self.told(CallTransferred, call, transfer)

    def absorbs(self, *others: "CallStory", after: float = 0.5) -> "CallStory":
        """The other calls turn out to be this one."""
        self.now = max(self.now, *(other.now for other in others)) + after
        keys = tuple(linkedid for other in others for linkedid in other.call.linkedids)
        return self.told(CallsJoined, self._with(linkedids=(*self.call.linkedids, *keys)), keys)

    def records(self, *paths: str) -> "CallStory":
        """The exchange announced these files; told with whatever happens next."""
        self.call = self._with(recordings=(*self.call.recordings, *paths))
        return self

    def learns(self, **facts: Any) -> "CallStory":
        """Something known late: a name, a number, a queue."""
        return self.told(CallChanged, self._with(**facts))

    def ends(self, outcome: Outcome | None = None, *, after: float = 5.0, **facts: Any) -> "CallStory":
        """Everybody is gone. The outcome is what such a call usually has, unless it is given."""
        self.now += after
        spoken = self.now - self.call.answered_at if self.call.answered_at else 0.0
        waited = self.call.wait_seconds if self.call.answered_at else self.now - self.call.started_at
        call = self._with(
            rang=self._stopped({ring.extension: RingOutcome.CANCELLED for ring in self.call.rang}),
            answered_by=self._left(), state=CallState.ENDED, ended_at=self.now, talk_seconds=spoken, wait_seconds=waited,
            outcome=outcome or self._usual_outcome(),
        )  # fmt: skip
        return self.told(CallEnded, replace(call, **facts))

    def told(self, kind: type[CallEvent], call: Call, *facts: Any) -> "CallStory":
        """Tell an event of this kind with the call as it now is."""
        self.call = call
        self.events.append(kind(self.now, call, *facts))
        return self

    def __getitem__(self, index: Any) -> Any:
        return self.events[index]

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[CallEvent]:
        return iter(self.events)

    def _with(self, **facts: Any) -> Call:
        return replace(self.call, **facts)

    def _stopped(self, outcomes: dict[str, RingOutcome]) -> tuple[Ring, ...]:
        return tuple(
            replace(ring, ended_at=self.now, outcome=outcomes[ring.extension])
            if ring.ended_at is None and ring.extension in outcomes
            else ring
            for ring in self.call.rang
        )

    def _left(self) -> tuple[Talk, ...]:
        return tuple(
            replace(talk, left_at=self.now, talk_seconds=self.now - talk.joined_at) if talk.left_at is None else talk
            for talk in self.call.answered_by
        )

    def _usual_outcome(self) -> Outcome:
        if self.call.answered_at is not None:
            return Outcome.ANSWERED
        if self.call.direction is not Direction.INBOUND:
            return Outcome.NO_ANSWER
        if self.call.rang:
            return Outcome.MISSED
        return Outcome.ABANDONED if self.call.queue else Outcome.FAILED


def by_time(*stories: CallStory) -> list[CallEvent]:
    """The events of several calls as one stream, in the order in which they happened."""
    return sorted(itertools.chain(*stories), key=lambda event: event.at)
