"""Transfers: the exchange's word says that and by whom, the bridges say who got the call."""

from math import inf

from crm_core.calls.events import Direction, Transfer, TransferKind
from crm_core.contacts.numbers import read_number
from pbx.channels import Channel, Span
from pbx.tracking.case import Case, TransferTold
from pbx.tracking.joins import Together
from pbx.tracking.parties import Cast, came_in

_SAME_MOMENT = 1.5
_HERE = 0.5
_REDIRECTED_WITHIN = 5.0
"""Seconds after his talk within which a customer who is dialled on without a word was redirected."""


def transfers_of(
    case: Case,
    cast: Cast,
    tried: list[Channel],
    talks: dict[str, list[Span]],
    together: list[Together],
    region: str,
) -> tuple[Transfer, ...]:
    """All transfers in order. A blind transfer to the parking place is a part of the parking."""
    may_be_redirected = cast.direction is Direction.INBOUND and bool(talks) and len(tried) > 1
    if not case.transfers and not may_be_redirected:
        return ()
    told = _once(sorted(case.transfers, key=lambda t: (t.at, t.kind)))
    parked = [t.at for t in told if t.kind is TransferKind.PARK]
    told = [t for t in told if t.kind is not TransferKind.BLIND or not _near(t.at, parked)]
    if may_be_redirected:
        told = sorted([*told, *_redirections(case, cast, tried, together, told)], key=lambda t: t.at)
    ends = [*(t.at for t in told[1:]), inf][: len(told)]
    return tuple(_transfer(t, until, case, cast, talks, region) for t, until in zip(told, ends, strict=True))


def _near(at: float, others: list[float]) -> bool:
    return any(abs(at - other) <= _SAME_MOMENT for other in others)


def _redirections(
    case: Case, cast: Cast, tried: list[Channel], together: list[Together], told: list[TransferTold]
) -> list[TransferTold]:
    """A panel's redirect tells no transfer: the customer is taken from a person who did not hang up, and dialled on."""
    found = []
    for group in together:
        customer = next((case.channels[uid] for uid in group.uids & cast.customers), None)
        people = [case.channels[uid] for uid in group.uids if uid in cast.people]
        if customer is None or not people or _near(group.end, [t.at for t in told]):
            continue
        on = [leg for leg in tried if _dialled_on(leg, customer, group.end)]
        if on and not any(_hung_up(c, group.end) for c in [*people, customer]):
            found.append(TransferTold(group.end, TransferKind.BLIND, people[0].uid, people[0].name, to=cast.people[on[0].uid]))
    return found


def _dialled_on(leg: Channel, customer: Channel, since: float) -> bool:
    at = leg.dialled_at
    return leg.dialled_by == customer.uid and at is not None and since - _HERE / 10 <= at <= since + _REDIRECTED_WITHIN


def _hung_up(channel: Channel, at: float) -> bool:
    return channel.hung_up_at is not None and channel.hung_up_at <= at + _HERE


def _once(told: list[TransferTold]) -> list[TransferTold]:
    """Events may come doubled, a moment apart where they carry no time of their own."""
    kept: list[TransferTold] = []
    for t in told:
        if not any(k.kind is t.kind and k.uid == t.uid and t.at - k.at <= _SAME_MOMENT for k in kept):
            kept.append(t)
    return kept


def _transfer(t: TransferTold, until: float, case: Case, cast: Cast, talks: dict[str, list[Span]], region: str) -> Transfer:
    giver = _giver(t, case, cast)
    retriever = _retriever(t, case, cast) if t.kind is TransferKind.PARK else None
    takers = _takers(t.at, until, None if retriever == giver else giver, talks)  # who parked a call may fetch it back himself
    if t.kind is TransferKind.PARK:
        to = retriever or (takers[0] if takers else None)
        return Transfer(t.kind, giver, to, bool(to) and bool(takers), t.at)
    if t.kind is TransferKind.BLIND:
        to = _written(t.to, cast, region) if t.to else (takers[0] if takers else None)
        return Transfer(t.kind, giver, to, bool(takers), t.at)
    if t.stranger:
        return Transfer(t.kind, giver, read_number(t.stranger, region).shown, True, t.at)
    to = _consulted(t, case, cast) or (takers[0] if takers else t.to or None)
    return Transfer(t.kind, giver, to, to in takers or (bool(takers) and to not in talks), t.at)


def _written(to: str, cast: Cast, region: str) -> str | None:
    return to if to in cast.people.values() else read_number(to, region).shown


def _giver(t: TransferTold, case: Case, cast: Cast) -> str | None:
    channel = case.channels.get(t.uid)
    if channel is not None and t.kind is not TransferKind.PARK:
        return cast.people.get(channel.uid, channel.extension)
    # The parker is told as a device, `PJSIP/101`, and may be one of this call's people.
    owner = next((c for c in case.channels.values() if c.name.rpartition("-")[0] == t.by), None)
    if owner is not None:
        return cast.people.get(owner.uid, owner.extension)
    return t.by.partition("/")[2] or None


def _takers(since: float, until: float, giver: str | None, talks: dict[str, list[Span]]) -> list[str]:
    """Who was joined with the customer after the transfer and before the next one, in order."""
    found = [
        (start, person)
        for person, spans in talks.items()
        for start, _ in spans
        if since - _HERE <= start < until and person != giver
    ]
    return [person for _, person in sorted(found)]


def _retriever(t: TransferTold, case: Case, cast: Cast) -> str | None:
    uid = case.retrieved.get(t.other_uid, "")
    return cast.people.get(uid)


def _consulted(t: TransferTold, case: Case, cast: Cast) -> str | None:
    """Whom the transferer had asked: the target told, else the last one dialled who was still there."""
    if t.target_uid in cast.people:
        return cast.people[t.target_uid]
    giver = cast.people.get(t.uid)
    asked = [c for c in map(case.channels.get, cast.people) if c is not None and _was_asked(c, t.at)]
    asked = [c for c in asked if cast.people[c.uid] != giver]
    latest = max(asked, key=lambda c: c.age, default=None)
    return None if latest is None else cast.people[latest.uid]


def _was_asked(channel: Channel, at: float) -> bool:
    gone = inf if channel.gone_at is None else channel.gone_at
    return not came_in(channel) and channel.started_at <= at + _HERE and gone >= at - _HERE
