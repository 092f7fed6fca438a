"""The lawful moves of a call. How it ended is no state but an outcome (`outcomes.py`)."""

from crm_core.calls.events import CallState

ARRIVED, RINGING, TALKING, HELD, ENDED = CallState

MOVES: dict[CallState | None, frozenset[CallState]] = {
    # A listener may attach in mid-call, so a call may be met in any state.
    None: frozenset([ARRIVED, RINGING, TALKING, HELD, ENDED]),
    ARRIVED: frozenset([RINGING, TALKING, HELD, ENDED]),
    # Back to the menu or queue when the phones have stopped; parked calls are held while another phone rings.
    RINGING: frozenset([ARRIVED, TALKING, HELD, ENDED]),
    # A blind transfer lets the customer ring again, a voice menu after the talk takes him back.
    TALKING: frozenset([ARRIVED, RINGING, HELD, ENDED]),
    HELD: frozenset([ARRIVED, RINGING, TALKING, ENDED]),
    # Only late events reopen a call: a pick-up whose other half was told out of order, a gap filled from records.
    ENDED: frozenset([ARRIVED, RINGING, TALKING, HELD]),
}


def may_move(before: CallState | None, after: CallState) -> bool:
    """Whether a call may go from one state to the other (staying is no move, and lawful)."""
    return before is after or after in MOVES[before]
