"""From channel events to call events: pure, without clock or I/O, the same live, in replay and in repair.

    tracker = CallTracker("default", LineRule(), "RU")
    for event in dialect.read(message, at): told += tracker.feed(event)

`feed` tells at once; `feed_all` takes a batch in and tells each touched call once, which costs far less under load.
Impossible events are counted in `dropped` and forgotten; nothing that an exchange sends raises.
"""

from collections import deque
from collections.abc import Iterable
from math import inf

from crm_core.calls.events import Call, CallEvent
from crm_core.calls.states import may_follow
from pbx import channel_events as told
from pbx.channel_events import ChannelEvent, OnChannel
from pbx.channels import Channel
from pbx.lines import LineRule
from pbx.tracking.case import Case
from pbx.tracking.changes import changes
from pbx.tracking.channel_graph import ChannelGraph
from pbx.tracking.story import Story, Teller

REMEMBERED = 30.0
"""Seconds (by the events' own time) that a finished call is kept for late events."""

SET_BACK = 120.0
"""Seconds by which an event is behind the latest if not it is late but the clock was set back."""

STILL_UP = 0.001
"""A channel that vanished was up at the last moment known, so it went later: whoever was just answered was answered."""

_MOST_FINISHED = 5_000
"""Of a listener, which runs for months; who reads a capture or a day to its end remembers all (`remember` without end)."""


class CallTracker:
    """Follows one exchange. `lines` sorts its channels, `region` reads its numbers."""

    def __init__(self, exchange: str, lines: LineRule, region: str, *, remember: float = REMEMBERED) -> None:
        self.dropped = 0
        self._teller = Teller(exchange, lines, region)
        self._lines = lines
        self._graph = ChannelGraph(lines)
        self._book = self._graph.book
        self._remember = remember
        self._most_finished = inf if remember == inf else _MOST_FINISHED
        self._now = -inf
        self._finished: deque[tuple[float, Case]] = deque()
        self._lost_at: float | None = None
        self._before_loss: tuple[list[Channel], set[str]] | None = None  # who was up, and all ids known
        self._boot: str | None = None
        self._in_snapshot = False
        self._listed: set[str] = set()
        self._seen: set[str] = set()

    def feed(self, event: ChannelEvent, *, from_records: bool = False) -> list[CallEvent]:
        """Takes one event and tells what it changed. `from_records`: it was read in the exchange's records."""
        return self.feed_all([event], from_records=from_records)

    def feed_all(self, events: Iterable[ChannelEvent], *, from_records: bool = False) -> list[CallEvent]:
        """Takes a batch and tells each touched call once, in its last state."""
        touched: dict[Case, None] = {}
        for event in events:
            at = event.at
            if at > self._now or (at < self._now - SET_BACK and not from_records):
                self._now = at
            if isinstance(event, OnChannel):
                case = self._take_on_channel(event, from_records)
                if case is not None:
                    touched[case] = None
            else:
                touched |= dict.fromkeys(self._take(event))
        found = [change for case in touched for change in self._tell(case)]
        self._forget_old()
        return found

    def open_calls(self) -> list[Call]:
        """Every call that is up, as known now."""
        calls = (self._teller.tell(case, self._now) for case in self._book.open_cases())
        return sorted((call for call in calls if call is not None), key=lambda call: (call.started_at, call.key))

    def ids_up(self) -> dict[str, float]:
        """Every linkedid of a channel that is up, and since when it is known: also where there is no call to tell of yet."""
        return {linkedid: at for case in self._book.open_cases() for linkedid, at in case.linkedids.items()}

    def all_calls(self) -> list[Call]:
        """Every call still remembered, finished or not, as known now."""
        calls = (self._teller.tell(case, self._now) for case in self._every_case())
        return sorted((call for call in calls if call is not None), key=lambda call: (call.started_at, call.key))

    def case_of(self, linkedid: str) -> Case | None:
        """The case that holds this linkedid; one taken from here goes on to be filled, and outlives its being forgotten."""
        return self._book.cases.get(linkedid)

    def knows(self, uid: str) -> bool:
        """Whether anything was ever told of a channel or a call with this id, as far as that is remembered."""
        return uid in self._book.cases or uid in self._book.channels or self._book.was_forgotten(uid)

    def stories(self) -> list[Story]:
        """As `all_calls`, but each with what its figures are made of."""
        found = [story for case in self._every_case() if (story := self.read(case))]
        return sorted(found, key=lambda story: (story.started_at, story.case.keys()))

    def read(self, case: Case) -> Story | None:
        """The case as known now; None while only the exchange's machinery is seen."""
        return self._teller.read(case, self._now)

    def remembered(self) -> int:
        """How many channels are kept in memory (a figure for metrics and tests)."""
        return len(self._book.channels)

    def _every_case(self) -> dict[Case, None]:
        return self._book.displaced | dict.fromkeys(self._book.cases.values())

    def _take_on_channel(self, event: OnChannel, from_records: bool) -> Case | None:
        if self._in_snapshot:
            self._seen.add(event.uid)  # listed, or heard of while the list was told
            if isinstance(event, told.ChannelSeen):
                self._listed.add(event.uid)
        case = self._graph.take(event, from_records)
        if case is None:
            self.dropped += 1
        elif from_records:
            case.records = True
        else:
            case.live = True
        return case

    def _take(self, event: ChannelEvent) -> list[Case]:
        """What concerns the exchange as a whole; the cases that it changes."""
        if isinstance(event, told.MemberKnown):
            for interface in event.interfaces:
                self._lines.learn_member(interface)
        elif isinstance(event, told.LineKnown):
            self._lines.learn(event.phones, event.trunks, event.registering)
        elif isinstance(event, told.ContactLost):
            self._lose_contact(event.at)
        elif isinstance(event, told.ExchangeStarted):
            return self._exchange_started(event.boot)
        elif isinstance(event, told.BridgeSeen):
            self._graph.see_bridge(event)
        elif isinstance(event, told.SnapshotBegan):
            self._in_snapshot, self._listed, self._seen = True, set(), set()
        elif isinstance(event, told.SnapshotEnded):
            return self._end_snapshot(event)
        elif isinstance(event, told.GapFilled):
            return self._fill_gap(event.since)
        return []

    def _lose_contact(self, at: float) -> None:
        self._lost_at = at
        if self._before_loss is None:
            up = [channel for channel in self._book.channels.values() if channel.gone_at is None]
            self._before_loss = up, self._book.known_ids()
        for case in self._book.open_cases():
            case.gaps.add(at)
            case.had_gap = True

    def _end_snapshot(self, event: told.SnapshotEnded) -> list[Case]:
        """What was up and is not listed has ended, at the last moment it was known to be up."""
        whole = self._in_snapshot and event.listed in {None, len(self._listed)}
        self._in_snapshot = False
        self._graph.bridges_seen.clear()
        if not whole:
            return []
        return self._close(c for c in self._book.channels.values() if c.gone_at is None and c.uid not in self._seen)

    def _exchange_started(self, boot: str) -> list[Case]:
        """After a restart no channel of before is up, and any of their ids may be given out again, at whatever hour."""
        before, self._boot = self._boot, boot
        known, self._before_loss = self._before_loss, None
        if before is None or before == boot or known is None:
            return []
        # What records have told since the loss may be of after the restart already.
        up_then, ids = known
        self._book.void_ids(ids)
        return self._close(c for c in up_then if c.gone_at is None and self._book.channels.get(c.uid) is c)

    def _close(self, vanished: Iterable[Channel]) -> list[Case]:
        """Their end was not told: it came after the last moment they were known to be up."""
        gone = list(vanished)
        for channel in gone:
            channel.vanished = True
            channel.gone_at = max(channel.last_at, self._lost_at if self._lost_at is not None else -inf) + STILL_UP
        return list(dict.fromkeys(self._book.case_of(channel) for channel in gone))

    def _fill_gap(self, since: float) -> list[Case]:
        filled = [case for case in dict.fromkeys(self._book.cases.values()) if since in case.gaps]
        for case in filled:
            case.gaps.discard(since)
        return filled

    def _tell(self, case: Case) -> list[CallEvent]:
        if not self._book.holds(case):
            return []  # absorbed within the batch by another touched case
        call = self._teller.tell(case, self._now)
        if call is None:
            self._note_finished(case)
            return []
        before = case.told
        if not may_follow(before.state if before else None, call.state):
            self.dropped += 1
        if before is not None and before.key not in {call.key, *case.absorbed}:
            case.absorbed.append(before.key)  # an older linkedid was learned late and is the key now
        found = changes(before, call, tuple(case.absorbed), self._now)
        case.told = call
        case.absorbed.clear()
        self._note_finished(case)
        return found

    def _note_finished(self, case: Case) -> None:
        if case.over:
            case.notes += 1
            self._finished.append((self._now, case))

    def _forget_old(self) -> None:
        while self._finished and (self._finished[0][0] < self._now - self._remember or len(self._finished) > self._most_finished):
            _, case = self._finished.popleft()
            case.notes -= 1
            if case.notes > 0 or not case.over:
                continue
            if case in self._book.displaced:
                del self._book.displaced[case]
            elif self._book.holds(case):
                self._graph.forget(case)
