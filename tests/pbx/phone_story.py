"""Tells the tracker what an exchange would, in one line a happening. Times are seconds; names give the line away."""

from typing import Self

from crm_core.calls.events import Call, CallEvent
from pbx import channel_events as told
from pbx.call_tracker import CallTracker
from pbx.channel_events import ChannelEvent
from pbx.lines import LineRule

CUSTOMER = "79161112233"


class PhoneStory:
    """`story.at(1).rings("b", "101")`: each verb is one or two events at that second."""

    def __init__(self, tracker: CallTracker | None = None) -> None:
        self.tracker = tracker or CallTracker("default", LineRule(), "RU")
        self.told: list[CallEvent] = []
        self._second = 0.0
        self._names: dict[str, tuple[str, str]] = {}

    def at(self, second: float) -> Self:
        self._second = second
        return self

    def tell(self, event: ChannelEvent) -> Self:
        self.told += self.tracker.feed(event)
        return self

    def arrives(self, uid: str, did: str = "74951112245", number: str = CUSTOMER, line: str = "trunk") -> Self:
        return self._born(uid, line, uid, did, number, came_in=True)

    def calls(self, uid: str, extension: str, to: str) -> Self:
        return self._born(uid, extension, uid, to, extension, came_in=True)

    def rings(self, uid: str, line: str, by: str, linkedid: str = "", dials: str = "") -> Self:
        self._born(uid, line, linkedid or self._names[by][1], "s", line, came_in=False)
        self.tell(told.DialBegan(*self._on(uid), by, *self._names[by], dials or line, ringing=False))
        return self.tell(told.ChannelRang(*self._on(uid)))

    def originates(self, uid: str, extension: str) -> Self:
        self._born(uid, extension, uid, "s", extension, came_in=False)
        return self.tell(told.DialBegan(*self._on(uid), "", "", "", extension, ringing=True))

    def answers(self, uid: str, by: str, bridge: str) -> Self:
        self.tell(told.ChannelUp(*self._on(uid)))
        self.tell(told.DialEnded(*self._on(uid), by, *self._names[by], "ANSWER"))
        return self.joins(uid, bridge).joins(by, bridge)

    def ends_ringing(self, uid: str, by: str, status: str, cause: int = 0) -> Self:
        self.tell(told.DialEnded(*self._on(uid), by, *self._names[by], status))
        return self.tell(told.ChannelGone(*self._on(uid), cause))

    def joins(self, uid: str, bridge: str, *, conference: bool = False) -> Self:
        return self.tell(told.BridgeJoined(*self._on(uid), bridge, conference=conference))

    def leaves(self, uid: str, bridge: str) -> Self:
        return self.tell(told.BridgeLeft(*self._on(uid), bridge))

    def hangs_up(self, *uids: str) -> Self:
        self.tell(told.HangupAsked(*self._on(uids[0])))
        for uid in uids:
            self.tell(told.ChannelGone(*self._on(uid), 16))
        return self

    def loses_contact(self) -> Self:
        return self.tell(told.ContactLost(self._second))

    def snapshot(self, *seen: told.ChannelSeen, listed: int | None = None) -> Self:
        self.tell(told.SnapshotBegan(self._second))
        for channel in seen:
            self.tell(channel)
        return self.tell(told.SnapshotEnded(self._second, len(seen) if listed is None else listed))

    def seen(self, uid: str, line: str = "", linkedid: str = "", **facts: object) -> told.ChannelSeen:
        if uid not in self._names:
            self._names[uid] = (f"PJSIP/{line}-0000{len(self._names):04x}", linkedid or uid)
        usual = {
            "age": 5.0, "exten": "", "dnid": "", "caller_number": "", "caller_name": "", "bridge": "",
            "up": True, "ringing": False, "application": "",
        }  # fmt: skip
        return told.ChannelSeen(*self._on(uid), **{**usual, **facts})  # type: ignore[arg-type]

    def calls_told(self) -> list[Call]:
        return self.tracker.all_calls()

    def the_call(self) -> Call:
        (call,) = self.calls_told()
        return call

    def names_told(self) -> list[str]:
        return [type(change).__name__ for change in self.told]

    def _born(self, uid: str, line: str, linkedid: str, exten: str, number: str, *, came_in: bool) -> Self:
        self._names[uid] = (f"PJSIP/{line}-0000{len(self._names):04x}", linkedid)
        return self.tell(told.ChannelBorn(*self._on(uid), exten, number, "", came_in))

    def _on(self, uid: str) -> tuple[float, str, str, str]:
        return (self._second, uid, *self._names[uid])
