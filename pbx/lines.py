"""Whose line a channel is: a person's phone, a trunk to the outside, or the exchange's own machinery."""

import re
from collections.abc import Iterable
from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache

from crm_core.exchanges.learned_lines import LONGEST, MOST, Learned

_SUFFIX = re.compile(r"-[0-9a-f]{4,8}(?:;[12])?(?:<[A-Z]+>)*$")
_PHONE_NAME = re.compile(r"[0-9]{2,6}(?:-[A-Za-z]+)?")
_MACHINERY = frozenset(
    ["local", "cbann", "cbrec", "announcer", "recorder", "message", "bridge", "surrogate", "unicastrtp", "multicastrtp"]
)
_MOST_TOLD = 20_000


class LineKind(Enum):
    PHONE = "phone"
    TRUNK = "trunk"
    MACHINERY = "machinery"  # Local halves, conference announcers: joins others, is nobody


class LineRule:
    """Sorts channels by name: the globs of the settings first, then what the exchange told, else the naming rule.

    `trunks` and `extensions` are globs on channel names (`PJSIP/trunk-*`). Trunks alone: all else is a phone, and the
    other way round; with both, what fits neither is asked further, as everything is with neither: a queue's member is a
    phone, and so is what is called by 2–6 digits (and letters after a dash). With `learned`, what was known before, hints
    and endpoints count as well; without it only what the contract lets `firstring replay` go by. `usual_trunks`: globs of
    what is a trunk wherever this make of exchange is used; the settings' globs count before it.
    """

    def __init__(
        self, trunks: Iterable[str] = (), extensions: Iterable[str] = (), learned: Learned | None = None,
        usual_trunks: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self._trunks = tuple(trunks)
        self._usual_trunks = tuple(usual_trunks)
        self._extensions = tuple(extensions)
        self._told = Told(learned or Learned())
        self._members_only = learned is None
        self._agents: set[str] = set()  # whom `Local/anna@agents/n` names: a phone called so is hers
        self.learned = 0
        self._sorted: dict[str, LineKind] = {}
        self._sorted_at = 0  # how much was learned when they were sorted

    def learn_member(self, interface: str) -> None:
        """A queue's member is a person: `PJSIP/anna`, or the extension in `Local/anna@agents/n`."""
        self.learned += self._told.members.add(interface)
        technology, _, rest = interface.partition("/")
        agent = rest.partition("@")[0]
        if technology.lower() == "local" and not agent.isdigit() and agent not in self._agents and len(self._agents) < _MOST_TOLD:
            self._agents.add(agent)
            self.learned += 1

    def learn(self, phones: Iterable[str] = (), trunks: Iterable[str] = (), registering: Iterable[str] = ()) -> None:
        """What the exchange says of its lines; see `channel_events.LineKnown`."""
        if not self._members_only:
            self.learned += self._told.add(phones, trunks, registering)

    def known(self) -> Learned:
        """All that the exchange told of its lines so far, to be known from the beginning next time."""
        sorts = {line: self._told.kind_of(line) for line in self._told.lines()}
        return Learned(_kept(sorts, LineKind.PHONE), _kept(sorts, LineKind.TRUNK))

    def kind_of(self, channel: str) -> LineKind:
        return self.kind_of_line(channel, *split_name(channel))

    def kind_of_line(self, channel: str, technology: str, name: str) -> LineKind:
        """As `kind_of`, of a channel whose name is split already."""
        if technology.lower() in _MACHINERY or not name:
            return LineKind.MACHINERY
        if self._trunks or self._extensions:
            whole = channel.removeprefix("AsyncGoto/")
            if _fits(whole, self._trunks):
                return LineKind.TRUNK
            if _fits(whole, self._extensions):
                return LineKind.PHONE
            if bool(self._trunks) != bool(self._extensions):
                return LineKind.PHONE if self._trunks else LineKind.TRUNK
        return self._by_what_is_known(channel, technology, name)

    def _by_what_is_known(self, channel: str, technology: str, name: str) -> LineKind:
        """The lines of an exchange are few, its channels many: each line is sorted once, until something is learned."""
        if self._sorted_at != self.learned or len(self._sorted) >= _MOST_TOLD:
            self._sorted, self._sorted_at = {}, self.learned
        line = f"{technology}/{name}"
        kind = self._sorted.get(line)
        if kind is None:
            usual = LineKind.TRUNK if _fits(channel.removeprefix("AsyncGoto/"), self._usual_trunks) else None
            agent = LineKind.PHONE if name in self._agents else None
            kind = self._sorted[line] = usual or self._told.kind_of(line) or agent or _by_name(name)
        return kind


class Told:
    """What the exchange told of its lines, and what it had told before (`learned`)."""

    def __init__(self, learned: Learned) -> None:
        self.members, self._hinted, self._trunks, self._registering = Lines(), Lines(), Lines(), Lines()
        self._phones_before, self._trunks_before = Lines(learned.phones), Lines(learned.trunks)
        self._numbered = False

    def add(self, phones: Iterable[str], trunks: Iterable[str], registering: Iterable[str]) -> int:
        """How many of them are news."""
        registering = list(registering)
        self._numbered = self._numbered or any(_PHONE_NAME.fullmatch(line.partition("/")[2]) for line in registering)
        told = ((self._hinted, phones), (self._trunks, trunks), (self._registering, registering))
        return sum([lines.add(line) for lines, names in told for line in names])

    def kind_of(self, line: str) -> LineKind | None:
        """The strongest word counts; None if there is none.

        What registers with the exchange is a phone, save where the phones are called by digits: there a name of letters
        may be a gateway, and the naming rule stays.
        """
        if line in self.members:
            return LineKind.PHONE
        if line in self._trunks:
            return LineKind.TRUNK
        if line in self._hinted:
            return LineKind.PHONE
        if line in self._registering:
            return None if self._numbered else LineKind.PHONE
        if line in self._phones_before:
            return LineKind.PHONE
        return LineKind.TRUNK if line in self._trunks_before else None

    def lines(self) -> set[str]:
        every = (self.members, self._hinted, self._trunks, self._registering, self._phones_before, self._trunks_before)
        return {line for lines in every for line in lines.names()}


class Lines:
    """Names of lines; the technology's capitals do not count, as they do not for the exchange."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names: dict[str, str] = {}
        for name in names:
            self.add(name)

    def add(self, line: str) -> bool:
        """Whether that is news; what no channel can be called is not."""
        technology, _, name = line.partition("/")
        usable = technology and name and technology.lower() not in _MACHINERY and len(line) <= LONGEST and line.isprintable()
        if not usable or line in self or len(self._names) >= _MOST_TOLD:
            return False
        self._names[f"{technology.lower()}/{name}"] = line
        return True

    def __contains__(self, line: str) -> bool:
        technology, _, name = line.partition("/")
        return f"{technology.lower()}/{name}" in self._names

    def names(self) -> Iterable[str]:
        return self._names.values()


def _kept(sorts: dict[str, LineKind | None], kind: LineKind) -> tuple[str, ...]:
    """If there are too many, those that the naming rule would sort as well are left out first."""
    lines = sorted(line for line in sorts if sorts[line] is kind)
    lines.sort(key=lambda line: _by_name(line.partition("/")[2]) is kind)
    return tuple(sorted(lines[:MOST]))


def _by_name(name: str) -> LineKind:
    return LineKind.PHONE if _PHONE_NAME.fullmatch(name) else LineKind.TRUNK


def _fits(channel: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(channel, glob) for glob in globs)


def split_name(channel: str) -> tuple[str, str]:
    """Technology and endpoint: `PJSIP/beeline-msk-0000007e` → (`PJSIP`, `beeline-msk`)."""
    technology, _, rest = channel.removeprefix("AsyncGoto/").partition("/")
    return technology, _SUFFIX.sub("", rest)


@lru_cache(maxsize=4096)
def extension_of(endpoint: str, number: str) -> str:
    """The person behind a phone: `101-web` is 101's second phone, unless it calls itself `101-web`."""
    if number != endpoint and _PHONE_NAME.fullmatch(endpoint):
        return endpoint.partition("-")[0]
    return endpoint
