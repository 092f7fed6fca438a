"""A queue and a mailbox of the practice exchange, as app_queue and app_voicemail tell of them."""

from collections.abc import Sequence

from pbx.playing.devices import Member
from pbx.playing.stream import Channel, ChannelState, channel_headers, dial_headers
from pbx.playing.switch import Operator

MAILBOX = "200@default"


class QueueCall:
    """One caller's wait in a queue; seconds are of the story's clock."""

    def __init__(self, operator: Operator, caller: Channel, queue: str) -> None:
        self._operator = operator
        self._caller = caller
        self._queue = queue
        self._since = operator.now()
        self._joined_at = self._since

    def waits(self) -> None:
        """The queue picks up by itself and plays music."""
        operator, caller = self._operator, self._caller
        caller.running("Answer", "")
        operator.goes_up(caller)
        operator.tell_devices(caller)
        operator.starts(caller, "Queue", f"{self._queue},tTkK,,,20", 4)
        self._tell_waiting(True)
        self._say("QueueCallerJoin", ("Queue", self._queue), ("Position", "1"), ("Count", "1"))
        self._say("MusicOnHoldStart", ("Class", "default"), privilege="call")

    def calls(self, extensions: Sequence[str]) -> list[Channel]:
        """Every member's phone rings at once."""
        operator, caller = self._operator, self._caller
        phones = []
        for extension in extensions:
            phone = operator.calls_phone(caller, extension, "AppQueue")
            operator.say("AgentCalled", dial_headers(caller, phone, *self._member(phone)), "agent")
            operator.say("DialBegin", dial_headers(caller, phone, ("DialString", f"PJSIP/{extension}")))
            phone.state = ChannelState.RINGING
            operator.say("Newstate", channel_headers(phone))
            operator.say("NewConnectedLine", channel_headers(phone))
            operator.tell_devices(phone)
            phones.append(phone)
        for phone in reversed(phones):
            operator.say("DialState", dial_headers(caller, phone, ("DialStatus", "RINGING")))
        return phones

    def connects(self, phone: Channel, others: Sequence[Channel]) -> None:
        """A member picks up. The others' DialEnd comes twice: once from the dial, once from the queue."""
        operator, caller = self._operator, self._caller
        operator.goes_up(phone)
        operator.ends_dial(caller, phone, "ANSWER")
        self._cancels(others)
        caller.connected_number, caller.connected_name = phone.number, phone.caller_name
        operator.say("NewConnectedLine", channel_headers(caller))
        self._cancels(others)
        self._say("MusicOnHoldStop", privilege="call")
        for other in others:
            operator.goes(other, 26)
        operator.tell_devices(phone)
        self._leaves()
        rang = int(operator.now() - self._since)
        self._tell_agent("AgentConnect", phone, ("HoldTime", str(rang)), ("RingTime", str(rang)))
        self._joined_at = operator.now()

    def completes(self, phone: Channel, by_caller: bool) -> None:
        held = str(int(self._joined_at - self._since))
        talked = str(int(self._operator.now() - self._joined_at))
        reason = ("Reason", "caller" if by_caller else "agent")
        self._tell_agent("AgentComplete", phone, ("HoldTime", held), ("TalkTime", talked), reason)

    def gives_up(self, phones: Sequence[Channel], *, timed_out: bool) -> None:
        """Nobody took the caller. `QueueCallerAbandon` comes also when the queue's own time runs out."""
        operator, caller = self._operator, self._caller
        if timed_out:
            for phone in phones:
                waited = ("RingTime", str(round((operator.now() - self._since) * 1000)))
                self._tell_agent("AgentRingNoAnswer", phone, waited)
            for phone in phones:
                operator.ends_dial(caller, phone, "NOANSWER")
        self._cancels(phones)
        self._say("MusicOnHoldStop", privilege="call")
        waited = ("HoldTime", str(int(operator.now() - self._since)))
        self._say("QueueCallerAbandon", ("Queue", self._queue), ("Position", "1"), ("OriginalPosition", "1"), waited)
        self._leaves()
        for phone in phones:
            operator.goes(phone, 0)

    def _leaves(self) -> None:
        self._say("QueueCallerLeave", ("Queue", self._queue), ("Position", "1"), ("Count", "0"))
        self._tell_waiting(False)

    def _cancels(self, phones: Sequence[Channel]) -> None:
        for phone in phones:
            self._operator.ends_dial(self._caller, phone, "CANCEL")

    def _tell_waiting(self, waiting: bool) -> None:
        for event in self._operator.board.devices.queue_waiting(self._queue, waiting, self._operator.now()):
            self._operator.board.say(event)

    def _say(self, name: str, *more: tuple[str, str], privilege: str = "agent") -> None:
        self._operator.say(name, [*channel_headers(self._caller), *more], privilege)

    def _tell_agent(self, name: str, phone: Channel, *more: tuple[str, str]) -> None:
        self._operator.say(name, dial_headers(self._caller, phone, *self._member(phone), *more), "agent")

    def _member(self, phone: Channel) -> list[tuple[str, str]]:
        member = Member(self._queue, phone.number)
        return [("Queue", self._queue), ("Interface", member.interface), ("MemberName", member.name)]


def mailbox_takes(operator: Operator, caller: Channel) -> None:
    """The mailbox picks up and plays its greeting."""
    operator.cel(caller, "APP_END")
    caller.at("after-queue", "s", 2)
    operator.starts(caller, "VoiceMail", f"{MAILBOX},u")
    if caller.state is not ChannelState.UP:
        operator.goes_up(caller)


def message_left(operator: Operator, caller: Channel) -> None:
    """Without CEL and Cdr the only sign of voicemail: `MessageWaiting` with the caller's channel."""
    counts = [("Mailbox", MAILBOX), ("Waiting", "1"), ("New", "1"), ("Old", "0")]
    operator.say("MessageWaiting", [*channel_headers(caller), *counts])
