"""Asterisk's events in our words: what a reader must not get wrong."""

import pytest

from pbx import channel_events as told
from pbx.ami.protocol import Message
from pbx.dialects.asterisk import AsteriskDialect
from pbx.dialects.asterisk_events import recorded_paths
from pbx.dialects.registry import dialects


def read(text: str, at: float = 5.0) -> tuple[told.ChannelEvent, ...]:
    return AsteriskDialect().read(Message(text.strip().replace("\n", "\r\n").encode()), at)


def test_every_dialect_of_the_folder_is_found() -> None:
    assert "asterisk" in dialects()
    assert all(name == dialect.name for name, dialect in dialects().items())


def test_the_events_own_timestamp_counts() -> None:
    hangup = "Event: Hangup\nPrivilege: call,all\nTimestamp: 1795304636.250000\nUniqueid: 1.1\nChannel: PJSIP/101-1"

    assert read(hangup)[0].at == 1795304636.25
    assert read(hangup.replace("1795304636.250000", "1e999"))[0].at == 5.0


def test_unknown_is_not_a_name() -> None:
    (born,) = read("Event: Newchannel\nChannel: PJSIP/t-1\nUniqueid: 1.1\nCallerIDNum: <unknown>\nCallerIDName: <unknown>")

    assert isinstance(born, told.ChannelBorn)
    assert (born.caller_number, born.caller_name) == ("", "")


@pytest.mark.parametrize(
    "line", ["Event: FullyBooted", "Response: Success\nMessage: Authentication accepted", "nonsense", "", "Event: VarSet"]
)
def test_what_says_nothing_of_calls_is_no_event(line: str) -> None:
    assert read(line) == ()


def test_recordings_are_told_by_channel_variables_on_any_event() -> None:
    events = read(
        "Event: Newstate\nChannel: PJSIP/t-1\nChannelState: 6\nUniqueid: 1.1\nLinkedid: 1.1\n"
        "ChanVariable: A=1\nChanVariable: MIXMONITOR_FILENAME=/rec/a b.wav"
    )

    assert [type(event) for event in events] == [told.RecordingBegan, told.ChannelUp]
    assert events[0].paths == ("/rec/a b.wav",)  # type: ignore[attr-defined]


def test_recordings_are_told_by_varset() -> None:
    (event,) = read(
        "Event: VarSet\nChannel: PJSIP/t-1\nUniqueid: 1.1\nLinkedid: 1.1\nVariable: MIXMONITOR_FILENAME\nValue: /rec/x.wav"
    )

    assert event == told.RecordingBegan(5.0, "1.1", "PJSIP/t-1", "1.1", ("/rec/x.wav",))


def test_side_files_are_told_too() -> None:
    assert recorded_paths("/m/x.wav,br(/m/x-rx.wav)t(/m/x-tx.wav)i(ID),cmd (r)") == (
        "/m/x.wav",
        "/m/x-rx.wav",
        "/m/x-tx.wav",
    )
    assert recorded_paths("x.wav") == ("x.wav",)
    assert recorded_paths("") == ()


def test_a_channel_on_which_somebody_calls_tells_his_number_when_it_rings() -> None:
    came_in = "Event: Newstate\nChannel: DAHDI/4-1\nUniqueid: 1.1\nLinkedid: 1.1\nChannelState: 4\nCallerIDNum: 79161112233"

    assert read(came_in) == (told.ChannelCameIn(5.0, "1.1", "DAHDI/4-1", "1.1", "79161112233"),)


def test_the_command_of_a_recording_names_no_file() -> None:
    assert recorded_paths("/m/a.wav,b,/usr/local/bin/post(1).sh") == ("/m/a.wav",)
    assert recorded_paths("/m/a.wav,,cut(x).sh,r(y)") == ("/m/a.wav",)
    assert recorded_paths("/m/a.wav,m(1@b,2@b)r(/m/x,y.wav),post(1).sh") == ("/m/a.wav", "/m/x,y.wav")


def test_a_failed_transfer_is_none() -> None:
    text = "Event: BlindTransfer\nResult: Not Permitted\nTransfererUniqueid: 1.1\nTransfererChannel: PJSIP/101-1"

    assert read(text) == ()


def test_a_member_is_news_once() -> None:
    dialect = AsteriskDialect()
    raw = b"Event: QueueMemberStatus\r\nQueue: q\r\nMemberName: A\r\nInterface: PJSIP/101\r\nMembership: static\r\nStatus: "

    assert len(dialect.read_raw(raw + b"6", 1.0)) == 1
    assert dialect.read_raw(raw + b"2", 2.0) == ()


def test_the_parked_of_a_list_are_not_parked_anew() -> None:
    parked = "Event: ParkedCall\nParkeeChannel: PJSIP/t-1\nParkeeUniqueid: 1.1\nParkeeLinkedid: 1.1\nParkerDialString: PJSIP/101"

    assert type(read(parked)[0]) is told.CallParked
    assert type(read(f"{parked}\nActionID: a1")[0]) is told.ParkedSeen


def test_who_waits_in_a_queue_has_waited_since() -> None:
    (joined,) = read("Event: QueueEntry\nQueue: sales\nChannel: PJSIP/t-1\nUniqueid: 1.1\nWait: 3\nPosition: 1", at=10.0)

    assert joined == told.QueueSeen(10.0, "1.1", "PJSIP/t-1", "", "sales", 7.0)
