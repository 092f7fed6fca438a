"""What the CEL says of each call: read cheaply first, then derived by the code that listens where that is not enough.

The first reading follows the channel that began a call: since when it stood in a bridge with another one. Rows of calls that this
settles are let go at once; a day of a busy office would not fit into memory.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from crm_core.calls.events import Call, CallEvent, CallState, Outcome
from crm_core.exchanges.config import ExchangeConfig
from crm_core.trust.told import Told, Witness
from pbx.call_tracker import CallTracker
from pbx.dialects.registry import dialects
from pbx.lines import LineRule
from pbx.records.cel import CelReader, Row

JOINING = {"ATTENDEDTRANSFER": "channel2_uniqueid", "PICKUP": "pickup_channel_uniqueid", "PARK_END": "retriever"}
"""Rows that say that two linkedids are one call, and where the other channel stands in `extra`."""

Settles = Callable[[Told], bool]


@dataclass(slots=True)
class _Group:
    """One linkedid. `began`: None where its first channel was born before what is read."""

    linkedid: str
    began: float | None = None
    ended: float | None = None
    up: set[str] = field(default_factory=set)
    talk: float = 0.0
    answered_at: float | None = None
    together_since: float | None = None
    parties: dict[str, None] = field(default_factory=dict)
    audio: dict[str, None] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    joined: bool = False
    settled: bool = False

    def told(self) -> Told:
        return Told(
            witness=Witness.CEL, linkedids=frozenset([self.linkedid]), began=self.began or 0.0, ended=self.ended,
            answered=self.answered_at is not None, answered_at=self.answered_at, talk=self.talk,
            parties=tuple(self.parties), audio=tuple(self.audio),
        )  # fmt: skip


class CelTelling:
    """Takes the rows in the order of time, slice by slice. `aliases`: the uniqueid of each channel → its linkedid."""

    def __init__(self, settles: Settles) -> None:
        self.aliases: dict[str, str] = {}
        self._settles = settles
        self._groups: dict[str, _Group] = {}
        self._names: dict[str, str] = {}
        self._in: dict[str, dict[str, None]] = {}  # who stands in each bridge
        self._fresh: list[_Group] = []  # over since the last slice

    def take(self, rows: Iterable[Row]) -> None:
        """One slice; then what it settled is let go."""
        for row in rows:
            group = self._group(row)
            group.rows.append(row)
            if read := _READERS.get(row.type):
                read(self, group, row)
        self._let_go()

    def told(self, exchange: ExchangeConfig) -> list[Told]:
        """Of each call whose beginning was read: settled ones as they were read, the others as they are derived."""
        groups = list(self._groups.values())
        rows = [row for group in groups for row in group.rows]
        derived = [told_by(call) for call in derive(exchange, rows)]
        whole = {group.linkedid for group in groups if group.began is not None}
        return [group.told() for group in groups if group.settled] + [told for told in derived if told.linkedids <= whole]

    def rows_of(self, linkedids: frozenset[str]) -> list[Row]:
        """The records of calls that were not settled."""
        return [row for linkedid in linkedids if linkedid in self._groups for row in self._groups[linkedid].rows]

    # ---- one row ------------------------------------------------------------------------------------------------

    def _group(self, row: Row) -> _Group:
        group = self._groups.get(row.linkedid)
        if group is None:
            group = self._groups[row.linkedid] = _Group(row.linkedid)
        before = self.aliases.get(row.uid)
        if before is not None and before != row.linkedid:
            self._move(row, self._groups.get(before), group)
        return group

    def _move(self, row: Row, before: _Group | None, group: _Group) -> None:
        """A channel may change its linkedid in mid-life: attended transfers and pickups do that."""
        self.aliases[row.uid] = row.linkedid
        group.joined = True
        if before is not None and row.uid in before.up:
            before.joined = True
            group.up.add(row.uid)
            self._gone(before, row)

    def born(self, group: _Group, row: Row) -> None:
        self.aliases[row.uid] = row.linkedid
        self._names[row.channel] = row.uid
        group.up.add(row.uid)
        group.ended = None
        if row.uid == row.linkedid:
            group.began = row.at
        for name in (row.number, row.exten):
            if name and name != "s":
                group.parties[name] = None

    def joined(self, group: _Group, row: Row) -> None:
        if row.extra.get("bridge_technology") == "holding_bridge":
            return
        members = self._in.setdefault(str(row.extra.get("bridge_id", "")), {})
        members[row.uid] = None
        self._weigh(members, row.at)

    def left(self, group: _Group, row: Row) -> None:
        bridge = str(row.extra.get("bridge_id", ""))
        members = self._in.get(bridge, {})
        if row.uid in members:
            self._stop(row.uid, row.at)
            del members[row.uid]
            self._weigh(members, row.at)
        if not members:
            self._in.pop(bridge, None)

    def _weigh(self, members: dict[str, None], at: float) -> None:
        """Whether those who began their calls are with somebody in this bridge now."""
        for uid in members:
            group = self._groups.get(uid)  # whoever began a call has its linkedid for uniqueid
            if group is None:
                continue
            if len(members) < 2:
                self._stop(uid, at)
            elif group.together_since is None:
                group.together_since = at
                group.answered_at = at if group.answered_at is None else group.answered_at

    def _stop(self, uid: str, at: float) -> None:
        group = self._groups.get(uid)
        if group is not None and group.together_since is not None:
            group.talk += at - group.together_since
            group.together_since = None

    def application(self, group: _Group, row: Row) -> None:
        if row.application.lower() == "mixmonitor":
            group.audio[PurePosixPath(row.arguments.partition(",")[0]).name] = None

    def ended(self, group: _Group, row: Row) -> None:
        self._stop(row.uid, row.at)
        self._names.pop(row.channel, None)
        self._gone(group, row)

    def _gone(self, group: _Group, row: Row) -> None:
        group.up.discard(row.uid)
        if not group.up:
            group.ended = row.at
            self._fresh.append(group)

    def belonging(self, group: _Group, row: Row) -> None:
        named = str(row.extra.get(JOINING[row.type], ""))
        other = self._groups.get(self.aliases.get(self._names.get(named, named), ""))
        group.joined = True
        if other is not None:
            other.joined = True

    def _let_go(self) -> None:
        for group in self._fresh:
            if group.ended is not None and group.began is not None and not group.joined and self._settles(group.told()):
                group.settled = True
                group.rows = []
        self._fresh = []


_READERS: dict[str, Callable[[CelTelling, _Group, Row], None]] = {
    "CHAN_START": CelTelling.born,
    "BRIDGE_ENTER": CelTelling.joined,
    "BRIDGE_EXIT": CelTelling.left,
    "APP_START": CelTelling.application,
    "CHAN_END": CelTelling.ended,
    **dict.fromkeys(JOINING, CelTelling.belonging),
}


def derive(exchange: ExchangeConfig, rows: Iterable[Row]) -> list[Call]:
    """The calls that these records tell of, as the listener would tell them had it nothing else."""
    return _tracked(exchange, rows)[0].all_calls()


def told_of(exchange: ExchangeConfig, rows: Iterable[Row]) -> list[CallEvent]:
    """The same as events, for intake."""
    return _tracked(exchange, rows)[1]


def _tracked(exchange: ExchangeConfig, rows: Iterable[Row]) -> tuple[CallTracker, list[CallEvent]]:
    habits = dialects()[exchange.dialect].habits
    lines = LineRule(exchange.trunks, exchange.extensions, exchange.learned, habits.trunks)
    tracker = CallTracker(exchange.name, lines, exchange.region, remember=float("inf"))
    events = CelReader().events(sorted(rows, key=lambda row: row.at))
    return tracker, tracker.feed_all(events, from_records=True)


def told_by(call: Call) -> Told:
    over = call.state is CallState.ENDED
    parties = (call.caller, call.did or call.callee, *(talk.extension for talk in call.answered_by))
    return Told(
        witness=Witness.CEL, linkedids=frozenset(call.linkedids), began=call.started_at, ended=call.ended_at if over else None,
        answered=call.outcome is Outcome.ANSWERED, answered_at=call.answered_at, talk=call.talk_seconds,
        outcome=call.outcome.value if call.outcome else None, parties=tuple(dict.fromkeys(name for name in parties if name)),
        audio=tuple(PurePosixPath(path).name for path in call.recordings),
    )  # fmt: skip
