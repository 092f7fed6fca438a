"""Why a call ended as it did, and how much of it was seen."""

from collections.abc import Iterator

from crm_core.calls.events import Direction, Source
from crm_core.calls.outcomes import TABLE, Ending
from pbx.explaining.reasons import Moment, Reading, Reason, moment, on


def reasons(reading: Reading) -> Iterator[Reason]:
    yield _outcome(reading)
    yield _voicemail(reading)
    yield _queue(reading)
    yield from _recordings(reading)
    yield _source(reading)
    yield _partial(reading)


def _outcome(reading: Reading) -> Reason:
    """The lines of the contract's ordered list up to the first that holds."""
    story = reading.story
    if reading.call.outcome is None:
        return reading.why("outcome", "still_up")
    ending = story.ending()
    lines = [(outcome, holds(ending)) for outcome, directions, holds in TABLE if ending.direction in directions]
    first = next(place for place, (_, held) in enumerate(lines) if held)
    passed = tuple(outcome.value for outcome, _ in lines[:first])
    return reading.why(
        "outcome", _outcome_rule(reading, ending), passed=passed, tried=tuple(end.value for end in ending.tried),
        at=moment(story.first_join), hung_up=moment(story.customer.hung_up_at) if story.customer else None,
        customer=on(story.customer), queue=reading.call.queue,
    )  # fmt: skip


def _outcome_rule(reading: Reading, ending: Ending) -> str:
    outcome = reading.call.outcome
    inbound = reading.call.direction is Direction.INBOUND
    if outcome is not None and outcome.value == "missed":
        return "missed_voicemail" if ending.voicemail else "missed_rang"
    if outcome is not None and outcome.value in {"busy", "failed", "answered"}:
        return f"{outcome.value}_{'in' if inbound else 'out'}"
    return outcome.value if outcome is not None else "still_up"


def _voicemail(reading: Reading) -> Reason:
    story = reading.story
    if not reading.call.voicemail:
        return reading.why("voicemail", "answered" if story.talks else "not_taken")
    started = [at for c in story.case.channels.values() for at, name in c.applications if name == "voicemail"]
    left = [c.voicemail_at for c in story.case.channels.values() if c.voicemail_at is not None]
    rule = "application" if started else "message_left" if left else "silence"
    return reading.why("voicemail", rule, at=moment(story.took_at), customer=on(story.customer))


def _queue(reading: Reading) -> Reason:
    name = reading.call.queue
    if name is None:
        return reading.why("queue", "none")
    channels = reading.story.case.channels.values()
    joined = [(at, c.uid, c) for c in channels for at, began, queue in c.queues if began and queue == name]
    at, _, channel = min(joined)
    return reading.why("queue", "joined", queue=name, at=Moment(at), leg=on(channel))


def _recordings(reading: Reading) -> Iterator[Reason]:
    if not reading.call.recordings:
        yield reading.why("recordings", "none_announced")
    for item, path in enumerate(reading.call.recordings):
        legs = [c for c in reading.story.case.channels.values() if path in c.recordings]
        leg = min(legs, key=lambda c: (c.recordings[path], c.uid))
        yield reading.why_item("recordings", item, "announced", {"leg": on(leg), "at": Moment(leg.recordings[path])})


def _source(reading: Reading) -> Reason:
    rule = {Source.LIVE: "heard", Source.RECORDS: "read", Source.BOTH: "heard_and_read"}[reading.call.source]
    return reading.why("source", rule)


def _partial(reading: Reading) -> Reason:
    story = reading.story
    if story.case.gaps:
        return reading.why("partial", "gap", gaps=tuple(Moment(at) for at in sorted(story.case.gaps)))
    vanished = tuple(on(c) for c in story.case.channels.values() if c.vanished)
    if vanished:
        return reading.why("partial", "vanished", legs=vanished)
    if reading.call.partial:
        return reading.why("partial", "beginning_not_seen", leg=on(story.cast.origin))
    return reading.why("partial", "gap_filled" if story.case.had_gap else "whole")
