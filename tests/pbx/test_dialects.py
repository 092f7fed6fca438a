"""The contract of a dialect, over every file of `pbx/dialects`: adding one is adding its file."""

import re
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from crm_core.calls.events import Call
from crm_core.dialling.rules import DialRules, stored_rules
from crm_core.exchanges.learned_lines import NOTHING, Learned
from pbx.ami.protocol import Message
from pbx.call_tracker import CallTracker
from pbx.derivation import _new_dialect
from pbx.dialects.asterisk import AsteriskDialect
from pbx.dialects.registry import Dialect, dialects
from pbx.lines import LineKind, LineRule
from pbx.replay import messages_of

CAPTURES = Path(__file__).parents[1] / "captures"
ALL = [pytest.param(name, id=name) for name in sorted(dialects())]
HEARD = [
    pytest.param(name, capture, id=f"{name}-{capture.stem}")
    for name in sorted(dialects())
    for capture in [
        CAPTURES / "asterisk22_dialplans/menu_queue.ami",
        CAPTURES / "asterisk22_dialplans/miko_queue_refer.ami",
        CAPTURES / "asterisk16_dialplans/queue_atxfer.ami",
        CAPTURES / "asterisk16_chansip/sip_attended.ami",
    ]
]


def calls_told(dialect: Dialect, capture: Path) -> list[Call]:
    tracker = CallTracker("default", LineRule((), (), NOTHING, dialect.habits.trunks), "RU", remember=float("inf"))
    for heard in messages_of(capture):
        tracker.feed_all(dialect.read_raw(heard.raw, 1.8e9 + (heard.second or 0.0)))
    return tracker.all_calls()


def test_the_three_makes_are_there() -> None:
    assert {"asterisk", "freepbx", "mikopbx"} <= set(dialects())


@pytest.mark.parametrize("name", ALL)
def test_name_is_that_of_its_file_and_each_listener_gets_its_own(name: str) -> None:
    dialect = dialects()[name]

    assert dialect.name == name
    assert re.fullmatch(r"[a-z]{3,40}", name)
    assert (Path(__file__).parents[2] / "pbx/dialects" / f"{name}.py").is_file()
    assert _new_dialect(name) is not _new_dialect(name)


@pytest.mark.parametrize("name", ALL)
def test_habits_can_be_meant(name: str) -> None:
    habits = dialects()[name].habits
    now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)

    assert habits.title
    assert habits.recordings_root.startswith("/")
    for folder in habits.recording_folders:
        written = now.strftime(folder)
        assert "%" not in written
        assert not written.startswith("/")
        assert ".." not in written
    assert not any(fnmatchcase(f"PJSIP/{phone}-0000001a", glob) for phone in ("101", "201-WS") for glob in habits.trunks)
    if habits.dial_context is not None:
        assert stored_rules(DialRules(("RU",), context=habits.dial_context))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"Event: ", b"Event: Hangup", b"Event: Newchannel\r\nUniqueid: \xff\xfe\x00", b"Response: Success"]
)
def test_nothing_an_exchange_sends_raises(name: str, raw: bytes) -> None:
    dialect = _new_dialect(name)

    assert isinstance(dialect.read_raw(raw, 1.0), tuple)
    assert dialect.read(Message(raw), 1.0) == _new_dialect(name).read_raw(raw, 1.0)


@pytest.mark.parametrize(("name", "capture"), HEARD)
def test_every_dialect_understands_what_any_asterisk_says(name: str, capture: Path) -> None:
    told, plain = calls_told(_new_dialect(name), capture), calls_told(AsteriskDialect(), capture)

    assert [(call.outcome, call.answered_by, call.did) for call in told] == [
        (call.outcome, call.answered_by, call.did) for call in plain
    ]


@pytest.mark.parametrize("name", ["PJSIP/SIP-TRUNK-34F7CCFE", "PJSIP/SIP-1611151795", "IAX2/IAX-TRUNK-0A12"])
def test_a_provider_that_registers_with_mikopbx_is_no_phone(name: str) -> None:
    plain, miko = LineRule(learned=Learned()), LineRule(learned=Learned(), usual_trunks=dialects()["mikopbx"].habits.trunks)
    for rule in (plain, miko):
        rule.learn(registering=[name])

    assert miko.kind_of(f"{name}-00000001") is LineKind.TRUNK
    assert plain.kind_of(f"{name}-00000001") is LineKind.PHONE
    assert miko.kind_of("PJSIP/201-WS-00000002") is LineKind.PHONE


def test_settings_count_before_habits() -> None:
    rule = LineRule(extensions=["PJSIP/SIP-TRUNK-*"], trunks=["PJSIP/line-*"], usual_trunks=dialects()["mikopbx"].habits.trunks)

    assert rule.kind_of("PJSIP/SIP-TRUNK-34F7CCFE-00000001") is LineKind.PHONE


@pytest.mark.parametrize("name", ["SIP/101-0000001a", "SIP/101-mobile-0000001a"])
def test_phones_of_chan_sip_are_phones_and_its_peers_lines(name: str) -> None:
    rule = LineRule(learned=NOTHING)

    assert rule.kind_of(name) is LineKind.PHONE
    for line in (
        "SIP/trunk-0000001b",
        "SIP/203.0.113.7-0000001c",
        "SIP/sip.provider.example-0000001d",
        "SIP/74957770000-0000001e",
    ):
        assert rule.kind_of(line) is LineKind.TRUNK
