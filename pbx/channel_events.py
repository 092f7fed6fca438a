"""What happened to the channels of an exchange, whatever its make: the words between dialects and the tracker.

Times (`at`) are epoch seconds, or seconds on any one clock in replay. `uid` is the channel's unique id, `channel` its
name, `linkedid` the id the exchange links it by at that moment; all three may be empty where the exchange did not say.

Structs of msgspec rather than dataclasses: some twenty are made for each call, and a frozen dataclass takes eight times as long.
"""

from msgspec import Struct


class ChannelEvent(Struct, frozen=True, gc=False):
    at: float


class OnChannel(ChannelEvent, frozen=True, gc=False):
    """Something that happened to one channel."""

    uid: str
    channel: str
    linkedid: str


class ChannelBorn(OnChannel, frozen=True, gc=False):
    """A channel exists. `came_in` is True if somebody called us on it, False if the exchange dials out on it."""

    exten: str
    caller_number: str
    caller_name: str
    came_in: bool


class ChannelCameIn(OnChannel, frozen=True, gc=False):
    """Somebody calls us on it: some drivers (chan_sip) say so only after the channel's birth.

    `number` is the caller's by then: of an analogue line it is not known at the birth.
    """

    number: str = ""


class ChannelRang(OnChannel, frozen=True, gc=False):
    """The far end rings, or sends its own ring-back tone. `number` is the caller's as the exchange shows it now."""

    number: str = ""


class ChannelUp(OnChannel, frozen=True, gc=False):
    """The channel was answered: by a person, or by the exchange itself (menu, queue, voicemail)."""

    number: str = ""


class ChannelRenamed(OnChannel, frozen=True, gc=False):
    new_name: str


class HangupAsked(OnChannel, frozen=True, gc=False):
    """The far end of this channel hung up (as opposed to the exchange clearing it)."""


class ChannelGone(OnChannel, frozen=True, gc=False):
    """The channel is no more. `cause` is the Q.850 cause, 0 if not told."""

    cause: int


class DialBegan(OnChannel, frozen=True, gc=False):
    """`uid` is being dialled. `caller_uid` is empty when nobody dials: the leg was originated."""

    caller_uid: str
    caller_channel: str
    caller_linkedid: str
    dial_string: str
    ringing: bool


class DialEnded(OnChannel, frozen=True, gc=False):
    """`status` is Asterisk's DIALSTATUS: ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL."""

    caller_uid: str
    caller_channel: str
    caller_linkedid: str
    status: str


class BridgeJoined(OnChannel, frozen=True, gc=False):
    """`waiting` bridges (parking) join nobody; `conference` bridges may hold strangers; `swap_uid` gives its place up."""

    bridge: str
    waiting: bool = False
    conference: bool = False
    swap_uid: str = ""


class BridgeLeft(OnChannel, frozen=True, gc=False):
    bridge: str
    waiting: bool = False


class Held(OnChannel, frozen=True, gc=False):
    """This channel put the other side on hold."""


class Unheld(OnChannel, frozen=True, gc=False):
    """May come without an earlier `Held` (before a REFER)."""


class MusicBegan(OnChannel, frozen=True, gc=False):
    """Music on hold plays to this channel."""


class MusicEnded(OnChannel, frozen=True, gc=False):
    pass


class LocalPaired(OnChannel, frozen=True, gc=False):
    """The two halves of a Local channel know each other; `uid` is the first one."""

    other_uid: str
    other_channel: str
    other_linkedid: str


class BlindTransferred(OnChannel, frozen=True, gc=False):
    """`uid` sent its other side to `to`."""

    transferee_uid: str
    transferee_linkedid: str
    to: str


class AttendedTransferred(OnChannel, frozen=True, gc=False):
    """`uid` joined its first line's other side with the one consulted on `second_uid` (the same channel by DTMF).

    `linkedids` are all that the event names: they belong to one call now.
    """

    second_uid: str
    second_exten: str
    target_uid: str
    linkedids: tuple[str, ...]


class CallParked(OnChannel, frozen=True, gc=False):
    """`parker` is the device the call comes back to, e.g. `PJSIP/101`."""

    parker: str


class ParkedSeen(OnChannel, frozen=True, gc=False):
    """The exchange listed it among the parked: the bridge it is in joins nobody."""


class CallUnparked(OnChannel, frozen=True, gc=False):
    retriever_uid: str
    retriever_channel: str
    retriever_linkedid: str


class CallPickedUp(OnChannel, frozen=True, gc=False):
    """`uid` took the call that rang on `target_uid`."""

    target_uid: str
    target_channel: str
    target_linkedid: str


class Summarised(OnChannel, frozen=True, gc=False):
    """Of its call only a summary (CDR) is known: what happened between its channels may have been otherwise."""


class OriginateAnswered(OnChannel, frozen=True, gc=False):
    """The exchange's answer to an originate: only the agent's side. `to` is the extension his leg was sent to."""

    to: str


class QueueJoined(OnChannel, frozen=True, gc=False):
    queue: str


class QueueLeft(OnChannel, frozen=True, gc=False):
    queue: str


class QueueAbandoned(OnChannel, frozen=True, gc=False):
    """The caller left the queue unanswered: he hung up, or the queue's time ran out and the call goes on."""

    queue: str


class QueueSeen(OnChannel, frozen=True, gc=False):
    """The exchange listed it among those who wait in a queue, since the time told; `at` is when it was listed."""

    queue: str
    since: float


class MemberKnown(ChannelEvent, frozen=True, gc=False):
    """A queue's member: its interfaces (`PJSIP/101`, `Local/101@agents/n`) are people's phones."""

    interfaces: tuple[str, ...]


class LineKnown(ChannelEvent, frozen=True, gc=False):
    """What the exchange says its lines are, as names such as `PJSIP/anna`.

    `phones`: somebody's, by a hint. `registering`: it registers with the exchange: a phone, or a gateway to the outside.
    """

    phones: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    registering: tuple[str, ...] = ()


class ApplicationBegan(OnChannel, frozen=True, gc=False):
    """A dialplan application runs on the channel. `dnid` is the number dialled from outside, where told."""

    application: str
    arguments: str
    dnid: str = ""


class RecordingBegan(OnChannel, frozen=True, gc=False):
    """Paths as the exchange announced them, mix first, then the two sides. Hostile text: trust no path."""

    paths: tuple[str, ...]


class VoicemailLeft(OnChannel, frozen=True, gc=False):
    """The caller on this channel left a message."""


class ContactLost(ChannelEvent, frozen=True, gc=False):
    """Nothing is known of the exchange from `at` until the next event."""


class ContactMade(ChannelEvent, frozen=True, gc=False):
    """The exchange said something, whatever it was: it is heard at `at`."""


class ExchangeStarted(ChannelEvent, frozen=True, gc=False):
    """Since when the exchange runs, in its own words. Another word than before: it was restarted, and no older channel is up."""

    boot: str


class BridgeSeen(ChannelEvent, frozen=True, gc=False):
    """A bridge that is there now, told before the channels of a snapshot are; see `BridgeJoined`."""

    bridge: str
    waiting: bool
    conference: bool


class SnapshotBegan(ChannelEvent, frozen=True, gc=False):
    """The exchange begins to list every channel that is up."""


class ChannelSeen(OnChannel, frozen=True, gc=False):
    """A channel of the snapshot. `age` is seconds since its birth; `bridge` is empty outside bridges.

    `queue` is the one that led him into this bridge: who still waits in one is told by `QueueSeen`.
    """

    age: float
    exten: str
    dnid: str
    caller_number: str
    caller_name: str
    bridge: str
    up: bool
    ringing: bool
    application: str
    queue: str = ""


class SnapshotEnded(ChannelEvent, frozen=True, gc=False):
    """`listed` is how many channels the exchange says it told, None if it did not say."""

    listed: int | None


class GapFilled(ChannelEvent, frozen=True, gc=False):
    """What was missed from `since` (the time of a `ContactLost`) has been told from the exchange's records."""

    since: float
