"""What a real Asterisk 22 and 16 answered in mid-call (tests/pbx/answers) gives the whole picture and the right lines."""

from pathlib import Path

import pytest

from crm_core.calls.events import Call, CallState, Direction
from crm_core.exchanges.learned_lines import Learned
from pbx.ami.protocol import MessageReader
from pbx.call_tracker import CallTracker
from pbx.dialects.asterisk import AsteriskDialect
from pbx.lines import LineKind, LineRule

ANSWERS = Path(__file__).parent / "answers"
VERSIONS = ["asterisk22", "asterisk16"]
ASKED_AT = 1_795_327_000.0
BRIEFLY = (b"Event: Status\r", b"Event: StatusComplete\r", b"Message: Channel status will follow")


def heard(version: str, rule: LineRule, *, without: tuple[bytes, ...] = ()) -> CallTracker:
    dialect, tracker = AsteriskDialect(), CallTracker("default", rule, "RU")
    for raw in MessageReader().feed_raw((ANSWERS / f"{version}.ami").read_bytes()):
        if not any(part in raw for part in without):
            tracker.feed_all(dialect.read_raw(raw, ASKED_AT))
    return tracker


def picture(tracker: CallTracker) -> dict[str | None, Call]:
    return {call.caller: call for call in tracker.open_calls()}


@pytest.mark.parametrize("version", VERSIONS)
def test_one_waits_one_is_parked_and_one_talks_with_anna(version: str) -> None:
    calls = picture(heard(version, LineRule(learned=Learned())))

    waiting, parked, talking = calls["79161112233"], calls["79031234567"], calls["79265556677"]
    assert len(calls) == 3
    assert {call.direction for call in calls.values()} == {Direction.INBOUND}
    assert (waiting.queue, waiting.queued_at is not None, [ring.extension for ring in waiting.rang]) == ("sales", True, ["101"])
    assert (parked.queue, parked.answered_by, parked.did) == (None, (), "74951112249")
    assert (talking.state, [talk.extension for talk in talking.answered_by]) == (CallState.TALKING, ["anna"])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_short_list_of_channels_does_too(version: str) -> None:
    calls = picture(heard(version, LineRule(learned=Learned()), without=BRIEFLY))

    assert {call.state for call in calls.values()} >= {CallState.TALKING}
    assert calls["79161112233"].queue == "sales"
    assert len(calls) == 3


@pytest.mark.parametrize("version", VERSIONS)
def test_named_lines_come_out_right_without_settings(version: str) -> None:
    rule = LineRule(learned=Learned())
    heard(version, rule)

    kinds = {name: rule.kind_of(f"PJSIP/{name}-0000000a") for name in ("anna", "beeline", "trunk", "101")}
    assert kinds == {"anna": LineKind.PHONE, "beeline": LineKind.TRUNK, "trunk": LineKind.TRUNK, "101": LineKind.PHONE}
    assert rule.known() == Learned(("PJSIP/101", "PJSIP/102", "PJSIP/103", "PJSIP/anna"), ("PJSIP/beeline",))
    assert rule.kind_of("IAX2/clara-1234") is LineKind.TRUNK  # phones have digits here: she may be a gateway


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_kept_says_nothing_of_passwords(version: str) -> None:
    assert b"Password" not in (ANSWERS / f"{version}.ami").read_bytes()
