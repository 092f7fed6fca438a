"""Transfers: the exchange's word says that and by whom, the bridges say who got the call."""

from math import inf

from crm_core.calls.events import Transfer, TransferKind
from pbx.case import Case, TransferTold
from pbx.channels import Channel, Span
from pbx.lines import extension_of, split_name
from pbx.parties import Cast, came_in

_SAME_MOMENT = 1.5
_HERE = 0.5


def transfers_of(case: Case, cast: Cast, talks: dict[str, list[Span]], now: float) -> tuple[Transfer, ...]:
    """All transfers in order. A blind transfer to the parking place is a part of the parking."""
    told = _once(sorted(case.transfers, key=lambda t: (t.at, t.kind)))
    parked = [t for t in told if t.kind is TransferKind.PARK]
    told = [t for t in told if t.kind is not TransferKind.BLIND or not any(abs(p.at - t.at) <= _SAME_MOMENT for p in parked)]
    ends = [*(t.at for t in told[1:]), inf][: len(told)]
    return tuple(_transfer(t, until, case, cast, talks) for t, until in zip(told, ends, strict=True))


def _once(told: list[TransferTold]) -> list[TransferTold]:
    """Events may come doubled, a moment apart where they carry no time of their own."""
    kept: list[TransferTold] = []
    for t in told:
        if not any(k.kind is t.kind and k.uid == t.uid and t.at - k.at <= _SAME_MOMENT for k in kept):
            kept.append(t)
    return kept


def _transfer(t: TransferTold, until: float, case: Case, cast: Cast, talks: dict[str, list[Span]]) -> Transfer:
    giver = _giver(t, case, cast)
    takers = _takers(t.at, until, giver, talks)
    if t.kind is TransferKind.PARK:
        to = _retriever(t, case, cast) or (takers[0] if takers else None)
        return Transfer(t.kind, giver, to, bool(to) and bool(takers), t.at)
    if t.kind is TransferKind.BLIND:
        to = t.to or (takers[0] if takers else None)
        return Transfer(t.kind, giver, to, bool(takers), t.at)
    to = _consulted(t, case, cast) or (takers[0] if takers else t.to or None)
    return Transfer(t.kind, giver, to, to in takers or (bool(takers) and to not in talks), t.at)


def _giver(t: TransferTold, case: Case, cast: Cast) -> str | None:
    channel = case.channels.get(t.uid)
    if channel is not None and t.kind is not TransferKind.PARK:
        return cast.people.get(channel.uid, channel.extension)
    _, endpoint = split_name(t.by)
    return extension_of(endpoint, "") or None


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
    latest = max(asked, key=lambda c: (c.started_at, c.uid), default=None)
    return None if latest is None else cast.people[latest.uid]


def _was_asked(channel: Channel, at: float) -> bool:
    gone = inf if channel.gone_at is None else channel.gone_at
    return not came_in(channel) and channel.started_at <= at + _HERE and gone >= at - _HERE
