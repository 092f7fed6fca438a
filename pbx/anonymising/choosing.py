"""Which messages of a session concern one call, and what else is needed for them to be understood."""

import re
from collections import Counter

from pbx.ami.protocol import Message
from pbx.anonymising.messages import named_bridges, named_uids
from pbx.dialects.asterisk import timestamp_of
from pbx.replay import Heard

_LISTED = re.compile(rb"\n(?:ListItems|Items): [0-9]+")
_BOOTED = re.compile(rb"\nCoreStartupDate: [^\r\n]*\r?\nCoreStartupTime: [^\r\n]*")
_BOOT = b"Response: Success\r\nCoreStartupDate: 2001-01-01\r\nCoreStartupTime: 00:00:%02d"


def chosen(session: list[Heard], ids: frozenset[str], bridges: frozenset[str], boots: dict[bytes, int]) -> list[Heard]:
    """In their order; with a sign of life at either end, so that it is known when the exchange was heard.

    `boots` numbers the exchange's restarts over all sessions: when it was started is replaced, that it was another time stays.
    """
    if not session:
        return []
    kept: list[Heard] = []
    listed: Counter[str] = Counter()
    for heard in session:
        message = Message(heard.raw)
        if named_uids(message) & ids or (named_bridges(message) & bridges and b"\nEvent" not in heard.raw):
            listed[message.first("ActionID") or ""] += 1
            kept.append(heard)
        elif b"\nEventList: " in heard.raw or (heard.raw.startswith(b"Response:") and b"will follow" in heard.raw):
            kept.append(_counted(heard, message, listed))
        elif booted := _BOOTED.search(heard.raw):
            kept.append(Heard(_BOOT % (boots.setdefault(booted[0], len(boots) + 1) % 60), heard.second))
    return [_pong(session, 0), *kept, _pong(session, -1)]


def _counted(heard: Heard, message: Message, listed: Counter[str]) -> Heard:
    """A list ends with the number of its items: of those that are kept."""
    action = message.first("ActionID") or ""
    items = b"%d" % listed[action]
    if not message.event:
        listed[action] = 0
    return Heard(_LISTED.sub(lambda found: found[0].split(b": ")[0] + b": " + items, heard.raw), heard.second)


def _pong(session: list[Heard], end: int) -> Heard:
    stamps = [stamp for heard in session if (stamp := timestamp_of(heard.raw)) is not None]
    told = f"\r\nTimestamp: {stamps[end]:.6f}".encode() if stamps else b""
    return Heard(b"Response: Success\r\nPing: Pong" + told, session[end].second)
