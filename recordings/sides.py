"""Which files belong to one conversation and who is heard on which. Pure: names in, names out.

MixMonitor writes the mix and, asked by `r()` and `t()`, a file of what the recorded channel sent (received from it) and
one of what it was sent (transmitted to it). The recorded channel's owner is heard on the received one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from crm_core.calls.events import Direction

# The ends of a pair's names: received first, or customer first.
RECEIVED_SENT = (("rx", "tx"), ("in", "out"), ("r", "t"), ("read", "write"))
CUSTOMER_MANAGER = (("customer", "manager"), ("client", "manager"), ("client", "agent"), ("customer", "agent"))
WORDS = tuple({word: None for pair in (*RECEIVED_SENT, *CUSTOMER_MANAGER) for word in pair})
SEPARATORS = "-_."

UNIQUEID = re.compile(r"(?<![0-9A-Za-z])(?<![0-9]\.)[0-9]{9,11}\.[0-9]+(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class Conversation:
    """Base names of one conversation's files. `first` is what the recorded channel sent, or the customer if `names_say_who`."""

    name: str
    mix: str | None
    first: str | None = None
    second: str | None = None
    names_say_who: bool = False


def conversations(names: Iterable[str]) -> list[Conversation]:
    """Files grouped: a mix with its two sides, two sides without a mix, anything else by itself.

    A name that only looks like a side (`…-out.wav` of an outbound call) is a mix unless its other half is there too.
    `names` in the order announced: mix, received, sent.
    """
    left = list(dict.fromkeys(names))
    groups: list[Conversation] = []
    for pair in _pairs(left):
        files = {pair.mix or pair.first, pair.first, pair.second}
        if files.issubset(left):
            groups.append(pair)
            left = [name for name in left if name not in files and _stem(name) != _stem(pair.name)]
    stems = {_stem(name) for name in left} | {_stem(group.name) for group in groups}
    alone = [name for name in left if not (half := _half(name)) or half[0] not in stems]
    by_stem = {_stem(name): name for name in reversed(alone)}  # x.wav and x.mp3 are one conversation: the first one
    return groups + [Conversation(name, name) for name in alone if by_stem[_stem(name)] == name]


def sibling_names(mix: str) -> Iterator[tuple[str, str]]:
    """The names that the two sides of this mix may have beside it."""
    stem, ending = _split(mix)
    for first, second in (*RECEIVED_SENT, *CUSTOMER_MANAGER):
        for separator in SEPARATORS:
            yield f"{stem}{separator}{first}{ending}", f"{stem}{separator}{second}{ending}"


def recorded_customer(name: str, direction: Direction, linkedids: Sequence[str]) -> bool:
    """Whether the recorded channel was the customer's (in an internal call: the caller's, who stands for the customer).

    The name mostly holds the recorded channel's uniqueid. The call's first channel has the linkedid for its uniqueid: the
    line of an inbound call, the phone of an outbound one. Another id is the other end: our own dialplan records the answered
    line. A later linkedid began with a colleague's consultation. Without an id: the channel that began the call.
    """
    customer_began = direction is not Direction.OUTBOUND
    if not linkedids or _holds(name, linkedids[0]):
        return customer_began
    if any(_holds(name, linkedid) for linkedid in linkedids[1:]):
        return False
    return not customer_began if UNIQUEID.search(name) else customer_began


def _pairs(names: Sequence[str]) -> Iterator[Conversation]:
    for name in names:
        for other, says_who in _other_halves(name):
            if other in names:
                stem, ending = (_half(name) or ("",))[0], _split(name)[1]
                mix = next((mix for mix in names if _stem(mix) == stem), None)
                yield Conversation(mix or stem + ending, mix, name, other, says_who)
    yield from _announced_in_order(names)


def _other_halves(name: str) -> Iterator[tuple[str, bool]]:
    """If the name may be the first of a pair: what the second is called, and whether such names say who is heard."""
    half = _half(name)
    if half is None:
        return
    stem, separator, word = half
    for pairs, says_who in ((RECEIVED_SENT, False), (CUSTOMER_MANAGER, True)):
        for first, second in pairs:
            if word == first:
                yield f"{stem}{separator}{second}{_split(name)[1]}", says_who


def _announced_in_order(names: Sequence[str]) -> Iterator[Conversation]:
    """Sides with endings of the site's own: `x.wav`, `x-anna.wav`, `x-boris.wav`, told one after another."""
    for mix, first, second in zip(names, names[1:], names[2:], strict=False):
        begins = tuple(_stem(mix) + separator for separator in SEPARATORS)
        if first.startswith(begins) and second.startswith(begins) and not (_half(first) and _half(second)):
            yield Conversation(mix, mix, first, second)


def _half(name: str) -> tuple[str, str, str] | None:
    """Stem, separator and word of a name that may be one side's."""
    stem = _stem(name)
    for word in WORDS:
        if stem.endswith(word) and len(stem) > len(word) + 1 and stem[-len(word) - 1] in SEPARATORS:
            return stem[: -len(word) - 1], stem[-len(word) - 1], word
    return None


def _holds(name: str, token: str) -> bool:
    return re.search(rf"(?<![0-9A-Za-z])(?<![0-9]\.){re.escape(token)}(?![0-9A-Za-z]|\.[0-9])", name) is not None


def _stem(name: str) -> str:
    return _split(name)[0]


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem else (name, "")
