"""What can be said of a call whose journal is no longer kept: its row's rings and talks, and that the reasons are gone."""

from collections.abc import Iterator
from typing import Any

from crm_core.calls.call_json import call_json
from crm_core.calls.events import Call, Direction
from pbx.explaining.explanation import FIGURES, Explanation
from pbx.explaining.ladder import Bar, BarKind, Ladder, Lane, LaneRole
from pbx.explaining.lane_facts import Fact, FactKind
from pbx.explaining.reasons import Reason
from pbx.lines import LineKind

_CUSTOMER = "customer"


def explain_stored(call: Call, now: float) -> Explanation:
    """`now` ends what still goes on. Nobody's holds and second lines are in a row, so the ladder has none."""
    ended = now if call.ended_at is None else call.ended_at
    people = tuple(dict.fromkeys([*(ring.extension for ring in call.rang), *(talk.extension for talk in call.answered_by)]))
    lanes = (_customer(call), *(_person(call, who) for who in people))
    bars = tuple(bar for bar in _bars(call, ended) if bar.end > bar.start)
    ladder = Ladder(lanes, tuple(sorted(_facts(call), key=lambda fact: fact.at)), bars, call.started_at, ended)
    return Explanation(call, ladder, tuple(_reasons(call_json(call))))


def _customer(call: Call) -> Lane:
    """In an internal call whoever called stands there."""
    line = LineKind.PHONE if call.direction is Direction.INTERNAL else LineKind.TRUNK
    who = call.callee if call.direction is Direction.OUTBOUND else call.caller
    return Lane(_CUSTOMER, "", LaneRole.CUSTOMER, line, who, call.started_at, call.ended_at)


def _person(call: Call, who: str) -> Lane:
    begins = [ring.rang_at for ring in call.rang if ring.extension == who]
    begins += [talk.joined_at for talk in call.answered_by if talk.extension == who]
    return Lane(who, "", LaneRole.PERSON, LineKind.PHONE, who, min(begins, default=call.started_at), call.ended_at)


def _bars(call: Call, ended: float) -> Iterator[Bar]:
    for ring in call.rang:
        yield Bar(ring.extension, BarKind.RING, ring.rang_at, ended if ring.ended_at is None else ring.ended_at)
    for talk in call.answered_by:
        yield Bar(talk.extension, BarKind.TALK, talk.joined_at, ended if talk.left_at is None else talk.left_at)


def _facts(call: Call) -> Iterator[Fact]:
    for ring in call.rang:
        yield Fact(ring.rang_at, ring.extension, FactKind.RANG)
    for talk in call.answered_by:
        yield Fact(talk.joined_at, talk.extension, FactKind.JOINED, (_CUSTOMER,))
        if talk.left_at is not None:
            yield Fact(talk.left_at, talk.extension, FactKind.LEFT)


def _reasons(shown: dict[str, Any]) -> Iterator[Reason]:
    """Each figure as it stands in the row."""
    for figure in FIGURES:
        name, _, part = figure.partition(".")
        value = shown[name]
        items: list[int | None] = [None]
        if isinstance(value, list) and name != "linkedids":
            items = list(range(len(value))) or ([] if part else [None])
        for item in items:
            one = value if item is None else value[item]
            who = one.get("extension") if isinstance(one, dict) else None
            yield Reason(figure, one[part] if part else one, "stored", {"who": who} if who else {}, item)
