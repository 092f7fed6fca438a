"""Who calls whom in a load, and how each such call must end: known beforehand, whatever the exchange's records say."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tests.asterisk.load import office

ANSWERED, MISSED, ABANDONED, BUSY, FAILED = (frozenset({o}) for o in ("answered", "missed", "abandoned", "busy", "failed"))
NO_ANSWER, AGENT_NO_ANSWER = frozenset({"no_answer"}), frozenset({"agent_no_answer"})
PATIENT = 40.0
HANDED, ASKED = (office.BLIND, office.TAKES_OVER), (office.ASKS_FIRST, office.TAKES_OVER)
TAKEN = (office.PARKS, office.TAKES_PARKED)


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of a call. `share`: how many of a hundred. `calls`: whom, by whom (`trunk`, a phone, `click` = Originate).

    `direct`: one line called one other and nothing between, so the exchange's CDR must agree. `people`: who must be told
    to have talked, where only one answer is right; `given`: how it must be told to have changed hands.
    """

    name: str
    share: float
    by: str
    calls: str
    outcomes: frozenset[str]
    talks: float = 2.0
    patience: float = PATIENT
    direct: bool = False
    speaks: bool = False
    people: tuple[str, ...] | None = None
    given: str | None = None


# fmt: off
KINDS = (
    Kind("answered", 9, "trunk", office.ANSWERS, ANSWERED, talks=1.5, direct=True, people=(office.QUICK,)),
    Kind("answered, long", 6, "trunk", office.ANSWERS_TOO, ANSWERED, talks=5, direct=True, people=(office.SLOWER,)),
    Kind("given up while it rings", 8, "trunk", office.SILENT, MISSED, patience=1.5, direct=True),
    Kind("busy", 4, "trunk", office.BUSY, BUSY, direct=True),
    Kind("declined", 4, "trunk", office.DECLINES, MISSED, direct=True),
    Kind("switched off", 3, "trunk", office.OFF, FAILED, direct=True),
    Kind("unknown number", 3, "trunk", office.NOT_OURS, FAILED),
    Kind("menu, answered", 4, "trunk", office.MENU, ANSWERED, talks=3.5, people=(office.QUICK,)),
    Kind("menu, given up", 3, "trunk", office.LONG_MENU, ABANDONED, talks=1.2),
    Kind("queue, answered", 3, "trunk", office.SALES, ANSWERED),
    Kind("queue, given up", 4, "trunk", office.SLOW_QUEUE, ABANDONED, patience=1.8),
    Kind("queue, overflow", 3, "trunk", office.OVERFLOW, ANSWERED, people=(office.SLOWER,)),
    Kind("queue of Local members", 3, "trunk", office.LOCALS, ANSWERED),
    Kind("queue after an answer", 6, "trunk", office.GREETED, ANSWERED, talks=3.5),
    Kind("group, answered", 4, "trunk", office.GROUP, ANSWERED, people=(office.SLOWEST,)),
    Kind("group, nobody", 3, "trunk", office.NOBODY_IN_GROUP, MISSED, patience=1.8),
    Kind("voicemail, declined", 2, "trunk", office.MAILBOX, MISSED, talks=6, speaks=True),
    Kind("voicemail, switched off", 2, "trunk", office.MAILBOX_OFF, MISSED, talks=6, speaks=True),
    Kind("handed over blind", 4, "trunk", office.HANDED_ON, ANSWERED, talks=5, people=HANDED, given="blind"),
    Kind("handed over asked first", 4, "trunk", office.CONSULTED, ANSWERED, talks=6, people=ASKED, given="attended"),
    Kind("parked and taken", 2, "trunk", office.PARKED, ANSWERED, talks=8, people=TAKEN, given="park"),
    Kind("picked up by a colleague", 3, "trunk", office.PICKED, ANSWERED, talks=3, people=(office.PICKS_UP,)),
    Kind("out, answered", 5, office.QUICK, "79261", ANSWERED, talks=1.5, direct=True, people=(office.QUICK,)),
    Kind("out, hung up there", 2, office.SLOWER, "79261", ANSWERED, talks=20, direct=True, people=(office.SLOWER,)),
    Kind("out, busy", 2, office.SLOWEST, "79262", BUSY, direct=True),
    Kind("out, no answer", 2, office.QUICK, "79263", NO_ANSWER, patience=1.5, direct=True),
    Kind("inside, answered", 2, office.SLOWER, office.TAKES_OVER, ANSWERED, talks=2, direct=True, people=(office.TAKES_OVER,)),
    Kind("inside, no answer", 1, office.SLOWEST, office.RINGS, NO_ANSWER, patience=1.5, direct=True),
    Kind("click, answered", 2, "click", office.QUICK, ANSWERED, people=(office.QUICK,)),
    Kind("click, customer busy", 1, "click", office.SLOWER, BUSY),
    Kind("click, agent away", 1, "click", office.RINGS, AGENT_NO_ANSWER),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Planned:
    """One call that will be made. `number` is whoever is outside, and nobody else's in this load."""

    kind: Kind
    number: str
    called: str


def plan(calls: int) -> list[Planned]:
    """At least so many calls, each kind by its share and at least once."""
    found: list[Planned] = []
    whole = sum(kind.share for kind in KINDS)
    for kind in KINDS:
        for _ in range(max(1, math.ceil(calls * kind.share / whole - 0.5))):
            found.append(_planned(kind, len(found)))
    return found


def of_kind(planned: Sequence[Planned], kind: Kind) -> list[Planned]:
    return [one for one in planned if one.kind is kind]


def _planned(kind: Kind, place: int) -> Planned:
    if kind.by == "trunk":
        return Planned(kind, f"7916{place:07d}", kind.calls)
    if kind.by == "click":
        outside = f"7926{2 if kind.outcomes == BUSY else 1}{place:06d}"
        return Planned(kind, outside, outside)
    if kind.calls.startswith("7926"):
        number = f"{kind.calls}{place:06d}"
        return Planned(kind, number, number)
    return Planned(kind, "", kind.calls)
