"""The lawful moves of a call. How it ended is no state but an outcome (`outcomes.py`)."""

from crm_core.calls.events import CallState

ARRIVED, RINGING, TALKING, HELD, ENDED = CallState

# What one thing that happens can make of a call.
MOVES: dict[CallState | None, frozenset[CallState]] = {
    # A listener may attach in mid-call, and may meet a call at its very end.
    None: frozenset([ARRIVED, RINGING, TALKING, HELD, ENDED]),
    # Held at once: an outbound call whose customer is joined while its phone is on hold for a consultation.
    ARRIVED: frozenset([RINGING, TALKING, HELD, ENDED]),
    # Back to the menu or queue when the phones have stopped; an answered phone stops before it is joined.
    RINGING: frozenset([ARRIVED, TALKING, ENDED]),
    # A blind transfer lets the customer ring again, a voice menu after the talk takes him back.
    TALKING: frozenset([ARRIVED, RINGING, HELD, ENDED]),
    HELD: frozenset([ARRIVED, RINGING, TALKING, ENDED]),
    # Nothing follows. Only a correction reopens a call: events told late, a gap filled from records.
    ENDED: frozenset(),
}


def may_move(before: CallState | None, after: CallState) -> bool:
    """Whether one thing can bring a call from one state to the other (staying is no move, and lawful)."""
    return before is after or after in MOVES[before]


def may_follow(before: CallState | None, after: CallState) -> bool:
    """Whether several things can, as when a batch tells only what came of it."""
    return may_move(before, after) or any(may_move(between, after) for between in MOVES[before])
