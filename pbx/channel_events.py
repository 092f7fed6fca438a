"""What happened to the channels of an exchange, whatever its make: the words between dialects and the tracker.

Times (`at`) are epoch seconds, or seconds on any one clock in replay. `uid` is the channel's unique id, `channel` its
name, `linkedid` the id the exchange links it by at that moment; all three may be empty where the exchange did not say.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChannelEvent:
    at: float


@dataclass(frozen=True, slots=True)
class OnChannel(ChannelEvent):
    """Something that happened to one channel."""

    uid: str
    channel: str
    linkedid: str


@dataclass(frozen=True, slots=True)
class ChannelBorn(OnChannel):
    """A channel exists. `came_in` is True if somebody called us on it, False if the exchange dials out on it."""

    exten: str
    caller_number: str
    caller_name: str
    came_in: bool


@dataclass(frozen=True, slots=True)
class ChannelCameIn(OnChannel):
    """Somebody calls us on it: some drivers (chan_sip) say so only after the channel's birth."""


@dataclass(frozen=True, slots=True)
class ChannelRang(OnChannel):
    """The far end rings, or sends its own ring-back tone. `number` is the caller's as the exchange shows it now."""

    number: str = ""


@dataclass(frozen=True, slots=True)
class ChannelUp(OnChannel):
    """The channel was answered: by a person, or by the exchange itself (menu, queue, voicemail)."""

    number: str = ""


@dataclass(frozen=True, slots=True)
class ChannelRenamed(OnChannel):
    new_name: str


@dataclass(frozen=True, slots=True)
class HangupAsked(OnChannel):
    """The far end of this channel hung up (as opposed to the exchange clearing it)."""


@dataclass(frozen=True, slots=True)
class ChannelGone(OnChannel):
    """The channel is no more. `cause` is the Q.850 cause, 0 if not told."""

    cause: int


@dataclass(frozen=True, slots=True)
class DialBegan(OnChannel):
    """`uid` is being dialled. `caller_uid` is empty when nobody dials: the leg was originated."""

    caller_uid: str
    caller_channel: str
    caller_linkedid: str
    dial_string: str
    ringing: bool


@dataclass(frozen=True, slots=True)
class DialEnded(OnChannel):
    """`status` is Asterisk's DIALSTATUS: ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL."""

    caller_uid: str
    caller_channel: str
    caller_linkedid: str
    status: str


@dataclass(frozen=True, slots=True)
class BridgeJoined(OnChannel):
    """`waiting` bridges (parking) join nobody; `conference` bridges may hold strangers; `swap_uid` gives its place up."""

    bridge: str
    waiting: bool = False
    conference: bool = False
    swap_uid: str = ""


@dataclass(frozen=True, slots=True)
class BridgeLeft(OnChannel):
    bridge: str
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Held(OnChannel):
    """This channel put the other side on hold."""


@dataclass(frozen=True, slots=True)
class Unheld(OnChannel):
    """May come without an earlier `Held` (before a REFER)."""


@dataclass(frozen=True, slots=True)
class MusicBegan(OnChannel):
    """Music on hold plays to this channel."""


@dataclass(frozen=True, slots=True)
class MusicEnded(OnChannel):
    pass


@dataclass(frozen=True, slots=True)
class LocalPaired(OnChannel):
    """The two halves of a Local channel know each other; `uid` is the first one."""

    other_uid: str
    other_channel: str
    other_linkedid: str


@dataclass(frozen=True, slots=True)
class BlindTransferred(OnChannel):
    """`uid` sent its other side to `to`."""

    transferee_uid: str
    transferee_linkedid: str
    to: str


@dataclass(frozen=True, slots=True)
class AttendedTransferred(OnChannel):
    """`uid` joined its first line's other side with the one consulted on `second_uid` (the same channel by DTMF).

    `linkedids` are all that the event names: they belong to one call now.
    """

    second_uid: str
    second_exten: str
    target_uid: str
    linkedids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallParked(OnChannel):
    """`parker` is the device the call comes back to, e.g. `PJSIP/101`."""

    parker: str


@dataclass(frozen=True, slots=True)
class ParkedSeen(OnChannel):
    """The exchange listed it among the parked: the bridge it is in joins nobody."""


@dataclass(frozen=True, slots=True)
class CallUnparked(OnChannel):
    retriever_uid: str
    retriever_channel: str
    retriever_linkedid: str


@dataclass(frozen=True, slots=True)
class CallPickedUp(OnChannel):
    """`uid` took the call that rang on `target_uid`."""

    target_uid: str
    target_channel: str
    target_linkedid: str


@dataclass(frozen=True, slots=True)
class OriginateAnswered(OnChannel):
    """The exchange's answer to an originate: only the agent's side. `to` is the extension his leg was sent to."""

    to: str


@dataclass(frozen=True, slots=True)
class QueueJoined(OnChannel):
    queue: str


@dataclass(frozen=True, slots=True)
class QueueLeft(OnChannel):
    queue: str


@dataclass(frozen=True, slots=True)
class QueueAbandoned(OnChannel):
    """The caller left the queue unanswered: he hung up, or the queue's time ran out and the call goes on."""

    queue: str


@dataclass(frozen=True, slots=True)
class MemberKnown(ChannelEvent):
    """A queue's member: its interfaces (`PJSIP/101`, `Local/101@agents/n`) are people's phones."""

    interfaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApplicationBegan(OnChannel):
    """A dialplan application runs on the channel. `dnid` is the number dialled from outside, where told."""

    application: str
    arguments: str
    dnid: str = ""


@dataclass(frozen=True, slots=True)
class RecordingBegan(OnChannel):
    """Paths as the exchange announced them, mix first, then the two sides. Hostile text: trust no path."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoicemailLeft(OnChannel):
    """The caller on this channel left a message."""


@dataclass(frozen=True, slots=True)
class ContactLost(ChannelEvent):
    """Nothing is known of the exchange from `at` until the next event."""


@dataclass(frozen=True, slots=True)
class ContactMade(ChannelEvent):
    """The exchange said something, whatever it was: it is heard at `at`."""


@dataclass(frozen=True, slots=True)
class SnapshotBegan(ChannelEvent):
    """The exchange begins to list every channel that is up."""


@dataclass(frozen=True, slots=True)
class ChannelSeen(OnChannel):
    """A channel of the snapshot. `age` is seconds since its birth; `bridge` is empty outside bridges."""

    age: float
    exten: str
    dnid: str
    caller_number: str
    caller_name: str
    bridge: str
    up: bool
    ringing: bool
    application: str


@dataclass(frozen=True, slots=True)
class SnapshotEnded(ChannelEvent):
    """`listed` is how many channels the exchange says it told, None if it did not say."""

    listed: int | None


@dataclass(frozen=True, slots=True)
class GapFilled(ChannelEvent):
    """What was missed from `since` (the time of a `ContactLost`) has been told from the exchange's records."""

    since: float
