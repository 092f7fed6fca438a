"""Why each person of a call is credited as he is: his talk, his ringing, what he transferred."""

from collections.abc import Iterator

from crm_core.calls.events import Direction, Ring, RingOutcome, TransferKind
from pbx.channels import Channel
from pbx.explaining.reasons import Moment, On, Reading, Reason, Told, moment, on
from pbx.tracking.case import TransferTold
from pbx.tracking.rings import ELSEWHERE_CAUSE, REJECTED_CAUSE


def reasons(reading: Reading) -> Iterator[Reason]:
    yield from _answered_by(reading)
    yield from _rang(reading)
    yield from _transfers(reading)
    yield _forwarded(reading)


def _answered_by(reading: Reading) -> Iterator[Reason]:
    story = reading.story
    if not story.talks:
        yield reading.why("answered_by", "nobody_joined")
    consultations = story.consultations() if story.talks else {}
    for item, (person, spans) in enumerate(story.talks.items()):
        uids = frozenset(uid for uid, who in story.people.items() if who == person)
        talked = reading.joined_in(reading.until_now(spans), uids)
        legs = tuple(On(uid) for uid in sorted(uids, key=reading.age))
        yield reading.why_item("answered_by", item, "joined", {"who": person, "legs": legs, "at": Moment(spans[0][0])})
        yield reading.why_item("answered_by", item, "joined", {"who": person}, talked, "talk_seconds")
        asked = reading.joined_in(reading.until_now(consultations.get(person, [])), uids, with_customer=False)
        rule = "with_colleague" if asked else "none"
        yield reading.why_item("answered_by", item, rule, {"who": person}, asked, "consultation_seconds")


def _rang(reading: Reading) -> Iterator[Reason]:
    if not reading.call.rang:
        yield reading.why("rang", "no_phone_rang")
    for item, ring in enumerate(reading.call.rang):
        legs = [leg for leg in reading.story.tried if reading.story.cast.people[leg.uid] == ring.extension]
        # The leg that decided is the one whose end the ring has; of several dialled the last, or the one answered.
        leg = next((c for c in reversed(legs) if reading.story.ends[c.uid] == (ring.ended_at, ring.outcome)), legs[-1])
        yield reading.why_item("rang", item, _ring_rule(ring, leg), {**_ring_facts(reading, ring, leg), "times": len(legs)})


def _ring_facts(reading: Reading, ring: Ring, leg: Channel) -> dict[str, Told]:
    words = tuple(status for _, status in sorted(leg.dial_ends))
    dialler = reading.story.case.channels.get(leg.dialled_by or "")
    return {
        "who": ring.extension, "leg": on(leg), "rang": moment(leg.rang_at), "ended": moment(ring.ended_at),
        "by": on(dialler), "words": words, "cause": leg.cause or None,
    }  # fmt: skip


def _ring_rule(ring: Ring, leg: Channel) -> str:
    """Which of the signs that the outcome may rest on is there; the outcome itself is the call's."""
    if ring.outcome is None:
        return "still_rings"
    signs = {
        RingOutcome.ANSWERED: "" if leg.up_at is None else "_up",
        RingOutcome.DECLINED: "_cause" if leg.cause == REJECTED_CAUSE else "_busy_after_ring",
        RingOutcome.ANSWERED_ELSEWHERE: "_cause" if leg.cause == ELSEWHERE_CAUSE else "_at_that_moment",
        RingOutcome.UNAVAILABLE: "_told" if leg.dial_ends else "_cause",
    }
    return f"{ring.outcome.value}{signs.get(ring.outcome, '')}"


def _transfers(reading: Reading) -> Iterator[Reason]:
    if not reading.call.transfers:
        yield reading.why("transfers", "none")
    for item, transfer in enumerate(reading.call.transfers):
        told = next((t for t in reading.story.case.transfers if t.at == transfer.at and t.kind is transfer.kind), None)
        rule = f"{transfer.kind.value}_{'told' if told else 'redirected'}_{'answered' if transfer.answered else 'not_answered'}"
        facts: dict[str, Told] = {"giver": transfer.from_extension, "taker": transfer.to, "at": Moment(transfer.at)}
        yield reading.why_item("transfers", item, rule, facts | _as_told(told, reading))


def _as_told(told: TransferTold | None, reading: Reading) -> dict[str, Told]:
    if told is None:
        return {"leg": None, "target": None}
    target = told.target_uid if told.kind is TransferKind.ATTENDED else reading.story.case.retrieved.get(told.other_uid, "")
    channels = reading.story.case.channels
    return {"leg": on(channels.get(told.uid)), "target": on(channels.get(target))}


def _forwarded(reading: Reading) -> Reason:
    call, story = reading.call, reading.story
    if call.forwarded_to is None:
        return reading.why("forwarded_to", "outbound" if call.direction is Direction.OUTBOUND else "no_outside_leg")
    leg = next((c for c in story.tried if story.cast.people[c.uid] == call.forwarded_to), None)
    return reading.why("forwarded_to", "outside_leg", who=call.forwarded_to, leg=on(leg))
