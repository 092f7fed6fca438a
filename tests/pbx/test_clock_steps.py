"""A clock that is set back or forth in mid-call, the exchange's or ours, makes no time negative and doubles no call."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from crm_core.calls.events import Call
from pbx.call_tracker import CallTracker
from pbx.channel_events import ChannelEvent
from pbx.dialects.asterisk import AsteriskDialect
from pbx.lines import LineRule
from pbx.replay import messages_of

CAPTURES = Path(__file__).parents[1] / "captures/asterisk"
NAMES = ("queue_answered", "parking", "attended_transfer_dtmf", "hold", "queue_timeout_voicemail", "blonde_answered")
EVERY = 7


def heard(name: str) -> list[ChannelEvent]:
    dialect = AsteriskDialect()
    return [e for h in messages_of(CAPTURES / f"{name}.ami") for e in dialect.read_raw(h.raw, 1e9 + (h.second or 0.0))]


def times_of(call: Call) -> Iterator[float]:
    yield from (call.wait_seconds, call.talk_seconds, call.hold_seconds)
    yield (call.started_at if call.ended_at is None else call.ended_at) - call.started_at
    for ring in call.rang:
        yield (ring.rang_at if ring.ended_at is None else ring.ended_at) - ring.rang_at
    for talk in call.answered_by:
        yield (talk.joined_at if talk.left_at is None else talk.left_at) - talk.joined_at
        yield from (talk.talk_seconds, talk.consultation_seconds)


@pytest.mark.parametrize("step", [-3600.0, -300.0, 3600.0, 30 * 365 * 24 * 3600.0])
@pytest.mark.parametrize("name", NAMES)
def test_a_step_of_the_clock_makes_no_time_negative(name: str, step: float) -> None:
    events = heard(name)
    calm = CallTracker("default", LineRule(), "RU", remember=float("inf"))
    calm.feed_all(events)
    calls = len(calm.all_calls())

    for place in range(0, len(events), EVERY):
        tracker = CallTracker("default", LineRule(), "RU", remember=float("inf"))
        told = []
        for i, event in enumerate(events):
            told += tracker.feed(event if i < place else replace(event, at=event.at + step))
        calls_told = [*(event.call for event in told), *tracker.all_calls()]
        assert [(place, call.key, at) for call in calls_told for at in times_of(call) if at < 0] == []
        assert len(tracker.all_calls()) == calls
        assert all(call.ended_at is not None for call in tracker.all_calls())
