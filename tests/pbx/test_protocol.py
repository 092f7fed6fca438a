"""The AMI codec: any split of the bytes, hostile headers, oversized messages."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.ami.headers import HeaderReader
from pbx.ami.protocol import Message, MessageReader, UnsafeHeader, challenge_key, encode_action, message_name
from tests.pbx.capture_variants import CAPTURES

GREETING = b"Asterisk Call Manager/11.0.0\r\n"


def test_messages_come_whole() -> None:
    reader = MessageReader()

    messages = reader.feed(GREETING + b"Response: Success\r\nActionID: 1\r\n\r\nEvent: Hangup\r\nUniqueid: 1.2\r\n\r\nEv")

    assert reader.greeting == "Asterisk Call Manager/11.0.0"
    assert [message.event for message in messages] == [None, "Hangup"]
    assert messages[0].first("Response") == "Success"
    assert reader.pending == 2


def test_an_event_may_end_with_a_bare_line_feed() -> None:
    raw = b"Event: A\r\nX: 1\r\n\nEvent: B\r\nX: 2\r\n\n\r\nEvent: C\r\nX: 3\r\n\r\n"

    assert [m.event for m in MessageReader().feed(raw)] == ["A", "B", "C"]


@given(st.data())
def test_any_split_of_the_bytes_gives_the_same_messages(data: st.DataObject) -> None:
    raw = (CAPTURES / "hold.ami").read_bytes()[:6000] + b"\r\n\r\nEvent: Last\r\nX: 1\r\n\nEvent: More\r\n\r\n"
    whole = MessageReader().feed_raw(raw)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=40)))

    reader = MessageReader()
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]

    assert [m for piece in pieces for m in reader.feed_raw(piece)] == whole


def test_byte_by_byte_is_as_good_as_at_once() -> None:
    raw = (CAPTURES / "inbound_busy.ami").read_bytes()
    reader = MessageReader()

    assert [m for i in range(len(raw)) for m in reader.feed_raw(raw[i : i + 1])] == MessageReader().feed_raw(raw)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_no_bytes_raise(pieces: list[bytes]) -> None:
    reader = MessageReader(max_message=100)

    for piece in pieces:
        for message in reader.feed(piece):
            assert isinstance(message.event, str | None)
            assert len(message.raw) <= 100


def test_an_oversized_message_is_dropped_and_counted_and_the_next_one_read() -> None:
    reader = MessageReader(max_message=1000)
    monster = b"Event: Big\r\nX: " + b"x" * 5000

    assert reader.feed(b"Event: A\r\n\r\n" + monster[:2000])[0].event == "A"
    assert reader.feed(monster[2000:] + b"\r") == []
    assert [m.event for m in reader.feed(b"\n\r\nEvent: B\r\n\r\n")] == ["B"]
    assert reader.oversized == 1


def test_an_oversized_message_that_comes_at_once_is_dropped_too() -> None:
    reader = MessageReader(max_message=1000)

    found = reader.feed(b"Event: A\r\n\r\nX: " + b"x" * 5000 + b"\r\n\r\nEvent: B\r\n\r\n")

    assert [m.event for m in found] == ["A", "B"]
    assert reader.oversized == 1


def test_a_long_response_costs_little_more_than_in_proportion() -> None:
    def cost(lines: int) -> float:
        raw = b"Response: Success\r\n" + b"Output: " + b"x" * 90 + b"\r\n"
        raw = raw + (b"Output: " + b"x" * 90 + b"\r\n") * lines + b"\r\n"
        best = float("inf")
        for _ in range(5):
            reader, began = MessageReader(), time.process_time()
            for i in range(0, len(raw), 16_384):
                reader.feed_raw(raw[i : i + 16_384])
            best = min(best, (time.process_time() - began) / len(raw))
        return best

    assert cost(20_000) <= 3 * cost(2_000)


def test_the_first_of_a_repeated_header_wins_and_the_others_stay_readable() -> None:
    message = Message(b"Event: X\r\nUniqueid: 1.1\r\nChanVariable: A=1\r\nChanVariable: B=2\r\nUniqueid: evil")

    assert message.first("Uniqueid") == "1.1"
    assert message.every("ChanVariable") == ["A=1", "B=2"]
    assert HeaderReader("Uniqueid").read(message.raw) == ("", ("1.1",), ())


def test_learned_layouts_never_skip_a_header_that_was_not_there_before() -> None:
    reader = HeaderReader("Channel Swap")
    plain = b"Event: X\r\nChannel: a\r\nOther: 1"

    assert values(reader, plain) == ("a", "")
    assert values(reader, b"Event: X\r\nChannel: b\r\nOther: 1\r\nSwap: c") == ("b", "c")
    assert values(reader, b"Event: X\r\nChannel: first\r\nChannel: second") == ("first", "")
    assert values(reader, b"Event: X\r\nOther: 1\r\nChannel: d") == ("d", "")
    assert values(reader, plain) == ("a", "")


def test_what_is_unknown_is_not_there() -> None:
    raw = b"Event: X\r\nNumber: <unknown>\r\nName: <unknown> caller\r\nChannel: <unknown>"

    assert values(HeaderReader("Number Name Channel"), raw) == ("", "<unknown> caller", "<unknown>")


def test_a_channel_variable_is_read_wherever_it_stands() -> None:
    reader = HeaderReader("Channel", "FILE")
    raw = b"Channel: a\r\nChanVariable: X=1\r\nChanVariable: FILE=/a b=c\r\nDestChanVariable(PJSIP/%d-1): FILE=/d"

    assert [path for path in reader.read(raw % 101)[2] if path] == ["/a b=c", "/d"]
    assert [path for path in reader.read(raw % 102)[2] if path] == ["/a b=c", "/d"]
    assert len(reader._layouts) == 1


def test_only_cr_lf_ends_a_line() -> None:
    raw = b"Event: X\r\nCallerIDName: a\nUniqueid: evil\r\nUniqueid: 1.1"

    assert values(HeaderReader("Uniqueid CallerIDName"), raw) == ("1.1", "a\nUniqueid: evil")


def values(reader: HeaderReader, raw: bytes) -> tuple[str, ...]:
    """The wanted headers; read slowly and read fast they are the same."""
    slowly, fast = reader.read(raw), reader.read(raw)
    assert (slowly[:2], list(filter(None, slowly[2]))) == (fast[:2], list(filter(None, fast[2])))
    return fast[1]


_LINES = st.one_of(
    st.builds("{}: {}".format, st.sampled_from(["A", "B", "C", "D"]), st.text("xyz: <unkow>\t\n", max_size=9)),
    st.builds("ChanVariable{}: {}={}".format, st.sampled_from(["", "(x)"]), st.sampled_from("VW"), st.text("v=", max_size=3)),
    st.sampled_from(["A:", "C:<unknown>", "no colon", ": nameless", "D: \r", "A: <unknown>"]),
)  # fmt: skip


@given(st.lists(_LINES, max_size=8))
def test_the_fast_reading_is_the_slow_reading(lines: list[str]) -> None:
    raw = "\r\n".join(lines).encode()
    reader = HeaderReader("A C", "V")

    assert values(reader, raw) == (_known(lines, "A"), _known(lines, "C"))


def _known(lines: list[str], name: str) -> str:
    found = (line.partition(":")[2] for line in lines if line.partition(":")[0] == name)
    value = next(found, "").removeprefix(" ")
    return "" if value == "<unknown>" else value


def test_names_are_found_wherever_they_stand() -> None:
    assert message_name(b"Event: Hangup\r\nX: 1") == b"Hangup"
    assert message_name(b"Privilege: call,all\r\nEvent: Hangup") == b"Hangup"
    assert message_name(b"Response: Success") == b"Success"
    assert message_name(b"nonsense") == b""


def test_broken_encodings_become_readable_text() -> None:
    message = Message(b"Event: X\r\nCallerIDName: \xff\xfe\xd0\x98\xed\xa0\x80")

    name = message.first("CallerIDName") or ""

    assert "И" in name
    assert name.encode("utf-8")


def test_an_action_is_one_action() -> None:
    assert encode_action("Ping", [("ActionID", "a1")]) == b"Action: Ping\r\nActionID: a1\r\n\r\n"


@pytest.mark.parametrize("bad", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b"])
def test_line_breaks_are_refused_in_values_and_names(bad: str) -> None:
    with pytest.raises(UnsafeHeader):
        encode_action("Ping", [("X", bad)])
    with pytest.raises(UnsafeHeader):
        encode_action("Ping", [(bad, "x")])
    with pytest.raises(UnsafeHeader):
        encode_action(bad)


def test_the_challenge_is_answered_by_md5() -> None:
    assert challenge_key("840415273", "secret") == "81c3ab5534a432bec402f6d988ee45b4"
