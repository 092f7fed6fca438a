"""Whose line a channel is: a person's phone, a trunk to the outside, or the exchange's own machinery."""

import re
from collections.abc import Iterable
from enum import Enum
from fnmatch import fnmatchcase

_SUFFIX = re.compile(r"-[0-9a-f]{4,8}(?:;[12])?(?:<[A-Z]+>)*$")
_PHONE_NAME = re.compile(r"[0-9]{2,6}(?:-[A-Za-z]+)?")
_MACHINERY = frozenset(
    ["local", "cbann", "cbrec", "announcer", "recorder", "message", "bridge", "surrogate", "unicastrtp", "multicastrtp"]
)


class LineKind(Enum):
    PHONE = "phone"
    TRUNK = "trunk"
    MACHINERY = "machinery"  # Local halves, conference announcers: joins others, is nobody


class LineRule:
    """Sorts channels by name: globs first, else the naming rule and the queue members the exchange told.

    `trunks` and `extensions` are globs on channel names (`PJSIP/trunk-*`). Trunks alone: all else is a phone, and the
    other way round; with both, what fits neither follows the naming rule, as everything does with neither: a phone is
    called by 2–6 digits (and letters after a dash), or is a queue's member.
    """

    def __init__(self, trunks: Iterable[str] = (), extensions: Iterable[str] = ()) -> None:
        self._trunks = tuple(trunks)
        self._extensions = tuple(extensions)
        self._members: set[str] = set()
        self._interfaces: set[str] = set()
        self.learned = 0

    def learn_member(self, interface: str) -> None:
        """A queue's member is a person: `PJSIP/anna`, or the extension in `Local/anna@agents/n`."""
        if interface in self._interfaces or len(self._interfaces) > 100_000:
            return
        self._interfaces.add(interface)
        technology, _, rest = interface.partition("/")
        if technology and rest and technology.lower() not in _MACHINERY:
            self._members.add(f"{technology.lower()}/{rest}")
            self.learned += 1

    def kind_of(self, channel: str) -> LineKind:
        technology, name = split_name(channel)
        if technology.lower() in _MACHINERY or not name:
            return LineKind.MACHINERY
        whole = channel.removeprefix("AsyncGoto/")
        if _fits(whole, self._trunks):
            return LineKind.TRUNK
        if _fits(whole, self._extensions):
            return LineKind.PHONE
        if bool(self._trunks) != bool(self._extensions):
            return LineKind.PHONE if self._trunks else LineKind.TRUNK
        return self._by_name(technology, name)

    def _by_name(self, technology: str, name: str) -> LineKind:
        member = f"{technology.lower()}/{name}" in self._members
        return LineKind.PHONE if member or _PHONE_NAME.fullmatch(name) else LineKind.TRUNK


def _fits(channel: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(channel, glob) for glob in globs)


def split_name(channel: str) -> tuple[str, str]:
    """Technology and endpoint: `PJSIP/beeline-msk-0000007e` → (`PJSIP`, `beeline-msk`)."""
    technology, _, rest = channel.removeprefix("AsyncGoto/").partition("/")
    return technology, _SUFFIX.sub("", rest)


def extension_of(endpoint: str, number: str) -> str:
    """The person behind a phone: `101-web` is 101's second phone, unless it calls itself `101-web`."""
    if number != endpoint and _PHONE_NAME.fullmatch(endpoint):
        return endpoint.partition("-")[0]
    return endpoint
