"""From the facts of a case to the call as the business tells it: a pure reading that knows no order of arrival."""

import re
from dataclasses import dataclass
from math import inf

from crm_core.calls.events import Call, CallState, Direction, Ring, RingOutcome, Source, Talk
from crm_core.calls.outcomes import Ending, outcome_of
from crm_core.contacts.numbers import Number, NumberKind, clean, read_number
from pbx.channels import Channel, Span
from pbx.lines import LineRule
from pbx.tracking import holding, joins, queueing, voicemail
from pbx.tracking.announced import file_name
from pbx.tracking.case import Case
from pbx.tracking.parties import Cast, as_extension, cast_of, legs_tried
from pbx.tracking.rings import leg_ends, rings_of
from pbx.tracking.transfers import transfers_of

_ESCAPED_QUOTE = re.compile(r'\\+"')
_DECLINED_OR_RANG = frozenset(
    [RingOutcome.NO_ANSWER, RingOutcome.CANCELLED, RingOutcome.ANSWERED_ELSEWHERE, RingOutcome.ANSWERED]
)


@dataclass(frozen=True, slots=True)
class Teller:
    """What a case is read with: the exchange's name, its lines, and the region of its numbers."""

    exchange: str
    lines: LineRule
    region: str

    def tell(self, case: Case, now: float) -> Call | None:
        """The call as known at `now`; None while only the exchange's machinery is seen."""
        story = self.read(case, now)
        return None if story is None else story.call()

    def read(self, case: Case, now: float) -> "Story | None":
        """As `tell`, with the intervals and choices that the call's figures are made of."""
        cast = cast_of(case, self.lines, self.region)
        return None if cast is None else Story(case, cast, self, now)


class Story:
    """A case as read at `now`: the call, and the intervals and choices behind its figures, which `pbx.explaining` shows."""

    def __init__(self, case: Case, cast: Cast, teller: Teller, now: float) -> None:
        self.case, self.cast, self.teller, self.now = case, cast, teller, now
        self._inbound = cast.direction is Direction.INBOUND
        self.marks = case.marks()
        self.over = self.marks.over
        self.channels = case.channels | case.guests if case.guests else case.channels
        self.together = joins.together(case.channels, case.guests)
        self.people = cast.people | {uid: guest.extension for uid, guest in case.guests.items()} if case.guests else cast.people
        self.talks = self._talks()
        self.first_join = min([spans[0][0] for spans in self.talks.values()], default=None)
        if cast.origin is not None and not cast.click_to_call:
            self.started_at = cast.origin.started_at
        else:
            self.started_at = min(c.started_at for c in case.channels.values())
        # A clock that is set back must not make a call end before it began.
        self.ended_at = max([self.started_at, *(c.gone_at or 0.0 for c in case.channels.values())]) if self.over else None
        self.customer = self._customer()
        self.tried = legs_tried(case, cast)
        self.ends = leg_ends((*self.tried, *cast.attempts), case, cast)
        self.took_at = None if self.talks else voicemail.took_at(case, self.customer, self.tried)

    def call(self) -> Call:
        rings = rings_of(self.tried, self.ends, self.cast.people)
        transfers = transfers_of(self.case, self.cast, self.tried, self.talks, self.together, self.teller.region)
        holds = joins.merged([stretch for _, _, stretch in self.holds()])
        caller, callee = self._caller(), self._callee()
        origin, waited = self.cast.origin, self.waited()
        return Call(
            exchange=self.teller.exchange,
            linkedids=self.case.keys(),
            direction=self.cast.direction,
            state=self._state(rings, holds),
            started_at=self.started_at,
            ended_at=self.ended_at,
            answered_at=self.first_join,
            caller=caller.shown if caller else None,
            caller_raw=caller.raw or None if caller else None,
            caller_name=self._caller_name(origin),
            did=self._did(origin),
            callee=callee.shown if callee else None,
            callee_raw=callee.raw or None if callee else None,
            outcome=outcome_of(self.ending()) if self.over else None,
            wait_seconds=waited[1] - waited[0],
            talk_seconds=joins.seconds(self.talk(), self.now),
            hold_seconds=joins.seconds(holds, self.now),
            answered_by=self._answered_by(),
            rang=rings,
            transfers=transfers,
            voicemail=self._inbound and self.took_at is not None,
            forwarded_to=self._forwarded_to(transfers[0].at if transfers else inf),
            queue=queueing.queue_of(self.marks.queued, self.first_join) if self.marks.queued else None,
            queued_at=self._queued_at() if self.marks.queued else None,
            click_to_call=self.cast.click_to_call,
            recordings=self._recordings(),
            source=self._source(),
            partial=self._partial(),
        )

    def _customer(self) -> Channel | None:
        """The customer's channel; of several attempts at him the last."""
        legs = [self.case.channels[uid] for uid in self.cast.customers]
        return legs[0] if len(legs) == 1 else max(legs, key=lambda c: c.age, default=None)

    def _talks(self) -> dict[str, list[Span]]:
        """For each person, in order of first joining, when he was joined with the customer."""
        if not self.together:
            return {}
        spans: dict[str, list[Span]] = {}
        for group in self.together:
            if not group.uids.isdisjoint(self.cast.customers):
                for person in {self.people[uid] for uid in group.uids if uid in self.people}:
                    spans.setdefault(person, []).append((group.start, group.end))
        found = {person: joins.merged(told) for person, told in spans.items()}
        if len(found) < 2:
            return found
        births = {person: min(self.channels[uid].age for uid, who in self.people.items() if who == person) for person in found}
        return dict(sorted(found.items(), key=lambda item: (item[1][0][0], births[item[0]])))

    def talk(self) -> list[Span]:
        """When anybody at all was joined with the customer."""
        return joins.merged([span for spans in self.talks.values() for span in spans])

    def _somebody_talks(self) -> bool:
        return True in [joins.open_now(spans) for spans in self.talks.values()]

    def consultations(self) -> dict[str, list[Span]]:
        """For each person, when he was joined with a colleague while the customer waited and talked with nobody else."""
        if self.first_join is None or self.customer is None or len(self.together) < 2 or len(set(self.cast.people.values())) < 2:
            return {}
        ends = [at for at in (self.customer.hung_up_at, self.customer.gone_at) if at is not None]
        waits: Span = (self.first_join, min(ends, default=inf))
        held = [stretch for _, _, stretch in self.holds()]
        spans: dict[str, list[Span]] = {}
        for group in self.together:
            people = {self.cast.people[uid] for uid in group.uids if uid in self.cast.people}
            if len(people) > 1 and not group.uids & self.cast.customers:
                served = joins.without([s for other in self.talks.keys() - people for s in self.talks[other]], held)
                asked = joins.without(joins.common([(group.start, group.end)], [waits]), served)
                for person in people:
                    spans.setdefault(person, []).extend(asked)
        return {person: joins.merged(told) for person, told in spans.items()}

    def _answered_by(self) -> tuple[Talk, ...]:
        consultations = self.consultations() if self.talks else {}
        return tuple(
            Talk(
                extension=person,
                joined_at=spans[0][0],
                left_at=None if spans[-1][1] == inf else spans[-1][1],
                talk_seconds=joins.seconds(spans, self.now),
                consultation_seconds=joins.seconds(consultations.get(person, []), self.now),
            )
            for person, spans in self.talks.items()
        )

    def holds(self) -> list[tuple[str, str, Span]]:
        """When the customer was on hold or parked: why (parked, held, music), by which channel, and the stretch; may overlap."""
        if self.customer is None or self.first_join is None or not self.marks.held:
            return []
        found = holding.holds_of(self.customer, self.case.channels, self.cast.people, self.talks, self.together)
        if not found:
            return []
        since: list[Span] = [(self.first_join, inf)]
        return [(why, uid, part) for why, uid, span in found for part in joins.common([span], since)]

    def _state(self, rings: tuple[Ring, ...], holds: list[Span]) -> CallState:
        if self.over:
            return CallState.ENDED
        if joins.open_now(holds) or self._met_parked():
            return CallState.HELD
        if self._somebody_talks():
            return CallState.TALKING
        if None in [ring.outcome for ring in rings] or self._customer_rings():
            return CallState.RINGING
        return CallState.ARRIVED

    def _met_parked(self) -> bool:
        """A listener that came later finds the customer parked: somebody must have talked with him."""
        customer = self.customer
        met_late = self.first_join is None and customer is not None and customer.born_at is None
        return met_late and customer is not None and holding.is_parked(customer)

    def _customer_rings(self) -> bool:
        customer = self.customer
        return (
            not self._inbound
            and customer is not None
            and customer.rang_at is not None
            and customer.up_at is None
            and customer.gone_at is None
        )

    def _caller(self) -> Number | None:
        origin = self.cast.origin
        if origin is None:
            return None
        if self._inbound:
            return read_number(origin.caller_number, self.teller.region)
        return as_extension(origin.extension)

    def _callee(self) -> Number | None:
        return None if self._inbound else self.cast.callee

    def _caller_name(self, origin: Channel | None) -> str | None:
        if origin is None or not self._inbound:
            return None
        # The exchange escapes the quotes in a name once more than it was sent with.
        name = clean(origin.caller_name)
        if "\\" in name:
            name = _ESCAPED_QUOTE.sub('"', name)
        if read_number(name, self.teller.region).kind is NumberKind.WITHHELD:
            return None  # the exchange writes "Anonymous" into the name too
        return None if not name or name == origin.caller_number else name[:200]

    def _did(self, origin: Channel | None) -> str | None:
        if origin is None or not self._inbound:
            return None
        return read_number(origin.dialled_in, self.teller.region).shown

    def waited(self) -> Span:
        """From when until when the customer waited; so far, if he still does."""
        ended = self.now if self.ended_at is None else self.ended_at
        if self._inbound:
            customer_gone = ended if self.customer is None or self.customer.gone_at is None else self.customer.gone_at
            ends = [at for at in (self.first_join, self.took_at, customer_gone) if at is not None]
            return self.started_at, max(self.started_at, min(ends))
        dialled = self._dialled_from()
        return dialled, max(dialled, self._answer(ended))

    def _dialled_from(self) -> float:
        """When the customer (in an internal call the colleague) was first dialled, else the call's start."""
        internal = self.cast.direction is Direction.INTERNAL
        legs = self.tried if internal else list(self.cast.attempts)
        agent = self.cast.origin if self.cast.click_to_call else None
        dialled = [c.started_at if c.dialled_at is None else c.dialled_at for c in legs if c is not agent]
        return min(dialled, default=self.started_at)

    def _answer(self, ended: float) -> float:
        if self.cast.direction is Direction.INTERNAL or self.customer is None or self.customer.up_at is None:
            return ended if self.first_join is None else self.first_join
        return self.customer.up_at

    def ending(self) -> Ending:
        """What the outcome depends on."""
        cast = self.cast
        agent = cast.origin if cast.click_to_call else None
        legs = list(cast.attempts) if cast.direction is Direction.OUTBOUND else self.tried
        legs = [leg for leg in legs if leg is not agent]
        ends = [(leg, self.ends[leg.uid][1]) for leg in legs]
        return Ending(
            direction=cast.direction,
            joined=bool(self.talks),
            click_to_call=cast.click_to_call,
            customer_dialled=bool(legs),
            # Of a call that was joined nobody asks.
            gave_up_waiting=self._inbound and not self.talks and voicemail.gave_up_waiting(self.case, self.customer, legs),
            voicemail=self.took_at is not None,
            somebody_rang=any(self._rang(leg, end) for leg, end in ends),
            tried=tuple(end for _, end in ends if end is not None),
        )

    def _rang(self, leg: Channel, outcome: RingOutcome | None) -> bool:
        if outcome is RingOutcome.UNAVAILABLE and not self._inbound:
            return False  # an announcement of the carrier's, before he refuses, is progress and no ringing
        # CEL tells no ringing, a gap hides it: there a leg that was neither busy nor out of reach is taken to have rung.
        unseen = (self.case.had_gap or not leg.born_live) and outcome in _DECLINED_OR_RANG
        return leg.rang_at is not None or outcome is RingOutcome.DECLINED or unseen

    def _forwarded_to(self, first_transfer_at: float) -> str | None:
        """The outside number that answered without a transfer; if nobody did, the first to which the call was sent on."""
        if self.cast.direction is Direction.OUTBOUND:
            return None
        people = self.cast.people
        legs = [leg for leg in self.tried if people[leg.uid] != leg.extension]
        if not legs:
            return None
        until = min(first_transfer_at, inf if self.first_join is None else self.first_join)
        outside = [people[leg.uid] for leg in legs if leg.started_at < until]
        answered = next(iter(self.talks), None)
        return next((number for number in outside if answered in {None, number}), None)

    def _queued_at(self) -> float | None:
        return None if self._somebody_talks() else queueing.queued_at(self.marks.queued)

    def _recordings(self) -> tuple[str, ...]:
        paths = {path for c in self.marks.recorded for path in c.recordings}
        if len(paths) < 2:
            return tuple(paths)
        by_uid = sorted(self.marks.recorded, key=lambda c: c.birth)
        # Files announced together keep their order: the mix, then its sides.
        found = [(at, c.recording_places.get(file_name(path), 0), path) for c in by_uid for path, at in c.recordings.items()]
        return tuple(dict.fromkeys(path for _, _, path in sorted(found, key=lambda announced: announced[:2])))

    def _source(self) -> Source:
        if self.case.records:
            return Source.BOTH if self.case.live else Source.RECORDS
        return Source.LIVE

    def _partial(self) -> bool:
        origin = self.cast.origin
        if self.case.summarised or self.case.gaps or origin is None or origin.born_at is None:
            return True
        return self.marks.vanished
