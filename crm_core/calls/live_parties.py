"""Who does what in a call that is up, by its rows: phones that ring, people who talk or consult, customers who wait. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from crm_core import references
from crm_core.calls.events import CallState, Direction, RingOutcome, TransferKind
from crm_core.references import Person


class Doing(StrEnum):
    """What a person of ours, or his phone, does in a call. In the order in which a desk shows them."""

    TALKS = "talks"
    CONSULTS = "consults"  # with a colleague, while the customer waits
    DIALS = "dials"
    RINGS = "rings"


class Waits(StrEnum):
    """Where a customer waits with whom nobody speaks now."""

    QUEUE = "queue"
    MENU = "menu"  # a menu or an announcement, also one after a talk: nobody's phone rings
    VOICEMAIL = "voicemail"  # he is leaving a message
    PARKED = "parked"
    HELD = "held"  # on hold, and who held him is not there


@dataclass(frozen=True, slots=True)
class LiveParty:
    """A phone in a call now, and since when it does what it does. `user` None: it belongs to nobody, or stands outside."""

    extension: str
    user: Person | None
    doing: Doing
    since: datetime

    @property
    def talking(self) -> bool:
        return self.doing in (Doing.TALKS, Doing.CONSULTS)

    @property
    def name(self) -> str | None:
        return None if self.user is None else self.user.name


@dataclass(frozen=True, slots=True)
class Before:
    """Who spoke with the customer earlier in this call."""

    extension: str
    user: Person | None
    talk_seconds: float


@dataclass(frozen=True, slots=True)
class Wait:
    """`by`: who parked him, or spoke with him last."""

    where: Waits
    since: datetime
    by: Before | None = None


def parties_of(
    call: Any, talks: Sequence[Any], rings: Sequence[Any], rang_again: Mapping[str, datetime]
) -> tuple[LiveParty, ...]:
    """Everybody who is in the call now, those who talk first.

    `talks` and `rings` are its rows with `user_name`, finished ones too; `rang_again` tells since when a phone rings
    that was called more than once (its row keeps the first ring).
    """
    found = [_party(row, Doing.TALKS, row.joined_at) for row in talks if row.left_at is None]
    found += _caller(call, found)
    found += _consulting(call, talks, rings) if not found else []
    known = {party.extension for party in found}
    ringing = [row for row in rings if row.ended_at is None and row.extension not in known]
    found += [_party(row, Doing.RINGS, max(row.rang_at, rang_again.get(row.extension, row.rang_at))) for row in ringing]
    ringing_now = {row.extension for row in ringing}
    return tuple(party for party in found if party.doing is not Doing.DIALS or party.extension not in ringing_now)


def wait_of(call: Any, talks: Sequence[Any], parties: Sequence[LiveParty]) -> Wait | None:
    """Where and since when the customer waits; None where somebody speaks with him, or phones ring for him out of a queue."""
    if any(party.talking for party in parties):
        return None
    parked = _parked_at(call)
    if parked is not None:
        return Wait(Waits.PARKED, parked, _last(talks))
    if call.direction != Direction.INBOUND:
        return None
    if call.answered_at is None:
        return _not_answered_yet(call, parties)
    if parties:
        return None  # it rings on, or somebody who asks a colleague comes back
    last = max(talks, key=lambda row: row.left_at, default=None)
    where = Waits.HELD if call.state == CallState.HELD else Waits.MENU
    return Wait(where, last.left_at if last is not None else call.answered_at, _last(talks))


def before_of(talks: Sequence[Any], parties: Sequence[LiveParty]) -> tuple[Before, ...]:
    """Who had the customer before those who have him now."""
    now = {party.extension for party in parties if party.talking}
    return tuple(_before(row) for row in talks if row.left_at is not None and row.extension not in now)


def _not_answered_yet(call: Any, parties: Sequence[LiveParty]) -> Wait | None:
    if call.voicemail:
        return Wait(Waits.VOICEMAIL, call.started_at)
    if call.queue is not None:
        return Wait(Waits.QUEUE, call.queued_at or call.started_at)
    return None if parties else Wait(Waits.MENU, call.started_at)


def _caller(call: Any, talking: Sequence[LiveParty]) -> list[LiveParty]:
    """Whoever dialled: until the answer he dials; in an internal call he stands where the customer would, and talks."""
    if call.direction == Direction.INBOUND or call.caller is None or any(party.extension == call.caller for party in talking):
        return []
    user = references.person(call, "user")
    if call.answered_at is None:
        return [LiveParty(call.caller, user, Doing.DIALS, call.started_at)]
    if call.direction == Direction.INTERNAL and talking:
        return [LiveParty(call.caller, user, Doing.TALKS, min(party.since for party in talking))]
    return []


def _consulting(call: Any, talks: Sequence[Any], rings: Sequence[Any]) -> list[LiveParty]:
    """The customer is on hold, and who held him has left his bridge to ask a colleague: within the same call."""
    host = max(talks, key=lambda row: row.left_at, default=None)
    if host is None or call.state != CallState.HELD or _handed_on(call, host.left_at):
        return []
    met = {row.extension for row in talks}
    asked = [row for row in rings if row.outcome == RingOutcome.ANSWERED and row.ended_at >= host.left_at]
    guests = [_party(row, Doing.CONSULTS, row.ended_at) for row in asked if row.extension not in met]
    return [_party(host, Doing.CONSULTS, host.left_at), *guests]


def _handed_on(call: Any, left_at: datetime) -> bool:
    """Whether the call was given away when he left, so that he is in it no more. Told and left come a moment apart."""
    return any(transfer["at"] >= left_at.timestamp() - 2.0 for transfer in call.transfers)


def _parked_at(call: Any) -> datetime | None:
    last = call.transfers[-1] if call.transfers else None
    if last is None or last["kind"] != TransferKind.PARK or last["answered"] or call.state != CallState.HELD:
        return None
    return datetime.fromtimestamp(last["at"], UTC)


def _last(talks: Sequence[Any]) -> Before | None:
    ended = [row for row in talks if row.left_at is not None]
    return _before(max(ended, key=lambda row: row.left_at)) if ended else None


def _before(row: Any) -> Before:
    return Before(row.extension, references.person(row, "user"), row.talk_seconds)


def _party(row: Any, doing: Doing, since: datetime) -> LiveParty:
    return LiveParty(row.extension, references.person(row, "user"), doing, since)
