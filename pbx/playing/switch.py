"""The practice exchange's switch: what an operator does to lines, told in the order in which Asterisk 22 tells it."""

import uuid
from collections.abc import Callable, Sequence
from itertools import count

from pbx.playing.devices import PEOPLE, TRUNK, Devices
from pbx.playing.stream import (
    Bridge,
    Channel,
    ChannelState,
    Headers,
    Told,
    bridge_headers,
    cause_headers,
    cdr_headers,
    cel_headers,
    channel_headers,
    dial_headers,
    told,
)

OUTBOUND_NUMBER = "74951112233"


class Switchboard:
    """Everything that is up on the exchange; each event goes to `say` at once."""

    def __init__(self, say: Callable[[Told], None], started: float, *, channel_variables: bool = False) -> None:
        self.say = say
        self.channel_variables = channel_variables
        self.channels: dict[str, Channel] = {}
        self.devices = Devices(self.channels.values, started)
        self._ids = count()
        self._names = count()

    def plug(self, device: str, state: ChannelState, number: str, name: str, context: str, exten: str,
             at: float, linkedid: str | None = None, uniqueid: str | None = None) -> Channel:  # fmt: skip
        """A new line; without `linkedid` it is the first of its call. `uniqueid`: as an Originate may wish it."""
        uniqueid = uniqueid or f"{int(at)}.{next(self._ids)}"
        channel = Channel(f"{device}-{next(self._names):08x}", uniqueid, linkedid or uniqueid, state, number, name,
                          context, exten, at)  # fmt: skip
        if self.channel_variables:
            channel.variables = ("MIXMONITOR_FILENAME=",)
        self.channels[uniqueid] = channel
        return channel

    def name_of(self, extension: str) -> str:
        return PEOPLE.get(extension, "")

    def unplug(self, channel: Channel) -> None:
        self.channels.pop(channel.uniqueid, None)


class Operator:
    """Does one call at the switchboard. `now` gives the story's time in epoch seconds."""

    def __init__(self, board: Switchboard, now: Callable[[], float]) -> None:
        self.board = board
        self.now = now
        self._due: list[Told] = []  # device states: Asterisk tells them from a thread of their own, a little later
        self._records: list[tuple[Channel, Channel, str]] = []

    # ---- what every call begins with ----------------------------------------------------------------------------

    def arrives(self, device: str, number: str, name: str, context: str, exten: str) -> Channel:
        """The first line of a call, waiting in the dialplan."""
        caller = self.board.plug(device, ChannelState.RING, number, name, context, exten, self.now())
        self._born(caller)
        caller.ani, caller.dnid = number, exten
        return caller

    def starts(self, channel: Channel, application: str, data: str, priority: int = 2) -> None:
        channel.running(application, data)
        channel.priority = priority
        self.cel(channel, "APP_START")

    def monitors(self, channel: Channel, data: str, announced: str) -> None:
        """MixMonitor in a Gosub of its own. The event names no file; CEL does, and `channelvars` from the next event on."""
        before = (channel.context, channel.exten, channel.priority, channel.application, channel.data)
        channel.at("rec", "s", 3)
        channel.running("MixMonitor", data)
        self.cel(channel, "APP_START")
        self.say("MixMonitorStart", channel_headers(channel))
        if self.board.channel_variables:
            channel.variables = (f"MIXMONITOR_FILENAME={announced}",)
        self.cel(channel, "APP_END")
        channel.at(*before[:3])
        channel.running(*before[3:])

    # ---- ringing ------------------------------------------------------------------------------------------------

    def calls_phone(self, caller: Channel, extension: str, application: str = "AppDial") -> Channel:
        """A line to a colleague's phone, not ringing yet."""
        phone = self.board.plug(f"PJSIP/{extension}", ChannelState.DOWN, extension, self.board.name_of(extension),
                                "from-internal", "s", self.now(), caller.linkedid)  # fmt: skip
        self._born(phone)
        phone.ani = extension
        phone.running(application, "(Outgoing Line)")
        phone.connected_number, phone.connected_name = caller.number, caller.caller_name
        phone.exten = caller.exten
        return phone

    def dials(self, caller: Channel, extensions: Sequence[str], *, busy: bool = False) -> list[Channel]:
        """`Dial` of one or several phones at once; a busy one gets no further than the try."""
        phones = []
        for extension in extensions:
            phone = self.calls_phone(caller, extension)
            self.say("NewConnectedLine", channel_headers(phone))
            phones.append(phone)
        for phone, extension in zip(phones, extensions, strict=True):
            if not busy:
                self._rings(phone)
                self._tell_due(2)
            self.say("DialBegin", dial_headers(caller, phone, ("DialString", extension)))
            self._tell_due(1)
        if len(phones) == 1:
            self._connects(caller, phones[0])
        if not busy:
            self._progress(caller, phones)
        return phones

    def dials_out(self, caller: Channel, number: str, *, busy: bool = False) -> Channel:
        """`Dial` of a number outside, under the company's own number."""
        caller.number, caller.caller_name = OUTBOUND_NUMBER, ""
        self._new_number(caller)
        self.starts(caller, "Dial", f"PJSIP/{number}@trunk,30,tTkK", 3)
        line = self.board.plug(TRUNK, ChannelState.DOWN, "", "", "from-trunk", "s", self.now(), caller.linkedid)
        self._born(line)
        line.number, line.connected_number, line.exten = number, OUTBOUND_NUMBER, number
        line.running("AppDial", "(Outgoing Line)")
        self._new_number(line)
        self.say("NewConnectedLine", channel_headers(line))
        self.say("DialBegin", dial_headers(caller, line, ("DialString", f"{number}@trunk")))
        self._connects(caller, line)
        if not busy:
            self._rings(line)
            self._due += self.board.devices.changes(caller.device, self.now())
            self._tell_due(1)
            self._progress(caller, [line])
        return line

    # ---- being joined -------------------------------------------------------------------------------------------

    def answers(self, caller: Channel, phone: Channel, others: Sequence[Channel] = ()) -> None:
        """`phone` picks up; the others stop ringing."""
        self.goes_up(phone, tell=False)
        if caller.state is not ChannelState.UP:
            self.cel(caller, "ANSWER")
        self.say("Newstate", channel_headers(phone))
        if others:
            self._connects(caller, phone)
        for other in others:
            self.ends_dial(caller, other, "CANCEL")
        phone.exten = ""
        self.ends_dial(caller, phone, "ANSWER")
        if caller.state is not ChannelState.UP:
            self.goes_up(caller, cel=False)
        for other in others:
            self.goes(other, 26)
        self.tell_devices(phone)

    def goes_up(self, channel: Channel, *, tell: bool = True, cel: bool = True) -> None:
        if cel:
            self.cel(channel, "ANSWER")
        channel.state = ChannelState.UP
        channel.answered_at = self.now()
        if tell:
            self.say("Newstate", channel_headers(channel))

    def joins(self, caller: Channel, phone: Channel) -> None:
        """Both into a new bridge: they talk from here."""
        bridge = Bridge(str(uuid.uuid4()))
        self.say("BridgeCreate", bridge_headers(bridge))
        self._enters(bridge, phone)
        self.say("BridgeEnter", [*bridge_headers(bridge), *channel_headers(phone)])
        self._cel_bridge(phone, "BRIDGE_ENTER", bridge, "")
        self._enters(bridge, caller)
        self._cel_bridge(caller, "BRIDGE_ENTER", bridge, phone.name)
        self.say("BridgeEnter", [*bridge_headers(bridge), *channel_headers(caller)])

    def parts(self, caller: Channel, phone: Channel) -> None:
        bridge = phone.bridge
        if bridge is None:
            return
        self._cel_bridge(caller, "BRIDGE_EXIT", bridge, phone.name)
        for channel in (caller, phone):
            bridge.members.remove(channel)
            channel.bridge = None
            self.say("BridgeLeave", [*bridge_headers(bridge), *channel_headers(channel)])
        self.say("BridgeDestroy", bridge_headers(bridge))
        self._cel_bridge(phone, "BRIDGE_EXIT", bridge, "")

    # ---- the end ------------------------------------------------------------------------------------------------

    def ends_dial(self, caller: Channel, phone: Channel, status: str) -> None:
        self.say("DialEnd", dial_headers(caller, phone, ("DialStatus", status)))
        disposition = {"ANSWER": "ANSWERED", "BUSY": "BUSY"}.get(status, "NO ANSWER")
        if not any(known is phone for _, known, _ in self._records):
            self._records.append((caller, phone, disposition))

    def asks_to_hang_up(self, channel: Channel, cause: int | None = 16) -> None:
        headers = channel_headers(channel)
        self.say("HangupRequest", headers if cause is None else [*headers, ("Cause", str(cause))])

    def lets_go(self, channel: Channel) -> None:
        self.say("SoftHangupRequest", [*channel_headers(channel), ("Cause", "16")])

    def goes(self, channel: Channel, cause: int, records: bool = False) -> None:
        """A line that was dialled is gone; `records`: with it the exchange writes its own record of the call."""
        self._cel_hangup(channel, cause)
        self.board.unplug(channel)
        self.say("Hangup", [*channel_headers(channel), *cause_headers(cause)])
        self._due += self.board.devices.changes(channel.device, self.now())
        self._tell_due(1)
        if records:
            self._tells_records()
        self.cel(channel, "CHAN_END")
        self._tell_due()

    def ends(self, caller: Channel, cause: int) -> None:
        """The first line is gone, and with it the call."""
        self._tells_records()
        self.board.unplug(caller)
        self.say("Hangup", [*channel_headers(caller), *cause_headers(cause)])
        self.tell_devices(caller)
        self.cel(caller, "APP_END")
        caller.running("", "")
        self._cel_hangup(caller, cause)
        self.cel(caller, "CHAN_END")
        self.cel(caller, "LINKEDID_END")

    def drops(self, linkedid: str | None) -> None:
        """All lines of the call are gone without a word."""
        for channel in [channel for channel in self.board.channels.values() if channel.linkedid == linkedid]:
            self.board.unplug(channel)

    # ---- telling ------------------------------------------------------------------------------------------------

    def say(self, name: str, headers: Headers, privilege: str = "call") -> None:
        self.board.say(told(name, self.now(), headers, privilege))

    def cel(self, channel: Channel, name: str, extra: dict[str, object] | None = None, peer: str = "") -> None:
        self.say("CEL", cel_headers(channel, name, self.now(), extra, peer))

    def tell_devices(self, *channels: Channel) -> None:
        for channel in channels:
            self._due += self.board.devices.changes(channel.device, self.now())
        self._tell_due()

    def _born(self, channel: Channel) -> None:
        self.say("Newchannel", channel_headers(channel))
        self.cel(channel, "CHAN_START")

    def _rings(self, channel: Channel) -> None:
        channel.state = ChannelState.RINGING
        self.say("Newstate", channel_headers(channel))
        self._due += self.board.devices.changes(channel.device, self.now())
        self._due[-1:-1] = self.board.devices.changes(TRUNK, self.now())

    def _progress(self, caller: Channel, phones: Sequence[Channel]) -> None:
        for phone in reversed(phones):
            self.say("DialState", dial_headers(caller, phone, ("DialStatus", "RINGING")))
        self._tell_due()

    def _connects(self, caller: Channel, phone: Channel) -> None:
        caller.connected_number, caller.connected_name = phone.number, phone.caller_name
        self.say("NewConnectedLine", channel_headers(caller))

    def _new_number(self, channel: Channel) -> None:
        shown = ("CID-CallingPres", "0 (Presentation Allowed, Not Screened)")
        self.say("NewCallerid", [*channel_headers(channel), shown])

    def _enters(self, bridge: Bridge, channel: Channel) -> None:
        bridge.members.append(channel)
        channel.bridge = bridge

    def _cel_bridge(self, channel: Channel, name: str, bridge: Bridge, peer: str) -> None:
        self.cel(channel, name, {"bridge_id": bridge.uniqueid, "bridge_technology": "simple_bridge"}, peer)

    def _cel_hangup(self, channel: Channel, cause: int) -> None:
        self.cel(channel, "HANGUP", {"hangupcause": cause, "hangupsource": channel.name, "dialstatus": ""})

    def _tells_records(self) -> None:
        for caller, phone, disposition in self._records:
            self.say("Cdr", cdr_headers(caller, phone, self.now(), disposition), "cdr")
        self._records.clear()

    def _tell_due(self, most: int | None = None) -> None:
        telling, self._due = self._due[:most], [] if most is None else self._due[most:]
        for event in telling:
            self.board.say(event)
