"""What holds for the tracker whatever an exchange sends: order, doubling, loss, pieces, several calls at once, broken frames."""

import random
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from crm_core.calls.events import Call, CallEnded, CallEvent, CallsJoined, CallStarted, CallState, Outcome
from crm_core.calls.states import may_move
from pbx.ami.protocol import MessageReader
from pbx.call_tracker import CallTracker
from pbx.channel_events import ChannelEvent, DialBegan
from pbx.dialects.asterisk import AsteriskDialect
from pbx.lines import LineRule
from tests.pbx.capture_variants import CAPTURES, scenarios

SHARED = [f"{CAPTURES.name}/{scenario}" for scenario in scenarios() if not list(CAPTURES.glob(f"{scenario}.after*"))]
# These were recorded with `timestampevents = yes`: the exchange's own times.
STAMPED = [
    f"{folder}/{truth.name.removesuffix('.truth.json')}"
    for folder in ("asterisk22_own", "asterisk22_dialplans")
    for truth in sorted((CAPTURES.parent / folder).glob("*.truth.json"))
]
SCENARIOS = [*SHARED, *STAMPED]
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


EXTENSION = re.compile(r"(?<![0-9.])[0-9]{3,4}(?![0-9.])")
IDS = ("uid", "linkedid", "linkedids")


@cache
def events_of(scenario: str) -> list[ChannelEvent]:
    """The channel events of a capture, each told the time at which its bytes had come, as timestampevents would."""
    dialect, reader = AsteriskDialect(), MessageReader()
    raw = (CAPTURES.parent / f"{scenario}.ami").read_bytes()
    found: list[ChannelEvent] = []
    before = 0
    for line in (CAPTURES.parent / f"{scenario}.ami.times").read_text().splitlines():
        second, offset = float(line.split()[0]), int(line.split()[1])
        for message in reader.feed_raw(raw[before:offset]):
            found += dialect.read_raw(message, second)
        before = offset
    return found


@cache
def dialled() -> list[str]:
    """Those in which the exchange rings no phone by itself: all that rings is dialled by a channel."""
    return [s for s in SCENARIOS if all(event.caller_uid for event in events_of(s) if isinstance(event, DialBegan))]


def track(events: list[ChannelEvent]) -> tuple[CallTracker, list[CallEvent]]:
    tracker = CallTracker("default", LineRule(), "RU", remember=1e9)
    return tracker, [change for event in events for change in tracker.feed(event)]


def last_words(changes: list[CallEvent]) -> dict[str, Call]:
    calls: dict[str, Call] = {}
    for change in changes:
        for key in change.absorbed if isinstance(change, CallsJoined) else ():
            calls.pop(key, None)
        calls[change.call.key] = change.call
    return calls


def assert_lawful(changes: list[CallEvent], *, whole: bool = False) -> None:
    """`whole`: all that happened was told, so each change is a move of the table. With pieces a call may jump."""
    states: dict[str, CallState] = {}
    for change in changes:
        call = change.call
        for key in change.absorbed if isinstance(change, CallsJoined) else ():
            states.pop(key, None)
        if isinstance(change, CallStarted):
            assert call.key not in states
        assert not whole or may_move(states.get(call.key), call.state)
        assert (call.state is CallState.ENDED) == (call.ended_at is not None) == (call.outcome is not None)
        assert min(call.wait_seconds, call.talk_seconds, call.hold_seconds) >= 0
        assert all(talk.talk_seconds >= 0 for talk in call.answered_by)
        if call.outcome is Outcome.ANSWERED:
            assert call.answered_by
        states[call.key] = call.state


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_change_is_lawful_and_the_last_word_is_the_call(scenario: str) -> None:
    tracker, changes = track(events_of(scenario))

    assert_lawful(changes, whole=True)
    assert sorted(last_words(changes).values(), key=lambda c: c.key) == sorted(tracker.all_calls(), key=lambda c: c.key)
    assert tracker.open_calls() == []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_any_order_within_two_seconds_and_any_doubling_give_the_same_calls(scenario: str) -> None:
    events = events_of(scenario)
    calls = track(events)[0].all_calls()
    for seed in range(4):
        dice = random.Random(seed)
        shifted = sorted(range(len(events)), key=lambda i: events[i].at + dice.uniform(0, 2))
        order = [events[i] for i in shifted for _ in range(dice.choice((1, 1, 2, 3)))]

        tracker, changes = track(order)

        assert tracker.all_calls() == calls
        assert sorted(last_words(changes).values(), key=lambda c: (c.started_at, c.key)) == calls


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_batches_tell_the_same_last_word(scenario: str) -> None:
    events = events_of(scenario)
    calls = track(events)[0].all_calls()
    tracker = CallTracker("default", LineRule(), "RU", remember=1e9)

    changes = [change for i in range(0, len(events), 7) for change in tracker.feed_all(events[i : i + 7])]

    assert sorted(last_words(changes).values(), key=lambda c: (c.started_at, c.key)) == calls


@FEW
@given(st.sampled_from(SCENARIOS), st.data())
def test_any_piece_of_a_capture_leaves_a_lawful_state(scenario: str, data: st.DataObject) -> None:
    events = events_of(scenario)
    start = data.draw(st.integers(0, len(events)))
    end = data.draw(st.integers(start, len(events)))

    tracker, changes = track(events[start:end])

    assert_lawful(changes)
    assert {call.key for call in tracker.open_calls()} <= set(last_words(changes))


@FEW
@given(st.sampled_from(SCENARIOS), st.data())
def test_every_call_of_a_suffix_ends_and_says_that_it_is_partial(scenario: str, data: st.DataObject) -> None:
    events = events_of(scenario)
    whole = {linkedid for call in track(events)[0].all_calls() for linkedid in call.linkedids}

    tracker, changes = track(events[data.draw(st.integers(0, len(events))) :])

    assert tracker.open_calls() == []
    for call in last_words(changes).values():
        assert call.partial or set(call.linkedids) & whole
        assert any(isinstance(change, CallEnded) for change in changes if change.call.key == call.key)


@FEW
@given(st.sampled_from(SCENARIOS), st.randoms(use_true_random=False))
def test_lost_doubled_and_late_events_do_no_harm(scenario: str, dice: random.Random) -> None:
    kept = [event for event in events_of(scenario) if dice.random() > 0.2 for _ in range(dice.choice((1, 1, 2)))]
    late = sorted(kept, key=lambda event: event.at + dice.choice((0, 0, 0, 1, 10)))

    assert_lawful(track(late)[1])


@FEW
@given(st.lists(st.sampled_from(SCENARIOS), min_size=2, max_size=4, unique=True), st.data())
def test_calls_at_one_time_are_the_calls_of_each(chosen: list[str], data: st.DataObject) -> None:
    """Each at phones of its own: when the exchange rings a phone just after its transfer, nothing says whether it calls back."""
    sessions = [_told_of(events_of(scenario), str(place), phones=True) for place, scenario in enumerate(chosen, 1)]

    assert_calls_of_each(sessions, data)


@FEW
@given(st.data())
def test_calls_at_one_time_at_the_same_phones_are_the_calls_of_each(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(dialled()), min_size=2, max_size=4, unique=True))
    sessions = [_told_of(events_of(scenario), str(place), phones=False) for place, scenario in enumerate(chosen, 1)]

    assert_calls_of_each(sessions, data)


@pytest.mark.parametrize("later", range(8, 14))
def test_a_phone_that_joined_two_customers_may_be_rung_by_a_click_at_once(later: int) -> None:
    clicked, joined = (events_of(f"asterisk22_dialplans/{kind}") for kind in ("click_attended", "two_customers_joined"))

    assert_calls_of([_at_nought(clicked, later / 2), _at_nought(joined, 0)])


def assert_calls_of_each(sessions: list[list[ChannelEvent]], data: st.DataObject) -> None:
    assert_calls_of([_at_nought(events, data.draw(st.floats(0, 5))) for events in sessions])


def assert_calls_of(sessions: list[list[ChannelEvent]]) -> None:
    apart = [call for events in sessions for call in track(events)[0].all_calls()]

    tracker, changes = track(sorted((event for events in sessions for event in events), key=lambda event: event.at))

    assert_lawful(changes)
    assert sorted(map(_known, tracker.all_calls())) == sorted(map(_known, apart))


def _told_of(events: list[ChannelEvent], mark: str, *, phones: bool) -> list[ChannelEvent]:
    """The same, with ids of their own (some recordings were begun in one second) and, if wanted, with phones: 101 is 1101."""

    def of_its_own(name: str, told: Any) -> Any:
        if isinstance(told, tuple):
            return tuple(of_its_own(name, one) for one in told)
        if name.endswith(IDS):
            return told and f"{mark}-{told}"
        return EXTENSION.sub(rf"{mark}\g<0>", told) if phones and isinstance(told, str) else told

    return [replace(e, **{name: of_its_own(name, getattr(e, name)) for name in e.__struct_fields__}) for e in events]


def _at_nought(events: list[ChannelEvent], later: float) -> list[ChannelEvent]:
    began = min(event.at for event in events)
    return [replace(event, at=event.at - began + later) for event in events]


def _known(call: Call) -> str:
    """Of calls at one time the linkedids tell which is which."""
    return f"{call.linkedids} {call}"


def test_ten_thousand_mutated_frames_do_no_harm() -> None:
    dice = random.Random(7)
    frames = MessageReader().feed_raw(b"".join((CAPTURES.parent / f"{s}.ami").read_bytes() for s in SHARED[:12]))
    dialect, tracker = AsteriskDialect(), CallTracker("default", LineRule(), "RU")
    changes: list[CallEvent] = []
    for i in range(10_000):
        frame = bytearray(dice.choice(frames))
        for _ in range(dice.randint(1, 8)):
            _mutate(frame, dice)
        for raw in MessageReader().feed_raw(bytes(frame) + b"\r\n\r\n"):
            for event in dialect.read_raw(raw, float(i)):
                changes += tracker.feed(event)

    for change in changes:
        assert min(change.call.wait_seconds, change.call.talk_seconds, change.call.hold_seconds) >= 0
        assert "\0" not in "".join(filter(None, (change.call.caller, change.call.caller_name, change.call.did)))


def _mutate(frame: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(frame) + 1)
    match dice.randint(0, 3):
        case 0 if frame:
            frame[at % len(frame)] = dice.randrange(256)
        case 1:
            frame[at:at] = dice.choice([b"\r\n", b": ", b"\0", b"\xff", b"Uniqueid: x\r\n", b"9" * 400])
        case 2:
            del frame[at : at + dice.randint(1, 40)]
        case _:
            frame[at:at] = frame[at : at + dice.randint(1, 60)]


def test_finished_calls_are_forgotten() -> None:
    events = events_of("asterisk/queue_local_members")
    tracker = CallTracker("default", LineRule(), "RU")
    sizes = []
    for again in range(60):
        for event in events:
            tracker.feed(_moved(event, again))
        sizes.append(tracker.remembered())

    assert sizes[-1] <= max(sizes[:10])
    assert tracker.open_calls() == []


def _moved(event: ChannelEvent, again: int) -> ChannelEvent:
    """The same event of another call, later."""
    values = {name: getattr(event, name) for name in event.__struct_fields__}
    for name, value in values.items():
        if name.endswith(("uid", "linkedid", "bridge")) and value:
            values[name] = f"{value}~{again}"
    return type(event)(**{**values, "at": event.at + again * 20.0})
