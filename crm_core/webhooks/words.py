"""What a webhook may be told of, how a delivery stands, what went wrong with a try, and when there is another."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from crm_core.events import EventKind

TOLD = (
    EventKind.CALL_STARTED, EventKind.CALL_ANSWERED, EventKind.CALL_TRANSFERRED, EventKind.CALLS_JOINED, EventKind.CALL_ENDED,
    EventKind.RECORDING_STORED, EventKind.TRANSCRIPT_READY, EventKind.CALL_TAGGED, EventKind.REQUEST_TAKEN,
)  # fmt: skip
"""Kinds of events that webhooks can be told of: all but the last with the call."""

# After the first try, the second, …; then it is given up, two days after it happened.
GAPS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600))


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class Trouble(StrEnum):
    """Why there was no answer."""

    TIMEOUT = "timeout"
    NOT_RESOLVED = "not_resolved"
    NOT_ALLOWED = "not_allowed"
    NOT_REACHED = "not_reached"
    NOT_SECURE = "not_secure"
    NO_ANSWER = "no_answer"  # the connection ended, or what came is no HTTP
    SEALED_ELSEWHERE = "sealed_elsewhere"
    STOPPED = "stopped"
    CALL_GONE = "call_gone"
    REQUEST_GONE = "request_gone"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one try. `answer`: the beginning of the answer's body, or a `Trouble` where `status` is None."""

    status: int | None
    answer: str
    milliseconds: int = 0

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def final(self) -> bool:
        """Whether another try makes no sense."""
        return self.status is None and self.answer in (Trouble.STOPPED, Trouble.CALL_GONE, Trouble.REQUEST_GONE)


def gap_after(tries: int) -> timedelta | None:
    """How long to wait after so many tries in vain; None: no more."""
    return GAPS[tries - 1] if tries <= len(GAPS) else None
