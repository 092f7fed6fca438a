"""From the exchange's bytes to call events: the same live, at the start from the journal, and whenever it is read again. Pure."""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from copy import copy
from typing import TypeGuard

from msgspec.structs import replace

from crm_core.calls.events import CallEvent
from crm_core.calls.journal import CDR, QUEUE, heard_on, is_records, source_of
from crm_core.errors import SettingsError
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.learned_lines import Learned
from pbx.ami.login import is_let_in, is_pong
from pbx.ami.protocol import MessageReader
from pbx.call_tracker import CallTracker
from pbx.channel_events import ApplicationBegan, ChannelEvent, ContactLost, DialBegan, GapFilled, OnChannel
from pbx.dialects.asterisk import timestamp_of
from pbx.dialects.registry import Dialect, dialects
from pbx.exchange_clock import ExchangeClock
from pbx.lines import LineKind, LineRule
from pbx.received import Received
from pbx.records.cdr_calls import cdr_events, cdr_rows
from pbx.records.cel import CelReader
from pbx.records.overlap import EDGE, Facts, fact_of, not_heard, shift_of
from pbx.records.queue_facts import queue_events, queue_rows
from pbx.records.queue_log import QueueLogRow

_REMEMBERED = 2_000
"""Events kept to know what of the records was heard already, and how the two clocks differ."""

_PART = 100
"""Messages read between two breaths: half a millisecond's work. Cutting a batch into messages and tracking what they tell are
one piece each, of two to three milliseconds for the largest."""

Parts = Generator[list[CallEvent], None, list[ChannelEvent]]
"""Yields an empty list after each part of a batch; in the end there are its events."""


class Derivation:
    """Follows one exchange, batch by batch. Raises SettingsError for a dialect that does not exist."""

    def __init__(self, exchange: ExchangeConfig) -> None:
        self.messages = 0
        self._dialect = _new_dialect(exchange.dialect)
        self._lines = LineRule(exchange.trunks, exchange.extensions, exchange.learned, self._dialect.habits.trunks)
        self._lines_told = 0
        self._tracker = CallTracker(exchange.name, self._lines, exchange.region)
        self._connection: str | None = None
        self._reader = MessageReader()
        self._clock = ExchangeClock()
        self._heard_at: float | None = None  # the last moment at which a call's end would have been heard
        self._said_at: float | None = None  # the last message: of a line that broke in silence, what came after it is lost
        self._lost = True
        self._lost_at: float | None = None
        self._silent_from: float | None = None
        self._heard: deque[ChannelEvent] = deque(maxlen=_REMEMBERED)
        self._records: CelReader | None = None
        self._told: Facts | None = None  # what the records told last: it may be heard once more
        self._told_until = 0.0
        self._queue_log: list[QueueLogRow] = []
        self._shift = 0.0  # of the records' clock against the times told here

    @property
    def tracker(self) -> CallTracker:
        """For whoever wants to look closer at a call."""
        return self._tracker

    @property
    def dropped(self) -> int:
        return self._tracker.dropped

    @property
    def stamped(self) -> bool:
        """Whether the exchange says when its events were: then no time is taken from when they were received."""
        return self._clock.stamped

    @property
    def records_ahead(self) -> float:
        """Seconds by which the exchange's records are ahead of the times told here, as far as it is known."""
        return self._clock.records_ahead or 0.0

    @property
    def heard_until(self) -> float | None:
        """The last moment at which the exchange said something; None if it never did."""
        return self._silent_from if self._lost else self._said_at

    def met_at(self, batch: Received) -> float | None:
        """When the connection that was let in by this batch was made, by the clock of all that was heard before.

        None if that is before what was heard, or if our clock and the exchange's differ otherwise than before: one of them was
        set. Of an exchange that never says what time it is we have our own clock's word alone.
        """
        stamped = timestamp_of(batch.data) if self.stamped else None
        if self.stamped and stamped is None:
            return None
        clock = copy(self._clock)
        at = clock.at(stamped, batch.received_at)
        is_known = clock.wrong_by == self._clock.wrong_by and (self.heard_until is None or at >= self.heard_until)
        return at if is_known else None

    def has_heard(self, until: float) -> bool:
        """Whether something was heard by then that records tell, too."""
        return any(event.at <= until and fact_of(event) for event in self._heard)

    def lines_learned(self) -> Learned | None:
        """All that is known of the exchange's lines, if some of it is news since this was asked last."""
        if self._lines_told == self._lines.learned:
            return None
        self._lines_told = self._lines.learned
        return self._lines.known()

    def take(self, batch: Received) -> list[CallEvent]:
        """What a batch of whole messages tells of calls, each touched call once.

        All that is in it happened at its receive time, unless the message says when. A batch without bytes says that
        the connection was there until then. A new connection means that nothing is known since; a batch of records
        (see `crm_core.calls.journal`) tells what was missed before the connection it is named after.
        """
        *_, told = self.take_in_parts(batch)
        return told

    def take_in_parts(self, batch: Received) -> Iterator[list[CallEvent]]:
        """As `take`, whose answer comes last: before it an empty one after each part, so that others may have their turn."""
        if is_records(batch.connection):
            yield self._take_records(batch)
        else:
            events = yield from self._events(batch)
            yield self._tracker.feed_all(events)

    def try_take(self, batch: Received) -> tuple[list[CallEvent], Exception | None]:
        """As `take`, or what was wrong with it: whatever an exchange sends, whoever reads it goes on."""
        try:
            return self.take(batch), None
        except Exception as error:
            return [], error

    def _events(self, batch: Received) -> Parts:
        met = self._meet(batch.connection) if batch.connection != self._connection else []
        self._records = None  # they stand before what ended their gap
        if not batch.data:  # only a connection that was let in ends so
            self._be_there(self._clock.at(None, batch.received_at))
        messages = self._reader.feed_raw(batch.data)
        self.messages += len(messages)
        told = yield from self._told_by(messages, batch.received_at)
        self._heard.extend(told)
        return met + told

    def _told_by(self, messages: list[bytes], received_at: float) -> Parts:
        """Half of the messages say nothing of calls; their time is looked at only where what follows them tells none."""
        found: list[ChannelEvent] = []
        passed: bytes | None = None
        guess = self._clock.at(None, received_at)  # the moment of what tells none itself: of what was said before it
        for count, raw in enumerate(messages, 1):
            if count % _PART == 0:
                yield []
            events = self._dialect.read_raw(raw, guess)
            if not events and raw.startswith(b"Event:"):
                passed = raw
                continue
            if events and events[0].at != guess:
                guess = self._clock.at(events[0].at, received_at)
                self._hear(guess)
            else:
                if passed is not None:
                    self._time_of(passed, received_at)
                at = self._time_of(raw, received_at)
                if at != guess:
                    events, guess = self._dialect.read_raw(raw, at) or events, at
            passed = None
            if events:
                found += self._once(events, guess)
        if passed is not None:
            self._time_of(passed, received_at)
        return found

    def _meet(self, connection: str) -> list[ChannelEvent]:
        """A refused login is a connection too, but brings no news of calls: the contact stays lost since when it was."""
        self._connection = connection
        self._reader = MessageReader()
        self._records, self._queue_log = None, []
        if self._lost or self._heard_at is None:
            return []
        self._lost, self._lost_at, self._silent_from = True, self._heard_at, self._said_at
        return [ContactLost(self._heard_at)]

    def _hear(self, at: float) -> None:
        self._lost, self._heard_at, self._said_at = False, at, at

    def _be_there(self, at: float) -> None:
        """The connection was there, and nothing was said."""
        self._lost, self._heard_at = False, at
        if self._said_at is None:
            self._said_at = at

    def _time_of(self, raw: bytes, received_at: float) -> float:
        """By the exchange's clock where it tells it: also for answers, which carry no time of their own."""
        if raw.startswith(b"Event:"):
            at = self._clock.at(timestamp_of(raw), received_at)
            self._hear(at)
            return at
        if is_pong(raw) and (stamped := timestamp_of(raw)) is not None:
            self._clock.note_ping(stamped, received_at)
        at = self._clock.at(None, received_at)
        if not self._lost or is_let_in(raw):
            self._hear(at)
        return at

    def _once(self, events: Sequence[ChannelEvent], at: float) -> Sequence[ChannelEvent]:
        """What the records have told already gets the time that they gave it, so that it is one fact."""
        if self._told is not None and at > self._told_until + EDGE:
            self._told = None
        if self._told is not None:
            return [replace(event, at=self._told.near(event, at) or at) for event in events]
        # The dialect believes each header.
        return events if events[0].at == at else [replace(event, at=at) for event in events]

    # ---- records ------------------------------------------------------------------------------------------------

    def _take_records(self, batch: Received) -> list[CallEvent]:
        connection = heard_on(batch.connection)
        events = self._meet(connection) if connection != self._connection else []
        source = source_of(batch.connection)
        if source == QUEUE:  # what the other records tell comes next, and this with it
            self._queue_log = queue_rows(batch.data)
            return self._tracker.feed_all(events, from_records=True)
        lost_at = self._lost_at if self._lost else None
        silent_from = self._silent_from if self._lost else None
        missed = self._summed_up(batch.data) if source == CDR else self._missed(batch.data.splitlines(keepends=True), silent_from)
        events += missed
        events += self._of_queues(events, silent_from)
        if batch.whole and lost_at is not None:
            events.append(GapFilled(max([lost_at, *(event.at for event in missed)]), lost_at))
        return self._tracker.feed_all(events, from_records=True)

    def _missed(self, lines: list[bytes], silent_from: float | None) -> list[ChannelEvent]:
        """The events of the records that were not heard, by the clock of those that were."""
        first = self._records is None
        self._records = self._records or CelReader()
        events = self._records.read(lines)
        if first:
            shift = shift_of(events, self._heard)
            self._shift = self.records_ahead if shift is None else shift
        told = [replace(event, at=event.at - self._shift) for event in events] if self._shift else events
        missed = [event for event in told if silent_from is None or event.at >= silent_from - EDGE]
        self._note_told(missed)
        return [*self._known_late(told, silent_from), *not_heard(missed, Facts(self._heard))]

    def _summed_up(self, data: bytes) -> list[ChannelEvent]:
        """What CDR tell of calls of which nothing else is known."""
        self._shift = self.records_ahead
        events = cdr_events(cdr_rows(data), self._queue_log, self._tracker.knows, self._is_trunk)
        return [replace(event, at=event.at - self._shift) for event in events]

    def _is_trunk(self, channel: str) -> bool:
        return self._lines.kind_of(channel) is LineKind.TRUNK

    def _of_queues(self, events: Sequence[ChannelEvent], silent_from: float | None) -> list[ChannelEvent]:
        """What the queue log says besides of the calls of these events, or of those that were up."""
        rows, self._queue_log = self._queue_log, []
        new = {event.uid for event in events if isinstance(event, OnChannel)}
        said = queue_events(rows, lambda uid: uid in new or self._tracker.knows(uid))
        said = [replace(event, at=event.at - self._shift) for event in said]
        missed = [event for event in said if silent_from is None or event.at >= silent_from - EDGE]
        return not_heard(not_heard(missed, Facts(events)), Facts(self._heard))

    def _known_late(self, told: list[ChannelEvent], silent_from: float | None) -> list[ChannelEvent]:
        """What records tell of the time before they are needed, of calls that were up when contact was lost.

        Only they know that voicemail took one; and only the end of a leg tells that it was originated.
        """
        if silent_from is None:
            return []
        up = self._tracker.ids_up()
        return [e for e in told if _only_records_know(e) and e.at < silent_from - EDGE and e.linkedid in up]

    def _note_told(self, missed: list[ChannelEvent]) -> None:
        if missed:
            self._told_until = max(event.at for event in missed)
            self._told = Facts(event for event in missed if event.at >= self._told_until - 2 * EDGE)


def _only_records_know(event: ChannelEvent) -> TypeGuard[OnChannel]:
    return isinstance(event, ApplicationBegan) or (isinstance(event, DialBegan) and not event.caller_uid)


def _new_dialect(name: str) -> Dialect:
    """A dialect of our own: it remembers which queue members it has told."""
    known = dialects().get(name)
    if known is None:
        raise SettingsError(f"There is no dialect {name}; there are: {', '.join(sorted(dialects()))}")
    return type(known)()
