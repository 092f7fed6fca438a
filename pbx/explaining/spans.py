"""Why a call's times are what they are: from when until when, and which stretches each figure sums up."""

from collections.abc import Iterator

from crm_core.calls.events import Direction
from pbx.channels import Channel
from pbx.explaining.reasons import Moment, Reading, Reason, Stretch, moment, on
from pbx.tracking import joins


def reasons(reading: Reading) -> Iterator[Reason]:
    yield _started(reading)
    yield _ended(reading)
    yield _wait(reading)
    yield _talk(reading)
    yield _hold(reading)


def _started(reading: Reading) -> Reason:
    at = reading.story.started_at
    first = next((c for c in reading.story.case.channels.values() if c.started_at == at), None)
    rule = "born" if first is not None and first.born_at is not None else "first_heard"
    return reading.why("started_at", rule, leg=on(first), at=Moment(at))


def _ended(reading: Reading) -> Reason:
    story = reading.story
    if story.ended_at is None:
        return reading.why("ended_at", "still_up", legs=tuple(on(c) for c in story.case.channels.values() if c.gone_at is None))
    last = max(story.case.channels.values(), key=lambda c: (c.gone_at or 0.0, c.uid))
    return reading.why("ended_at", "vanished" if last.vanished else "last_gone", leg=on(last), at=Moment(story.ended_at))


def _wait(reading: Reading) -> Reason:
    story = reading.story
    start, end = story.waited()
    stretches = [Stretch(start, end)]
    facts = {"since": Moment(start), "until": Moment(end), "customer": on(story.customer)}
    return reading.why("wait_seconds", f"{_wait_from(reading, start)}_{_wait_until(reading, end)}", stretches, **facts)


def _wait_from(reading: Reading, start: float) -> str:
    if reading.call.direction is Direction.INBOUND:
        return "arrival"
    legs: list[Channel] = [*reading.story.tried, *reading.story.cast.attempts]
    return "dialling" if any(start in {c.dialled_at, c.started_at} for c in legs) else "start"


def _wait_until(reading: Reading, end: float) -> str:
    story = reading.story
    customer = story.customer
    inbound = reading.call.direction is Direction.INBOUND
    known = (
        ("joined", story.first_join if inbound or reading.call.direction is Direction.INTERNAL else None),
        ("voicemail", story.took_at if inbound else None),
        ("answer", None if inbound or customer is None else customer.up_at),
        ("joined", story.first_join),
        ("now", None if story.ended_at is not None else story.now),
    )
    return next((word for word, at in known if at is not None and at == end), "end")


def _talk(reading: Reading) -> Reason:
    story = reading.story
    if not story.talks:
        return reading.why("talk_seconds", "never_joined")
    stretches = reading.joined_in(reading.until_now(story.talk()), story.cast.customers)
    return reading.why("talk_seconds", "joined", stretches, people=tuple(story.talks))


def _hold(reading: Reading) -> Reason:
    story = reading.story
    parts = story.holds()
    if not parts:
        return reading.why("hold_seconds", "never_held" if story.talks else "never_joined")
    stretches = []
    for start, end in joins.merged([span for _, _, span in parts]):
        within = [(why, uid) for why, uid, (a, b) in parts if a < end and b > start]
        whys = "+".join(sorted({why for why, _ in within}))
        last = reading.until_now([(start, end)])[0][1]
        stretches.append(Stretch(start, last, tuple(dict.fromkeys(uid for _, uid in within)), whys))
    return reading.why("hold_seconds", "held", stretches, since=moment(story.first_join))
