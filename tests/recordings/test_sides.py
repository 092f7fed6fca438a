"""Which files are one conversation, and who is on which."""

import pytest

from crm_core.calls.events import Direction
from recordings.sides import Conversation, conversations, recorded_customer, sibling_names

INBOUND, OUTBOUND, INTERNAL = Direction.INBOUND, Direction.OUTBOUND, Direction.INTERNAL


@pytest.mark.parametrize(
    ("first", "second"), [("-in", "-out"), ("_rx", "_tx"), (".r", ".t"), ("-rx", "-tx"), ("-read", "-write")]
)
def test_received_and_sent_join_their_mix(first: str, second: str) -> None:
    mix, one, other = "1795304636.0.wav", f"1795304636.0{first}.wav", f"1795304636.0{second}.wav"

    assert conversations([mix, one, other]) == [Conversation(mix, mix, one, other)]
    assert conversations([other, one, mix]) == [Conversation(mix, mix, one, other)]


def test_names_may_say_who_is_heard() -> None:
    names = ["x.wav", "x-customer.wav", "x-manager.wav"]

    assert conversations(names) == [Conversation("x.wav", *names, names_say_who=True)]


def test_two_sides_need_no_mix() -> None:
    assert conversations(["x-in.wav", "x-out.wav"]) == [Conversation("x.wav", None, "x-in.wav", "x-out.wav")]


def test_an_outbound_calls_name_is_no_side() -> None:
    assert conversations(["7916-out.wav"]) == [Conversation("7916-out.wav", "7916-out.wav")]
    assert conversations(["101-in.wav", "102-out.wav"]) == [
        Conversation("101-in.wav", "101-in.wav"),
        Conversation("102-out.wav", "102-out.wav"),
    ]


def test_a_side_whose_other_half_is_lost_is_heard_on_the_mix() -> None:
    assert conversations(["x.wav", "x-rx.wav"]) == [Conversation("x.wav", "x.wav")]


def test_a_transfer_leaves_two_conversations() -> None:
    names = ["in-1.wav", "in-1-rx.wav", "in-1-tx.wav", "int-102-1.wav"]

    assert [(one.name, one.first) for one in conversations(names)] == [("in-1.wav", "in-1-rx.wav"), ("int-102-1.wav", None)]


def test_endings_of_the_sites_own_are_told_by_their_order() -> None:
    names = ["x.wav", "x-anna.wav", "x-boris.wav", "y.wav"]

    assert conversations(names) == [Conversation("x.wav", "x.wav", "x-anna.wav", "x-boris.wav"), Conversation("y.wav", "y.wav")]


def test_one_conversation_in_two_formats_is_one() -> None:
    assert conversations(["x.wav", "x.mp3"]) == [Conversation("x.wav", "x.wav")]


def test_siblings_keep_the_ending() -> None:
    assert ("1.0-in.WAV", "1.0-out.WAV") in list(sibling_names("1.0.WAV"))


@pytest.mark.parametrize(
    ("name", "direction", "linkedids", "customer"),
    [
        ("in-7495-7916-1795304636.0.wav", INBOUND, ["1795304636.0"], True),  # the line that rang
        ("out-7916-101-1795304636.0.wav", OUTBOUND, ["1795304636.0"], False),  # the phone that dialled
        ("1795304637.1.wav", OUTBOUND, ["1795304636.0"], True),  # our own dialplan: the line that answered
        ("c2c-7916-101-hub-1234567.wav", OUTBOUND, ["hub-1234567"], False),  # click-to-call: the agent's leg
        ("1795304637.1.wav", INBOUND, ["1795304636.0"], False),  # the phone that answered
        ("int-101-102-1795304640.3.wav", INBOUND, ["1795304636.0", "1795304640.3"], False),  # a consultation
        ("1795304636.0.wav", INTERNAL, ["1795304636.0"], True),  # the caller stands for the customer
        ("20261122-014356-7916.wav", INBOUND, ["1795304636.0"], True),
        ("20261122-014356-7916.wav", OUTBOUND, ["1795304636.0"], False),
        ("x.wav", INBOUND, [], True),
    ],
)
def test_the_recorded_channel_is_told_by_its_id(name: str, direction: Direction, linkedids: list[str], customer: bool) -> None:
    assert recorded_customer(name, direction, linkedids) is customer
