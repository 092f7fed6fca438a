"""All channels the exchange told of, and which of them belong to one call: a set of linkedids that may grow.

Every fact is kept with its own time, so the same facts in another order, or twice, give the same cases.
"""

from collections.abc import Callable
from math import inf
from typing import Any

from crm_core.calls.events import TransferKind
from pbx import channel_events as told
from pbx.case import Case, TransferTold
from pbx.channel_events import ChannelEvent, OnChannel
from pbx.channels import Channel, toggled
from pbx.joins import common
from pbx.lines import LineKind, LineRule
from pbx.parties import came_in

_FORGOTTEN_KEPT = 50_000
_EARLY_KEPT = 1_000
_EARLY_PER_CHANNEL = 20
_RECALL_WITHIN = 120.0
"""Seconds after an attended transfer within which the exchange calls the transferer back."""

_NO_BIRTH = (told.ChannelGone, told.BridgeLeft, told.HangupAsked, told.DialEnded, told.MusicEnded, told.Unheld)


class ChannelGraph:
    """`take` puts one event's facts in place and says which cases it touched."""

    def __init__(self, lines: LineRule) -> None:
        self.lines = lines
        self.channels: dict[str, Channel] = {}
        self.cases: dict[str, Case] = {}
        self._in_bridge: dict[str, set[str]] = {}
        self._forgotten: dict[str, None] = {}
        self._early: dict[str, list[OnChannel]] = {}
        self._newly_made: list[str] = []
        self._takers: dict[type[ChannelEvent], Callable[[Any, Channel], None]] = {
            told.ChannelBorn: self._born,
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
            told.CallUnparked: self._unparked,
            told.CallPickedUp: self._picked_up,
            told.OriginateAnswered: self._originate_answered,
            told.QueueJoined: lambda e, c: c.queues.add((e.at, True, e.queue)),
            told.QueueLeft: lambda e, c: c.queues.add((e.at, False, e.queue)),
            told.QueueAbandoned: lambda e, c: c.queues.add((e.at, False, e.queue)),
            told.ApplicationBegan: self._application,
            told.RecordingBegan: self._recording,
            told.VoicemailLeft: self._voicemail,
            told.ChannelSeen: self._seen,
        }

    def take(self, event: OnChannel) -> Case | None:
        """The case that the event belongs to; None if it says nothing of a channel we know or could know."""
        taker = self._takers.get(type(event))
        if taker is None:
            return None
        channel = self.channel(event.uid, event.channel, event.linkedid, event.at, isinstance(event, _NO_BIRTH))
        if channel is None:
            self._keep_early(event)
            return None
        taker(event, channel)
        while self._newly_made:
            for early in self._early.pop(self._newly_made.pop(), ()):
                self.take(early)
        return self.cases[channel.linkedid]

    def _keep_early(self, event: OnChannel) -> None:
        """An end may come before its beginning; of a channel never told it says nothing worth a call."""
        if event.uid and event.uid not in self._forgotten:
            kept = self._early.setdefault(event.uid, [])
            if len(kept) < _EARLY_PER_CHANNEL:
                kept.append(event)
            if len(self._early) > _EARLY_KEPT:
                del self._early[next(iter(self._early))]

    def channel(self, uid: str, name: str, linkedid: str, at: float, known_only: bool = False) -> Channel | None:
        """The channel, made if need be (a listener may attach in mid-call), with its linkedid noted."""
        if not uid:
            return None
        channel = self.channels.get(uid)
        if channel is None:
            if known_only or uid in self._forgotten:
                return None
            channel = self._make(uid, name, linkedid or uid, at)
        channel.last_at = max(channel.last_at, at)
        channel.first_at = min(channel.first_at, at)
        if linkedid:
            self._relink(channel, linkedid, at)
        return channel

    def case_of(self, channel: Channel) -> Case:
        return self.cases[channel.linkedid]

    def open_cases(self) -> list[Case]:
        return [case for case in dict.fromkeys(self.cases.values()) if not case.over]

    def forget(self, case: Case) -> None:
        """Lets go of a finished case; what still comes for its channels is ignored."""
        for uid, channel in case.channels.items():
            self.channels.pop(uid, None)
            self._forgotten[uid] = None
            for bridge in channel.bridges:
                members = self._in_bridge.get(bridge)
                if members is not None:
                    members.discard(uid)
                    if not members:
                        del self._in_bridge[bridge]
        for linkedid in case.linkedids:
            self.cases.pop(linkedid, None)
        while len(self._forgotten) > _FORGOTTEN_KEPT:
            del self._forgotten[next(iter(self._forgotten))]

    def _make(self, uid: str, name: str, linkedid: str, at: float) -> Channel:
        channel = self.channels[uid] = Channel(uid, name, linkedid, at)
        case = self.cases.get(linkedid)
        if case is None:
            case = self.cases[linkedid] = Case(linkedid, at)
        case.channels[uid] = channel
        self._pair_by_name(channel, case)
        if uid in self._early:
            self._newly_made.append(uid)
        return channel

    def _pair_by_name(self, channel: Channel, case: Case) -> None:
        """The halves of a Local channel are named alike but for `;1` and `;2`."""
        if channel.name[-2:] not in {";1", ";2"}:
            return
        twin = channel.name[:-1] + ("2" if channel.name[-1] == "1" else "1")
        for other in case.channels.values():
            if other.name == twin and other.other_half is None:
                channel.other_half, other.other_half = other.uid, channel.uid

    def _relink(self, channel: Channel, linkedid: str, at: float) -> None:
        """A channel may change its linkedid in mid-life: then both name one call."""
        case = self.cases[channel.linkedid]
        other = self.cases.get(linkedid)
        if other is None:
            self.cases[linkedid] = case
            case.know(linkedid, at)
        elif other is case:
            case.linkedids[linkedid] = min(case.linkedids[linkedid], at)
        else:
            self._join(case, other)

    def _join(self, one: Case, other: Case) -> None:
        """Makes one case of two, unless two customers called in: each has a call of his own."""
        if one is other or (self._has_caller(one) and self._has_caller(other)):
            return
        older, younger = sorted((one, other), key=lambda case: case.keys()[0] not in self._first(one, other))
        older.absorb(younger)
        for linkedid in younger.linkedids:
            self.cases[linkedid] = older

    @staticmethod
    def _first(one: Case, other: Case) -> tuple[str]:
        """The key of the older case: it keeps its id."""
        ranked = sorted((case.linkedids[key], key) for case in (one, other) for key in case.keys()[:1])
        return (ranked[0][1],)

    def _has_caller(self, case: Case) -> bool:
        return any(c.came_in and came_in(c) and c.kind(self.lines) is LineKind.TRUNK for c in case.channels.values())

    def _has_outside(self, case: Case) -> bool:
        return any(c.kind(self.lines) is LineKind.TRUNK for c in case.channels.values())

    def _born(self, e: told.ChannelBorn, c: Channel) -> None:
        c.born_at = e.at if c.born_at is None else min(c.born_at, e.at)
        c.came_in = e.came_in
        c.exten, c.caller_number, c.caller_name = e.exten, e.caller_number, e.caller_name

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
            caller = self.channel(e.caller_uid, e.caller_channel, e.caller_linkedid, e.at)
            if caller is not None:
                self._join(self.case_of(caller), self.case_of(c))
        else:
            self._recall(c, e.at)
        if e.ringing:
            self._rang(told.ChannelRang(e.at, e.uid, e.channel, e.linkedid), c)

    def _recall(self, channel: Channel, at: float) -> None:
        """After a transfer that nobody took the exchange calls the transferer back on a leg with its own linkedid."""
        for case in self.open_cases():
            given = [t for t in case.transfers if t.kind is TransferKind.ATTENDED and 0 <= at - t.at < _RECALL_WITHIN]
            givers = [case.channels[t.uid].extension for t in given if t.uid in case.channels]
            if channel.extension in givers and case is not self.case_of(channel):
                self._join(case, self.case_of(channel))
                return

    def _dial_ended(self, e: told.DialEnded, c: Channel) -> None:
        if e.status:
            c.dial_ends.add((e.at, e.status))
        if e.caller_uid:
            caller = self.channel(e.caller_uid, e.caller_channel, e.caller_linkedid, e.at, known_only=True)
            if caller is not None:
                self._join(self.case_of(caller), self.case_of(c))

    def _bridge_joined(self, e: told.BridgeJoined, c: Channel) -> None:
        c.bridges.setdefault(e.bridge, set()).add((e.at, True))
        if e.waiting:
            c.waiting_bridges.add(e.bridge)
        if e.conference:
            c.conferences.add(e.bridge)
        members = self._in_bridge.setdefault(e.bridge, set())
        members.add(c.uid)
        if not e.waiting:
            self._join_members(e, c, members)

    def _join_members(self, e: told.BridgeJoined, c: Channel, members: set[str]) -> None:
        swapped = self.channels.get(e.swap_uid)
        if swapped is not None:
            self._join(self.case_of(swapped), self.case_of(c))
        for uid in members:
            other = self.channels[uid]
            if self.case_of(other) is not self.case_of(c) and _met(c, other, e.bridge):
                self._join_in_bridge(self.case_of(other), self.case_of(c), e.conference)

    def _join_in_bridge(self, one: Case, other: Case, conference: bool) -> None:
        # Strangers may meet in a conference: each customer's call stays his own.
        if not (conference and self._has_outside(one) and self._has_outside(other)):
            self._join(one, other)

    def _bridge_left(self, e: told.BridgeLeft, c: Channel) -> None:
        c.bridges.setdefault(e.bridge, set()).add((e.at, False))
        if e.waiting:
            c.waiting_bridges.add(e.bridge)

    def _local_paired(self, e: told.LocalPaired, c: Channel) -> None:
        other = self.channel(e.other_uid, e.other_channel, e.other_linkedid, e.at)
        if other is not None:
            c.other_half, other.other_half = other.uid, c.uid
            self._join(self.case_of(c), self.case_of(other))

    def _blind(self, e: told.BlindTransferred, c: Channel) -> None:
        self._link(c, e.transferee_linkedid)
        self.case_of(c).transfers.add(TransferTold(e.at, TransferKind.BLIND, e.uid, e.channel, to=e.to))

    def _attended(self, e: told.AttendedTransferred, c: Channel) -> None:
        for linkedid in e.linkedids:
            self._link(c, linkedid)
        for uid in (e.second_uid, e.target_uid):
            if uid in self.channels:
                self._join(self.case_of(c), self.case_of(self.channels[uid]))
        self.case_of(c).transfers.add(
            TransferTold(e.at, TransferKind.ATTENDED, e.uid, e.channel, e.second_uid, e.target_uid, e.second_exten)
        )

    def _link(self, channel: Channel, linkedid: str) -> None:
        other = self.cases.get(linkedid)
        if other is not None:
            self._join(self.case_of(channel), other)

    def _parked(self, e: told.CallParked, c: Channel) -> None:
        self.case_of(c).transfers.add(TransferTold(e.at, TransferKind.PARK, e.uid, e.parker, e.uid))

    def _unparked(self, e: told.CallUnparked, c: Channel) -> None:
        retriever = self.channel(e.retriever_uid, e.retriever_channel, e.retriever_linkedid, e.at)
        if retriever is not None:
            self._join(self.case_of(c), self.case_of(retriever))
            self.case_of(c).retrieved[c.uid] = retriever.uid

    def _picked_up(self, e: told.CallPickedUp, c: Channel) -> None:
        target = self.channel(e.target_uid, e.target_channel, e.target_linkedid, e.at)
        if target is not None:
            self._join(self.case_of(c), self.case_of(target))

    def _originate_answered(self, e: told.OriginateAnswered, c: Channel) -> None:
        c.originated_to = e.to

    def _application(self, e: told.ApplicationBegan, c: Channel) -> None:
        c.applications.add((e.at, e.application.lower()))
        c.dnid = c.dnid or e.dnid

    def _recording(self, e: told.RecordingBegan, c: Channel) -> None:
        for path in e.paths:
            c.recordings[path] = min(e.at, c.recordings.get(path, e.at))

    def _voicemail(self, e: told.VoicemailLeft, c: Channel) -> None:
        c.voicemail_at = e.at if c.voicemail_at is None else min(c.voicemail_at, e.at)

    def _seen(self, e: told.ChannelSeen, c: Channel) -> None:
        if c.born_at is None:
            c.first_at = min(c.first_at, e.at - e.age)
            c.exten, c.dnid = c.exten or e.dnid or e.exten, c.dnid or e.dnid
            c.caller_number, c.caller_name = c.caller_number or e.caller_number, c.caller_name or e.caller_name
            c.came_in = not e.application.lower().startswith(("appdial", "appqueue"))
        if e.up and c.up_at is None:
            c.up_at = e.at
        if e.ringing and c.rang_at is None:
            c.rang_at = e.at
        self._seen_in(e, c)

    def _seen_in(self, e: told.ChannelSeen, c: Channel) -> None:
        staying = {bridge for _, end, bridge in c.stays() if end == inf}
        for bridge in staying - {e.bridge}:
            self._bridge_left(told.BridgeLeft(e.at, e.uid, e.channel, e.linkedid, bridge), c)
        if e.bridge and e.bridge not in staying:
            parked = "park" in e.application.lower()
            self._bridge_joined(told.BridgeJoined(e.at, e.uid, e.channel, e.linkedid, e.bridge, parked), c)


def _met(one: Channel, other: Channel, bridge: str) -> bool:
    """Whether both were in the bridge at one time."""
    ends = [inf if c.gone_at is None else c.gone_at for c in (one, other)]
    spans = [toggled(c.bridges.get(bridge, set()), end) for c, end in zip((one, other), ends, strict=True)]
    return bool(common(spans[0], spans[1]))
