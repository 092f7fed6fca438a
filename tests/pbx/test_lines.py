"""Phones and trunks: the settings first, then what the exchange told, then the naming rule."""

import pytest

from crm_core.exchanges.learned_lines import MOST, Learned
from pbx.channel_events import ChannelEvent, LineKnown
from pbx.dialects.asterisk import AsteriskDialect
from pbx.lines import LineKind, LineRule

PHONE, TRUNK = LineKind.PHONE, LineKind.TRUNK


def sorts(rule: LineRule, *names: str) -> list[LineKind]:
    return [rule.kind_of(f"{name}-0000007e") for name in names]


def read(block: str) -> tuple[ChannelEvent, ...]:
    return AsteriskDialect().read_raw(block.replace("\n", "\r\n").encode(), 10.0)


def test_a_hint_makes_a_phone_of_a_name_and_leaves_the_others_alone() -> None:
    rule = LineRule(learned=Learned())

    rule.learn(phones=["PJSIP/anna"])

    assert sorts(rule, "PJSIP/anna", "PJSIP/beeline", "PJSIP/101") == [PHONE, TRUNK, PHONE]


def test_settings_count_before_what_was_learned() -> None:
    rule = LineRule(["PJSIP/anna-*"], ["PJSIP/beeline-*"], Learned())

    rule.learn(phones=["PJSIP/anna", "PJSIP/boris"], trunks=["PJSIP/beeline"])

    assert sorts(rule, "PJSIP/anna", "PJSIP/beeline", "PJSIP/boris") == [TRUNK, PHONE, PHONE]


def test_a_lamp_for_a_trunk_does_not_make_it_a_phone() -> None:
    rule = LineRule(learned=Learned())

    rule.learn(phones=["PJSIP/beeline"])
    rule.learn(trunks=["PJSIP/beeline"])

    assert sorts(rule, "PJSIP/beeline") == [TRUNK]


def test_a_trunk_called_by_digits_is_a_trunk_once_that_is_told() -> None:
    rule = LineRule(learned=Learned())

    rule.learn(trunks=["PJSIP/5555"])

    assert sorts(rule, "PJSIP/5555", "SIP/5555") == [TRUNK, PHONE]


def test_names_that_register_are_phones_only_where_phones_are_not_called_by_digits() -> None:
    names, digits = LineRule(learned=Learned()), LineRule(learned=Learned())

    names.learn(registering=["PJSIP/anna", "PJSIP/boris"])
    digits.learn(registering=["PJSIP/gateway", "PJSIP/101"])

    assert sorts(names, "PJSIP/anna", "PJSIP/boris") == [PHONE, PHONE]
    assert sorts(digits, "PJSIP/gateway", "PJSIP/101") == [TRUNK, PHONE]


def test_what_was_learned_is_known_again_after_a_restart() -> None:
    before = LineRule(learned=Learned())
    before.learn(phones=["PJSIP/anna"], trunks=["PJSIP/5555"], registering=["PJSIP/101", "PJSIP/gateway"])
    before.learn_member("PJSIP/clara")

    kept = Learned.of_json(before.known().as_json())
    after = LineRule(learned=kept)

    assert kept == Learned(("PJSIP/anna", "PJSIP/clara"), ("PJSIP/5555",))
    assert sorts(after, "PJSIP/anna", "PJSIP/clara", "PJSIP/5555", "PJSIP/gateway") == [PHONE, PHONE, TRUNK, TRUNK]


def test_replay_goes_by_the_contract_alone() -> None:
    rule = LineRule()

    rule.learn(phones=["PJSIP/anna"], trunks=["PJSIP/5555"])
    rule.learn_member("PJSIP/clara")

    assert sorts(rule, "PJSIP/anna", "PJSIP/5555", "PJSIP/clara") == [TRUNK, PHONE, PHONE]


def test_however_much_is_told_little_is_kept_and_what_the_rule_knows_goes_first() -> None:
    rule = LineRule(learned=Learned())

    rule.learn(phones=[f"PJSIP/{number}" for number in range(1000, 1000 + 2 * MOST)])
    rule.learn(phones=["PJSIP/anna", "PJSIP/" + "x" * 200, "no line", "PJSIP/a\nb", "Local/5@x"])

    assert len(rule.known().phones) == MOST
    assert [line for line in rule.known().phones if not line[6:].isdigit()] == ["PJSIP/anna"]


@pytest.mark.parametrize("kept", [{}, {"phones": None}, {"phones": "PJSIP/a", "trunks": [1, None, "x" * 101]}])
def test_a_column_that_is_not_ours_is_nothing_learned(kept: dict[str, object]) -> None:
    assert Learned.of_json(kept) == Learned()


@pytest.mark.parametrize(
    ("block", "known"),
    [
        ("Event: ExtensionStatus\nExten: 101\nHint: PJSIP/101\nStatus: 4", LineKnown(10.0, phones=("PJSIP/101",))),
        (
            "Event: ExtensionStatus\nHint: PJSIP/102&SIP/anna,CustomPresence:x",
            LineKnown(10.0, phones=("PJSIP/102", "SIP/anna")),
        ),
        ("Event: ExtensionStatus\nHint: Queue:sales_avail", None),
        ("Event: ExtensionStatus\nHint: Local/5@x", None),
        (
            "Event: EndpointList\nObjectName: anna\nAor: anna\nAuths: anna\nOutboundAuths: ",
            LineKnown(10.0, registering=("PJSIP/anna",)),
        ),
        ("Event: EndpointList\nObjectName: mts\nAor: mts\nAuths: \nOutboundAuths: mts", LineKnown(10.0, trunks=("PJSIP/mts",))),
        ("Event: EndpointList\nObjectName: mts\nAor: mts\nAuths: \nOutboundAuths: ", None),
        (
            "Event: PeerEntry\nChanneltype: SIP\nObjectName: boris\nDynamic: yes",
            LineKnown(10.0, registering=("SIP/boris",)),
        ),
        (
            "Event: PeerEntry\nChanneltype: IAX\nObjectName: boris/boris\nDynamic: yes",
            LineKnown(10.0, registering=("IAX2/boris",)),
        ),
        ("Event: PeerEntry\nChanneltype: SIP\nObjectName: mtt\nDynamic: no", None),
    ],
)
def test_what_asterisk_says_of_its_lines(block: str, known: LineKnown | None) -> None:
    assert read(block) == (() if known is None else (known,))
