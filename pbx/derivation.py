"""From the exchange's bytes to call events: the same live, at the start from the journal, and whenever it is read again. Pure."""

from collections.abc import Iterable, Iterator

from crm_core.calls.events import CallEvent
from crm_core.errors import SettingsError
from crm_core.exchanges.config import ExchangeConfig
from pbx.ami.protocol import Message, MessageReader
from pbx.call_tracker import CallTracker
from pbx.channel_events import ChannelEvent, ContactLost, ContactMade
from pbx.dialects.asterisk import timestamp_of
from pbx.dialects.registry import Dialect, dialects
from pbx.lines import LineRule
from pbx.spool import Received

_MOST_REST = 1024 * 1024


class Derivation:
    """Follows one exchange, batch by batch. Raises SettingsError for a dialect that does not exist."""

    def __init__(self, exchange: ExchangeConfig) -> None:
        self.messages = 0
        self._dialect = _new_dialect(exchange.dialect)
        self._tracker = CallTracker(exchange.name, LineRule(exchange.trunks, exchange.extensions), exchange.region)
        self._connection: str | None = None
        self._reader = MessageReader()
        self._heard_at = 0.0  # the last moment at which a call's end would have been heard
        self._lost = False
        self._ahead = 0.0

    @property
    def dropped(self) -> int:
        return self._tracker.dropped

    def take(self, batch: Received) -> list[CallEvent]:
        """What a batch of whole messages tells of calls, each touched call once.

        All that is in it happened at its receive time, unless the message says when. A batch without bytes says that
        the connection was there until then. A new connection means that nothing is known since.
        """
        return self._tracker.feed_all(list(self._events(batch)))

    def _events(self, batch: Received) -> Iterator[ChannelEvent]:
        if batch.connection != self._connection:
            yield from self._meet(batch.connection)
        if not batch.data and not self._lost:
            self._heard_at = batch.received_at + self._ahead
        for raw in self._reader.feed_raw(batch.data):
            self.messages += 1
            at = self._time_of(raw, batch.received_at)
            yield ContactMade(at)
            for event in self._dialect.read(Message(raw), at):
                self._lost = False
                yield event
            if not self._lost:
                self._heard_at = at

    def _meet(self, connection: str) -> Iterator[ChannelEvent]:
        """A refused login is a connection too, but brings no news of calls: the contact stays lost since when it was."""
        if self._connection is not None and not self._lost:
            self._lost = True
            yield ContactLost(self._heard_at)
        self._connection = connection
        self._reader = MessageReader()

    def _time_of(self, raw: bytes, received_at: float) -> float:
        """By the exchange's clock where it tells it: also for answers, which carry no time of their own."""
        stamped = timestamp_of(raw) if raw.startswith(b"Event:") else None
        if stamped is None:
            return received_at + self._ahead
        self._ahead = stamped - received_at
        return stamped


class BatchCutter:
    """Cuts what was received into batches that end where a message ends, so that each batch can be read on its own."""

    def __init__(self) -> None:
        self._rest: list[Received] = []

    @property
    def rest(self) -> list[Received]:
        """Pieces of a message that is not complete yet."""
        return self._rest

    def cut(self, pieces: Iterable[Received]) -> list[Received]:
        """The batches that can be made now. `received_at` is when the last byte came."""
        batches = []
        for piece in pieces:
            if self._rest and self._rest[-1].connection != piece.connection:
                batches.append(_joined(self._rest))  # the connection ended within a message
                self._rest = []
            self._rest.append(piece)
            if not piece.data:
                batches += self._cut_end()
        if self._rest:
            batches += self._cut_rest()
        return batches

    def _cut_end(self) -> list[Received]:
        """A piece without bytes is the end of its connection and a batch of its own."""
        *before, end = self._rest
        self._rest = []
        return [_joined(before), end] if before else [end]

    def _cut_rest(self) -> list[Received]:
        whole = _joined(self._rest)
        end = _end_of_messages(whole.data)
        if not end and len(whole.data) > _MOST_REST:
            end = len(whole.data)
        if not end:
            return []
        left = whole.data[end:]
        self._rest = [Received(whole.connection, whole.offset + end, whole.received_at, left)] if left else []
        return [Received(whole.connection, whole.offset, whole.received_at, whole.data[:end])]


def _new_dialect(name: str) -> Dialect:
    """A dialect of our own: it remembers which queue members it has told."""
    known = dialects().get(name)
    if known is None:
        raise SettingsError(f"There is no dialect {name}; there are: {', '.join(sorted(dialects()))}")
    return type(known)()


def _joined(pieces: list[Received]) -> Received:
    first, last = pieces[0], pieces[-1]
    return Received(first.connection, first.offset, last.received_at, b"".join(piece.data for piece in pieces))


def _end_of_messages(data: bytes) -> int:
    """The place after the last empty line; 0 if there is none. An event may also end with CR LF LF."""
    ends = [(data.rfind(mark), len(mark)) for mark in (b"\r\n\r\n", b"\r\n\n")]
    return max((place + length for place, length in ends if place >= 0), default=0)
