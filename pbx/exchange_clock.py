"""What time it is where the exchange is: its `Timestamp:` headers against the moments at which they reached us. Pure."""

BELIEVED = 600.0
"""Seconds by which a header may differ from the receive time and still be taken as it is: slow lines, a paused listener."""
STEADY = 60.0
"""Seconds by which a clock that is wrong by more than that may differ from how wrong it was before."""


class ExchangeClock:
    """Times of events on one clock: the exchange's while that is nearly right, else ours with the exchange's spacing.

    A clock that is wrong by hours is off by the same hours in each header, so those are taken off; a header that is alone in
    what it says (1970, 2106, a step in mid-call) counts as the moment it was received. Where the headers go on as before and
    only the difference jumps, it was our own clock that was set: the exchange's is believed as before.
    """

    def __init__(self) -> None:
        self.wrong_by = 0.0
        """Seconds taken off the headers now."""
        self._ahead = 0.0
        self._pinged: float | None = None
        self._last: float | None = None  # header
        self.stamped = False
        """Whether it ever told a time with an event."""

    def at(self, stamped: float | None, received_at: float) -> float:
        """When it happened; what carries no time happened when it was received, by the same clock."""
        if stamped is None:
            return received_at + self._ahead
        ahead = stamped - received_at
        if abs(ahead - self.wrong_by) > (STEADY if self.wrong_by else BELIEVED):
            if abs(ahead) <= BELIEVED:
                self.wrong_by = 0.0
            elif not self._goes_on(stamped):
                self.wrong_by = ahead
        self._last = stamped
        self._ahead, self.stamped = ahead - self.wrong_by, True
        return stamped - self.wrong_by

    def _goes_on(self, stamped: float) -> bool:
        return self._last is not None and -STEADY <= stamped - self._last <= BELIEVED

    def note_ping(self, stamped: float, received_at: float) -> None:
        """Answers to a ping tell the exchange's time, also where its events do not."""
        self._pinged = stamped - received_at

    @property
    def records_ahead(self) -> float | None:
        """By how many seconds the exchange's own clock is ahead of the times told here; None if it never said."""
        if self.stamped:
            return self.wrong_by
        return self._pinged
