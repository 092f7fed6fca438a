"""A stranger's parser (PyPI asterisk-ami) and ours read the captures alike, save the differences listed here."""

import re

import pytest
from asterisk.ami.event import Event as TheirEvent
from asterisk.ami.response import Response as TheirResponse

from pbx.ami.protocol import Message, MessageReader
from tests.pbx.capture_variants import CAPTURES

FILES = sorted(CAPTURES.glob("*.ami"))

# 1. Their reader cuts at every empty line made of \r\n twice, as ours does, but never at the \r\n\n that also occurs.
# 2. A repeated header: theirs keeps the last value, ours the first (`Message.every` has them all); in every capture that
#    is at most an event whose values are the same. Channel variables become a mapping there and stay lines here.
# 3. str.splitlines() breaks a value at U+2028, form feed and the like, which then loses its tail; ours keep it.
# 4. A header without a space after its colon, or whose line is the first of a response, is stripped by theirs.
_THEIR_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")


def their_packs(raw: bytes) -> list[str]:
    text = raw.decode("utf-8", "replace").partition("\r\n")[2]  # they read the greeting apart
    return [pack for pack in text.split("\r\n\r\n") if pack.strip()]


def first_values(message: Message) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in message.headers():
        found.setdefault(name, value)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_events_are_read_alike(file) -> None:
    raw = file.read_bytes()
    ours = MessageReader().feed(raw)
    theirs = their_packs(raw)

    assert len(ours) == len(theirs)
    for message, pack in zip(ours, theirs, strict=True):
        if not TheirEvent.match(pack) or _THEIR_LINE_ENDS.search(pack):
            continue
        their = TheirEvent.read(pack)
        mine = first_values(message)
        assert mine.pop("Event") == their.name
        assert {k: v.strip() for k, v in mine.items() if len(message.every(k)) == 1} == {
            k: v.strip() for k, v in their.keys.items() if len(message.every(k)) == 1
        }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_responses_are_read_alike(file) -> None:
    raw = file.read_bytes()
    for message, pack in zip(MessageReader().feed(raw), their_packs(raw), strict=True):
        if not TheirResponse.match(pack):
            continue
        their = TheirResponse.read(pack)
        mine = first_values(message)
        assert mine.pop("Response") == their.status
        assert mine == their.keys


def test_a_later_duplicate_does_not_overwrite_an_identity_with_us() -> None:
    pack = "Event: Newchannel\r\nUniqueid: 1.1\r\nUniqueid: 6.6"

    assert Message(pack.encode()).first("Uniqueid") == "1.1"
    assert TheirEvent.read(pack).keys["Uniqueid"] == "6.6"


def test_a_bare_line_feed_ends_an_event_with_us_only() -> None:
    raw = b"Event: A\r\nX: 1\r\n\nEvent: B\r\nX: 2\r\n\r\n"

    assert len(MessageReader().feed(raw)) == 2
    assert len([pack for pack in raw.decode().split("\r\n\r\n") if pack.strip()]) == 1
