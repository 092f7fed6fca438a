"""One call in the making: its channels, and what was told of it as a whole. Facts only; `story.py` reads them."""

from dataclasses import dataclass

from msgspec import Struct

from crm_core.calls.events import Call, TransferKind
from pbx.channel_events import OnChannel
from pbx.channels import Channel


@dataclass(frozen=True, slots=True)
class TransferTold:
    """A transfer as the exchange told it; who got the call in the end is derived from the bridges."""

    at: float
    kind: TransferKind
    uid: str  # the transferer's channel; for parking the one who picked up
    by: str  # the transferer's channel name, or the parker's device
    other_uid: str = ""  # the second line of an attended transfer, the parked channel
    target_uid: str = ""
    to: str = ""
    stranger: str = ""  # the number of another call's customer, whom this one was joined with


class Marks(Struct, frozen=True, gc=False):
    """What is to be read in a case at all: most calls know no queue, no hold and no gap."""

    over: bool
    queued: list[Channel]
    recorded: list[Channel]
    held: bool  # somebody, or kept in a bridge that only waits
    vanished: bool


class Case:
    """A set of linkedids that turned out to be one call."""

    __slots__ = (
        "absorbed",
        "again",
        "channels",
        "gaps",
        "guests",
        "had_gap",
        "joinings",
        "linkedids",
        "live",
        "notes",
        "pickups",
        "records",
        "retrieved",
        "summarised",
        "told",
        "transfers",
    )

    def __init__(self, linkedid: str, at: float, *, again: bool = False) -> None:
        self.again = int(at) if again else None  # tells it from an earlier call with the same id
        self.linkedids: dict[str, float] = {linkedid: at}
        self.channels: dict[str, Channel] = {}
        self.guests: dict[str, Channel] = {}  # telephones of other calls that met this one's customer
        self.transfers: set[TransferTold] = set()
        self.retrieved: dict[str, str] = {}
        self.pickups: set[tuple[float, str, str]] = set()  # at, who took the call, and from which ringing channel
        self.joinings: list[tuple[OnChannel, tuple[str, ...]]] = []  # why which linkedids are this call's too
        self.told: Call | None = None
        self.absorbed: list[str] = []
        self.gaps: set[float] = set()
        self.had_gap = False
        self.live = False
        self.notes = 0  # how often it waits in the tracker's list of finished cases
        self.records = False
        self.summarised = False  # of a part of it only a summary is known

    def absorb(self, other: "Case") -> None:
        """The other's facts are this one's from now on."""
        for linkedid, at in other.linkedids.items():
            self.know(linkedid, at)
        self.channels |= other.channels
        self.guests = {uid: c for uid, c in (self.guests | other.guests).items() if uid not in self.channels}
        self.transfers |= other.transfers
        self.retrieved |= other.retrieved
        self.pickups |= other.pickups
        self.joinings += other.joinings
        self.absorbed += other.absorbed
        if other.told is not None:
            self.absorbed.append(other.told.key)
        self.gaps |= other.gaps
        self.had_gap |= other.had_gap
        self.live |= other.live
        self.records |= other.records
        self.summarised |= other.summarised

    @property
    def over(self) -> bool:
        return None not in [channel.gone_at for channel in self.channels.values()]

    def marks(self) -> Marks:
        """One look at the channels, however many questions follow."""
        queued: list[Channel] = []
        recorded: list[Channel] = []
        over, held, vanished = True, False, False
        for c in self.channels.values():
            over = over and c.gone_at is not None
            vanished = vanished or c.vanished
            held = held or bool(c.holds or c.music or c.waiting_bridges)
            if c.queues:
                queued.append(c)
            if c.recordings:
                recorded.append(c)
        return Marks(over, queued, recorded, held, vanished)

    def know(self, linkedid: str, at: float) -> None:
        """This linkedid is the call's too; the earliest time it was seen orders the keys."""
        self.linkedids[linkedid] = min(at, self.linkedids.get(linkedid, at))

    @property
    def age(self) -> tuple[float, str]:
        """The older of two cases is the smaller: it keeps its id when they join."""
        return min((at, linkedid) for linkedid, at in self.linkedids.items())

    def keys(self) -> tuple[str, ...]:
        """The linkedids, the oldest first: that one is the call's key."""
        found = list(self.linkedids)
        if len(found) > 1:
            found.sort(key=lambda key: (self.linkedids[key], key))
        return tuple(found if self.again is None else (f"{key}~{self.again}" for key in found))
