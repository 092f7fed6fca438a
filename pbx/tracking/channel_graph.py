"""Puts what is told of channels in its place: facts with their own times, so order and repetition do not matter."""

from collections.abc import Callable
from math import inf
from typing import Any

from crm_core.calls.events import TransferKind
from pbx import channel_events as told
from pbx.channel_events import ChannelEvent, OnChannel
from pbx.channels import Channel, toggled
from pbx.lines import LineRule
from pbx.tracking.announced import announce, file_name
from pbx.tracking.case import Case, TransferTold
from pbx.tracking.case_book import CaseBook
from pbx.tracking.joins import common

_EARLY_KEPT = 1_000
_EARLY_PER_CHANNEL = 20
_BRIDGES_KEPT = 100_000
_EDGE = 0.001
_LISTED_WITHIN = 1.0

# An originate whose phone is not there is answered, too: with the id its channel would have had.
_NO_BIRTH = frozenset([
    told.ChannelGone, told.BridgeLeft, told.QueueSeen, told.HangupAsked, told.DialEnded, told.MusicEnded, told.Unheld,
    told.OriginateAnswered,
])  # fmt: skip
_BIRTH = frozenset([told.ChannelBorn, told.ChannelSeen])


class ChannelGraph:
    """`take` puts one event's facts in place and says which cases it touched."""

    def __init__(self, lines: LineRule) -> None:
        self.book = CaseBook(lines)
        self.bridges_seen: dict[str, told.BridgeSeen] = {}
        self._in_bridge: dict[str, set[str]] = {}
        self._early: dict[str, list[OnChannel]] = {}
        self._due: list[str] = []
        self._takers: dict[type[ChannelEvent], Callable[[Any, Channel], None]] = {
            told.ChannelBorn: self._born,
            told.ChannelCameIn: self._came_in,
            told.ChannelRang: self._rang,
            told.ChannelUp: self._up,
            told.ChannelRenamed: self._renamed,
            told.HangupAsked: self._hangup_asked,
            told.ChannelGone: self._gone,
            told.DialBegan: self._dial_began,
            told.DialEnded: self._dial_ended,
            told.BridgeJoined: self._bridge_joined,
            told.BridgeLeft: self._bridge_left,
            told.Held: lambda e, c: c.holds.add((e.at, True)),
            told.Unheld: lambda e, c: c.holds.add((e.at, False)),
            told.MusicBegan: lambda e, c: c.music.add((e.at, True)),
            told.MusicEnded: lambda e, c: c.music.add((e.at, False)),
            told.LocalPaired: self._local_paired,
            told.BlindTransferred: self._blind,
            told.AttendedTransferred: self._attended,
            told.CallParked: self._parked,
            told.ParkedSeen: self._parked_seen,
            told.CallUnparked: self._unparked,
            told.CallPickedUp: self._picked_up,
            told.OriginateAnswered: self._originate_answered,
            told.Summarised: self._summarised,
            told.QueueJoined: lambda e, c: c.queues.add((e.at, True, e.queue)),
            told.QueueSeen: self._queue_seen,
            told.QueueLeft: lambda e, c: c.queues.add((e.at, False, e.queue)),
            told.QueueAbandoned: lambda e, c: c.queues.add((e.at, False, e.queue)),
            told.ApplicationBegan: self._application,
            told.RecordingBegan: self._recording,
            told.VoicemailLeft: self._voicemail,
            told.ChannelSeen: self._seen,
        }

    def take(self, event: OnChannel, from_records: bool = False) -> Case | None:
        """The case that the event belongs to; None if it says nothing of a channel we know or could know."""
        taker = self._takers.get(type(event))
        if taker is None:
            return None
        self.book.taking = event
        channel = self._known(event.uid, event.linkedid, event.at) or self._met(event, from_records)
        if channel is None:
            self._keep_early(event)
            return None
        if type(event) is told.ChannelBorn and not from_records:
            channel.born_live = True
        taker(event, channel)
        while self._due:
            for early in self._early.pop(self._due.pop(), ()):
                self.take(early)
        return self.book.cases[channel.linkedid]

    def see_bridge(self, event: told.BridgeSeen) -> None:
        """Of what kind it is: the lines of a snapshot name a channel's bridge and nothing more."""
        if len(self.bridges_seen) < _BRIDGES_KEPT:
            self.bridges_seen[event.bridge] = event

    def forget(self, case: Case) -> None:
        """Lets go of a finished case; what still comes for its channels is ignored."""
        for uid, channel in case.channels.items():
            for bridge in channel.bridges:
                members = self._in_bridge.get(bridge, set())
                members.discard(uid)
                if not members:
                    self._in_bridge.pop(bridge, None)
        self.book.forget(case)

    def _met(self, event: OnChannel, from_records: bool) -> Channel | None:
        """A channel that is new, or known and something is new about it."""
        return self._channel(
            event.uid,
            event.channel,
            event.linkedid,
            event.at,
            known_only=type(event) in _NO_BIRTH,
            # Records may still tell of the channel that had this id before the restart.
            reborn=type(event) in _BIRTH and not (from_records and self.book.is_void(event.uid)),
        )

    def _channel(
        self, uid: str, name: str, linkedid: str, at: float, *, known_only: bool = False, reborn: bool = False
    ) -> Channel | None:
        channel = self._known(uid, linkedid, at)
        if channel is not None:
            return channel
        channel = self.book.channel(uid, name, linkedid, at, known_only=known_only, reborn=reborn)
        if channel is not None and uid in self._early:
            self._due.append(uid)
        return channel

    def _known(self, uid: str, linkedid: str, at: float) -> Channel | None:
        """The usual case, cheaply: a channel that lives, with the linkedid it had before."""
        channel = self.book.channels.get(uid)
        if channel is None or channel.gone_at is not None or linkedid != channel.linkedid or at < channel.first_at:
            return None
        channel.last_at = max(channel.last_at, at)
        return channel

    def _keep_early(self, event: OnChannel) -> None:
        """An end may come before its beginning; of a channel never told it says nothing worth a call."""
        if event.uid and not self.book.was_forgotten(event.uid):
            kept = self._early.setdefault(event.uid, [])
            if len(kept) < _EARLY_PER_CHANNEL:
                kept.append(event)
            if len(self._early) > _EARLY_KEPT:
                del self._early[next(iter(self._early))]

    def _born(self, e: told.ChannelBorn, c: Channel) -> None:
        c.born_at = e.at if c.born_at is None else min(c.born_at, e.at)
        c.came_in = e.came_in or c.came_in or False
        c.exten, c.caller_number, c.caller_name = e.exten, e.caller_number or c.late_number, e.caller_name

    def _came_in(self, e: told.ChannelCameIn, c: Channel) -> None:
        c.came_in = True
        c.late_number = e.number
        c.caller_number = c.caller_number or e.number

    def _rang(self, e: told.ChannelRang, c: Channel) -> None:
        c.rang_at = e.at if c.rang_at is None else min(c.rang_at, e.at)
        c.rang_number = c.rang_number or e.number

    def _up(self, e: told.ChannelUp, c: Channel) -> None:
        c.up_at = e.at if c.up_at is None else min(c.up_at, e.at)

    def _renamed(self, e: told.ChannelRenamed, c: Channel) -> None:
        if e.new_name:
            c.rename(e.new_name)

    def _hangup_asked(self, e: told.HangupAsked, c: Channel) -> None:
        c.hung_up_at = e.at if c.hung_up_at is None else min(c.hung_up_at, e.at)

    def _gone(self, e: told.ChannelGone, c: Channel) -> None:
        if c.gone_at is None or c.vanished or e.at < c.gone_at:
            c.gone_at, c.vanished = e.at, False
            c.cause = e.cause or c.cause

    def _dial_began(self, e: told.DialBegan, c: Channel) -> None:
        c.dialled_at = e.at if c.dialled_at is None else min(c.dialled_at, e.at)
        c.dial_string = c.dial_string or e.dial_string
        if e.caller_uid:
            c.dialled_by = e.caller_uid
            caller = self._channel(e.caller_uid, e.caller_channel, e.caller_linkedid, e.at)
            if caller is not None:
                self.book.join(self.book.case_of(caller), self.book.case_of(c))
        else:
            self.book.recall(c, e.at)
        if e.ringing:
            self._rang(told.ChannelRang(e.at, e.uid, e.channel, e.linkedid), c)

    def _dial_ended(self, e: told.DialEnded, c: Channel) -> None:
        if e.status:
            c.dial_ends.add((e.at, e.status))
        if e.caller_uid:
            caller = self._channel(e.caller_uid, e.caller_channel, e.caller_linkedid, e.at, known_only=True)
            if caller is not None:
                self.book.join(self.book.case_of(caller), self.book.case_of(c))

    def _bridge_joined(self, e: told.BridgeJoined, c: Channel) -> None:
        c.bridges.setdefault(e.bridge, set()).add((e.at, True))
        if e.waiting:
            c.waiting_bridges.add(e.bridge)
        members = self._in_bridge.setdefault(e.bridge, set())
        members.add(c.uid)
        if not e.waiting:
            self._join_members(e, c, members)

    def _join_members(self, e: told.BridgeJoined, c: Channel, members: set[str]) -> None:
        swapped = self.book.channels.get(e.swap_uid)
        if swapped is not None:
            self.book.join(self.book.case_of(swapped), self.book.case_of(c))
        for uid in members:
            other = self.book.channels.get(uid) if uid != c.uid else None
            if other is not None and self.book.case_of(other) is not self.book.case_of(c) and _met(c, other, e.bridge):
                self.book.join_met(other, c, e.conference)

    def _bridge_left(self, e: told.BridgeLeft, c: Channel) -> None:
        c.bridges.setdefault(e.bridge, set()).add((e.at, False))
        if e.waiting:
            c.waiting_bridges.add(e.bridge)

    def _local_paired(self, e: told.LocalPaired, c: Channel) -> None:
        other = self._channel(e.other_uid, e.other_channel, e.other_linkedid, e.at)
        if other is not None:
            c.other_half, other.other_half = other.uid, c.uid
            self.book.join(self.book.case_of(c), self.book.case_of(other))

    def _blind(self, e: told.BlindTransferred, c: Channel) -> None:
        self.book.link(c, e.transferee_linkedid)
        self.book.case_of(c).transfers.add(TransferTold(e.at, TransferKind.BLIND, e.uid, e.channel, to=e.to))

    def _attended(self, e: told.AttendedTransferred, c: Channel) -> None:
        for linkedid in e.linkedids:
            self.book.link(c, linkedid)
        for uid in (e.second_uid, e.target_uid):
            if uid in self.book.channels:
                self.book.join(self.book.case_of(c), self.book.case_of(self.book.channels[uid]))
        self.book.case_of(c).transfers.add(
            TransferTold(
                e.at, TransferKind.ATTENDED, e.uid, e.channel, e.second_uid, e.target_uid, e.second_exten, self._stranger(e, c)
            )
        )

    def _stranger(self, e: told.AttendedTransferred, c: Channel) -> str:
        """Two customers whom a person joins keep their calls; each is the other's stranger."""
        target = self.book.channels.get(e.target_uid)
        return "" if target is None or self.book.case_of(target) is self.book.case_of(c) else target.caller_number

    def _parked(self, e: told.CallParked, c: Channel) -> None:
        self.book.case_of(c).transfers.add(TransferTold(e.at, TransferKind.PARK, e.uid, e.parker, e.uid))

    def _parked_seen(self, _: told.ParkedSeen, c: Channel) -> None:
        c.waiting_bridges |= c.bridges_now()

    def _unparked(self, e: told.CallUnparked, c: Channel) -> None:
        retriever = self._channel(e.retriever_uid, e.retriever_channel, e.retriever_linkedid, e.at)
        if retriever is not None:
            self.book.join(self.book.case_of(c), self.book.case_of(retriever))
            self.book.case_of(c).retrieved[c.uid] = retriever.uid

    def _picked_up(self, e: told.CallPickedUp, c: Channel) -> None:
        target = self._channel(e.target_uid, e.target_channel, e.target_linkedid, e.at)
        if target is not None:
            self.book.join(self.book.case_of(c), self.book.case_of(target))
            self.book.case_of(c).pickups.add((e.at, c.uid, target.uid))

    def _summarised(self, _: told.Summarised, c: Channel) -> None:
        self.book.case_of(c).summarised = True

    def _originate_answered(self, e: told.OriginateAnswered, c: Channel) -> None:
        c.originated_to = e.to

    def _application(self, e: told.ApplicationBegan, c: Channel) -> None:
        c.applications.add((e.at, e.application.lower()))
        c.dnid = c.dnid or e.dnid

    def _recording(self, e: told.RecordingBegan, c: Channel) -> None:
        for place, path in enumerate(e.paths):
            announce(c.recordings, path, e.at)
            name = file_name(path)
            c.recording_places[name] = min(place, c.recording_places.get(name, place))

    def _voicemail(self, e: told.VoicemailLeft, c: Channel) -> None:
        c.voicemail_at = e.at if c.voicemail_at is None else min(c.voicemail_at, e.at)

    def _seen(self, e: told.ChannelSeen, c: Channel) -> None:
        if c.born_at is None:
            c.first_at = min(c.first_at, e.at - e.age)
            c.exten, c.dnid = c.exten or e.dnid or e.exten, c.dnid or e.dnid
            c.caller_number, c.caller_name = c.caller_number or e.caller_number, c.caller_name or e.caller_name
            c.came_in = not e.application.lower().startswith(("appdial", "appqueue"))
        if e.application.lower() == "appdial2" and c.dialled_at is None:
            c.dialled_at = c.started_at  # the application of a leg that nobody dials: it was originated
        if e.up and c.up_at is None:
            c.up_at = e.at
        if e.ringing and c.rang_at is None:
            c.rang_at = e.at
        if e.queue and not c.queues:
            c.queues |= {(c.first_at, True, e.queue), (e.at, False, e.queue)}  # out of it, and with somebody
        self._seen_in(e, c)

    def _seen_in(self, e: told.ChannelSeen, c: Channel) -> None:
        """A list carries no time and is as of some moment before it came: what was told of the last second is newer."""
        staying = c.bridges_now()
        newer = any(abs(e.at - at) < _LISTED_WITHIN for facts in c.bridges.values() for at, _ in facts)
        for bridge in staying - {e.bridge} if not newer else ():
            self._bridge_left(told.BridgeLeft(e.at, e.uid, e.channel, e.linkedid, bridge), c)
        kind = self.bridges_seen.get(e.bridge)
        parked = "park" in e.application.lower() if kind is None else kind.waiting
        if e.bridge and e.bridge not in staying and not newer:
            conference = kind is not None and kind.conference
            self._bridge_joined(told.BridgeJoined(e.at, e.uid, e.channel, e.linkedid, e.bridge, parked, conference), c)
        elif e.bridge and parked:
            c.waiting_bridges.add(e.bridge)

    def _queue_seen(self, e: told.QueueSeen, c: Channel) -> None:
        """News only if he is not known to stand there: counted in whole seconds, `since` varies from list to list."""
        told_before = {(at, began) for at, began, queue in c.queues if queue == e.queue}
        if not any(end == inf for _, end in toggled(told_before, inf)):
            since = max([e.since, c.started_at, *(at + _EDGE for at, _ in told_before)])
            c.queues.add((since, True, e.queue))


def _met(one: Channel, other: Channel, bridge: str) -> bool:
    """Whether both were in the bridge at one time."""
    ends = [inf if c.gone_at is None else c.gone_at for c in (one, other)]
    spans = [toggled(c.bridges.get(bridge, set()), end) for c, end in zip((one, other), ends, strict=True)]
    return bool(common(spans[0], spans[1])) or any(
        a == b and c <= a <= d for ones, others in (spans, spans[::-1]) for a, b in ones for c, d in others
    )
