"""What happened to a call, in the words of the business. Pure: no clock, no SQL, no event loop.

The tracker tells a `CallEvent` for each change. Every event carries the whole call as it is known at that
moment, so whoever reads may take the last word for each call and repeat it without harm.

Structs of msgspec, as `pbx.channel_events` are: a frozen dataclass of 28 fields takes five times as long to make.
"""

from enum import StrEnum

from msgspec import Struct


class Direction(StrEnum):
    """Told by where the customer's channel stands (a trunk or a phone), never by dialplan context names."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class CallState(StrEnum):
    """Where a call stands now; `crm_core.calls.states` holds the lawful moves."""

    ARRIVED = "arrived"  # in a menu, a queue or an announcement: nobody's phone rings
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a call ended; computed once from what is known of it, in the order of `outcomes.py`."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    MISSED = "missed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no_answer"
    AGENT_NO_ANSWER = "agent_no_answer"


class RingOutcome(StrEnum):
    """How one person's ringing ended."""

    ANSWERED = "answered"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"
    CANCELLED = "cancelled"


class TransferKind(StrEnum):
    BLIND = "blind"
    ATTENDED = "attended"
    PARK = "park"


class Source(StrEnum):
    LIVE = "live"
    RECORDS = "records"
    BOTH = "both"


class Ring(Struct, frozen=True, gc=False):
    """One person's phone rang; `outcome` and `ended_at` are None while it still rings. Times: epoch seconds."""

    extension: str
    rang_at: float
    ended_at: float | None = None
    outcome: RingOutcome | None = None


class Talk(Struct, frozen=True, gc=False):
    """One person was joined with the customer; `left_at` is None while he still is. Seconds are sums over all his joins."""

    extension: str
    joined_at: float
    left_at: float | None = None
    talk_seconds: float = 0.0
    consultation_seconds: float = 0.0


class Transfer(Struct, frozen=True, gc=False):
    kind: TransferKind
    from_extension: str | None
    to: str | None
    answered: bool
    at: float


class Call(Struct, frozen=True, gc=False):
    """A call as it is known now. Numbers are digits without `+` where understood, else as received; None when withheld.

    Times are epoch seconds; `queued_at`: since when the caller stands in the queue, None if he stands in none now.
    `linkedids[0]` is the key of the call on its exchange; every other one points to the same call.
    `recordings` are the paths as announced by the exchange, not yet trusted.
    """

    exchange: str
    linkedids: tuple[str, ...]
    direction: Direction
    state: CallState
    started_at: float
    ended_at: float | None = None
    answered_at: float | None = None
    caller: str | None = None
    caller_raw: str | None = None
    caller_name: str | None = None
    did: str | None = None
    callee: str | None = None
    callee_raw: str | None = None
    outcome: Outcome | None = None
    wait_seconds: float = 0.0
    talk_seconds: float = 0.0
    hold_seconds: float = 0.0
    answered_by: tuple[Talk, ...] = ()
    rang: tuple[Ring, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    voicemail: bool = False
    forwarded_to: str | None = None
    queue: str | None = None
    queued_at: float | None = None
    click_to_call: bool = False
    recordings: tuple[str, ...] = ()
    source: Source = Source.LIVE
    partial: bool = False

    @property
    def key(self) -> str:
        return self.linkedids[0]

    @property
    def customer(self) -> str | None:
        """The number outside: who rang us, or whom we rang; None for internal calls and withheld numbers."""
        return {Direction.INBOUND: self.caller, Direction.OUTBOUND: self.callee}.get(self.direction)


class CallEvent(Struct, frozen=True, gc=False):
    """Something happened to a call at `at` (epoch seconds)."""

    at: float
    call: Call


class CallStarted(CallEvent, frozen=True, gc=False):
    """The first ring: the exchange has a new call."""


class PartyRang(CallEvent, frozen=True, gc=False):
    """A person's phone began to ring."""

    extension: str


class PartyStopped(CallEvent, frozen=True, gc=False):
    """A person's phone stopped ringing, whatever the reason (also because he answered)."""

    extension: str
    outcome: RingOutcome


class CallAnswered(CallEvent, frozen=True, gc=False):
    """A person was joined with the customer for the first time in this call."""

    extension: str


class CallTransferred(CallEvent, frozen=True, gc=False):
    transfer: Transfer


class CallChanged(CallEvent, frozen=True, gc=False):
    """Anything else the live picture shows: hold, a person left while another goes on, a name or number learned late."""


class CallsJoined(CallEvent, frozen=True, gc=False):
    """Two calls turned out to be one; `absorbed` are the keys that no longer stand alone."""

    absorbed: tuple[str, ...]


class CallEnded(CallEvent, frozen=True, gc=False):
    """Every channel of the call is gone, or it is known to be over. Told again if late events correct a finished call."""
