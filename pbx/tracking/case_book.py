"""Which channels belong to one call: a set of linkedids that may grow, never split."""

from crm_core.calls.events import TransferKind
from pbx.channel_events import OnChannel
from pbx.channels import Channel
from pbx.lines import LineKind, LineRule
from pbx.tracking.case import Case
from pbx.tracking.parties import came_in

_FORGOTTEN_KEPT = 10_000
_AGAIN_AFTER = 5.0
"""Seconds after a channel's end from which the birth of one with its id is no late or doubled event."""
_RECALL_WITHIN = 120.0
"""Seconds after an attended transfer within which the exchange calls the transferer back."""


class CaseBook:
    """All channels and cases in memory."""

    def __init__(self, lines: LineRule) -> None:
        self.lines = lines
        self.channels: dict[str, Channel] = {}
        self.cases: dict[str, Case] = {}
        self.displaced: dict[Case, None] = {}  # their ids are another call's by now
        self.taking: OnChannel | None = None  # the event that is being put in place: why cases join
        self._forgotten: dict[str, float] = {}
        self._void: set[str] = set()

    def channel(self, uid: str, name: str, linkedid: str, at: float, *, known_only: bool, reborn: bool = False) -> Channel | None:
        """The channel, made if need be (a listener may attach in mid-call), with its linkedid noted.

        `reborn`: the event is the birth of a channel; long after the end of one with this id it is another channel
        (an exchange restarted, or its clock set back, gives ids out again).
        """
        channel = self.channels.get(uid)
        if channel is not None and reborn and (uid in self._void or self._is_history(channel, at)):
            displaced = self.case_of(channel)
            self.forget(displaced)
            self.displaced[displaced] = None
            channel = None
        if channel is None:
            ended_at = self._forgotten.get(uid)
            again = ended_at is not None and reborn and (uid in self._void or at > ended_at + _AGAIN_AFTER)
            if not uid or known_only or (ended_at is not None and not again):
                return None
            self._void.discard(uid)
            channel = self._make(uid, name, linkedid or uid, at, again=again)
        channel.last_at = max(channel.last_at, at)
        channel.first_at = min(channel.first_at, at)
        if linkedid:
            self._relink(channel, linkedid, at)
        return channel

    def known_ids(self) -> set[str]:
        return {*self._forgotten, *self.channels}

    def void_ids(self, ids: set[str]) -> None:
        """The exchange was restarted: a channel that is born with one of these ids is another one, whatever the clock says."""
        self._void = ids

    def is_void(self, uid: str) -> bool:
        return uid in self._void

    def _is_history(self, channel: Channel, at: float) -> bool:
        return channel.gone_at is not None and at > channel.gone_at + _AGAIN_AFTER and self.case_of(channel).over

    def case_of(self, channel: Channel) -> Case:
        return self.cases[channel.linkedid]

    def open_cases(self) -> list[Case]:
        return [case for case in dict.fromkeys(self.cases.values()) if not case.over]

    def holds(self, case: Case) -> bool:
        """Neither absorbed by another nor forgotten."""
        return case in self.displaced or self.cases.get(next(iter(case.linkedids))) is case

    def forget(self, case: Case) -> None:
        """Lets go of a finished case; what still comes for its channels is ignored."""
        for uid, channel in case.channels.items():
            self.channels.pop(uid, None)
            self._forgotten[uid] = channel.last_at if channel.gone_at is None else channel.gone_at
        for linkedid in case.linkedids:
            self.cases.pop(linkedid, None)
        while len(self._forgotten) > _FORGOTTEN_KEPT:
            del self._forgotten[next(iter(self._forgotten))]

    def _make(self, uid: str, name: str, linkedid: str, at: float, *, again: bool) -> Channel:
        channel = self.channels[uid] = Channel(uid, name, linkedid, at)
        case = self.cases.get(linkedid)
        if case is None:
            case = self.cases[linkedid] = Case(linkedid, at, again=again)
        case.channels[uid] = channel
        self._pair_by_name(channel, case)
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
            self._note(case, (linkedid,))
        elif other is case:
            case.linkedids[linkedid] = min(case.linkedids[linkedid], at)
        else:
            self.join(case, other)

    def join(self, one: Case, other: Case) -> None:
        """Makes one case of two, unless a customer called in who found another one there: each has a call of his own.

        Whom the exchange called for a customer, to consult or to hand him on, belongs to his call.
        """
        if one is other:
            return
        older, younger = sorted((one, other), key=lambda case: case.age)
        if self._has_caller(younger) and self._has_outside(older):
            return
        older.absorb(younger)
        self._note(older, tuple(younger.linkedids))
        for linkedid in younger.linkedids:
            self.cases[linkedid] = older

    def _note(self, case: Case, linkedids: tuple[str, ...]) -> None:
        if self.taking is not None:
            case.joinings.append((self.taking, linkedids))

    def _has_caller(self, case: Case) -> bool:
        return any(c.came_in and came_in(c) and c.kind(self.lines) is LineKind.TRUNK for c in case.channels.values())

    def _has_outside(self, case: Case) -> bool:
        return any(c.kind(self.lines) is LineKind.TRUNK for c in case.channels.values())

    def recall(self, channel: Channel, at: float) -> None:
        """After a transfer that nobody took the exchange calls the transferer back on a leg with its own linkedid.

        It does so where it led the transfer itself, on the transferer's one line; a telephone that led it has hung up its two.
        """
        for case in self.open_cases():
            led = [t for t in case.transfers if t.kind is TransferKind.ATTENDED and t.uid == t.other_uid]
            given = [t for t in led if 0 <= at - t.at < _RECALL_WITHIN]
            givers = [case.channels[t.uid].extension for t in given if t.uid in case.channels]
            if channel.extension in givers and case is not self.case_of(channel) and not self._is_taken(case, channel.extension):
                self.join(case, self.case_of(channel))
                return

    def _is_taken(self, case: Case, giver: str) -> bool:
        """Somebody but the transferer is on the line with the customer: nobody calls the transferer back."""
        up = [c for c in case.channels.values() if c.up_at is not None and c.gone_at is None]
        outside = sum(c.kind(self.lines) is LineKind.TRUNK for c in up)
        colleague = any(c.kind(self.lines) is LineKind.PHONE and c.extension != giver for c in up)
        return outside > 1 or colleague or self._met_another_call(up)

    def _met_another_call(self, channels: list[Channel]) -> bool:
        """Two customers who were joined have a call each."""
        bridges = {bridge for channel in channels for bridge in channel.bridges_now()}
        others = (c for c in self.channels.values() if c not in channels and c.kind(self.lines) is LineKind.TRUNK)
        return bool(bridges) and any(not bridges.isdisjoint(other.bridges_now()) for other in others)

    def link(self, channel: Channel, linkedid: str) -> None:
        other = self.cases.get(linkedid)
        if other is not None:
            self.join(self.case_of(channel), other)

    def join_met(self, first: Channel, second: Channel, conference: bool) -> None:
        # Strangers may meet in a conference: each customer's call stays his own. Who was called into it belongs to it.
        one, other = self.case_of(first), self.case_of(second)
        strangers = conference and self._has_outside(one) and self._has_outside(other)
        if not strangers or self._is_invited(one, other) or self._is_invited(other, one):
            self.join(one, other)
        if self.case_of(first) is not self.case_of(second):
            self._note_guest(one, second)
            self._note_guest(other, first)

    def _note_guest(self, case: Case, met: Channel) -> None:
        """A telephone that stays, as an agent's in his pool, talks with one call's customer after the other's."""
        if met.kind(self.lines) is LineKind.PHONE:
            case.guests[met.uid] = met

    def _is_invited(self, case: Case, to: Case) -> bool:
        """Somebody outside whom the exchange called, without anybody of the house, while the customer there is on the line."""
        legs = [c for c in case.channels.values() if c.kind(self.lines) is not LineKind.MACHINERY]
        there = any(c.gone_at is None and c.kind(self.lines) is LineKind.TRUNK for c in to.channels.values())
        return there and bool(legs) and all(c.originated and c.kind(self.lines) is LineKind.TRUNK for c in legs)

    def was_forgotten(self, uid: str) -> bool:
        return uid in self._forgotten
