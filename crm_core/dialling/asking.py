"""Ask for a call by a click: every rule is looked at, and the attempt is written down whatever comes of it.

All in one transaction that no other such transaction runs beside: two clicks at once cannot pass a cap both.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.access import Actor, Right, require
from crm_core.db import one_at_a_time
from crm_core.dialling import facts
from crm_core.dialling.attempts import ORIGINATE, UNDER_WAY, Verdict
from crm_core.dialling.caps import Cap, caps_at, newly_near, over
from crm_core.dialling.facts import DialFacts
from crm_core.dialling.numbers import Target, target_of
from crm_core.dialling.phones import Phone, Wanted, phone_for
from crm_core.dialling.refusals import Reason, Refusal
from crm_core.dialling.rules import DialRules
from crm_core.dialling.tables import dial_attempts
from crm_core.events import Event, EventKind
from crm_core.jobs import enqueue
from crm_core.users.audit import record

DIALLING = 4_071_964  # any number of our own
AT_ONCE = timedelta(seconds=5)
SLACK = timedelta(seconds=10)  # after its ring time an attempt is no longer under way, whatever its row says
MOST_TRIES = 300  # of one user an hour, the refused ones too: beyond it not even a row is written


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it: the attempt, and the refusal if it is one. `again`: the same was asked before and is under way."""

    attempt_id: int | None
    refusal: Refusal | None = None
    again: bool = False


async def ask(
    tx: AsyncConnection, actor: Actor, wanted: Wanted, *, now: datetime, zone: ZoneInfo, key: str | None = None
) -> Asked:
    """Order the call or refuse it. `key`: sent again with the same one, nothing is ordered twice. Raises Forbidden by role."""
    require(actor, Right.WORK)
    await one_at_a_time(tx, DIALLING)
    channel_id = _channel_id(actor.user_id, key)
    before = await tx.scalar(select(dial_attempts.c.id).where(dial_attempts.c.channel_id == channel_id))
    if before is not None:
        return Asked(before, again=True)
    known = await facts.gather(tx, actor, now=now)
    if known.tries >= MOST_TRIES:
        return Asked(None, Refusal(Reason.TOO_MANY_TRIES, again_in=timedelta(hours=1)))
    return await _decided(tx, actor, wanted, known, now, zone, channel_id)


async def _decided(
    tx: AsyncConnection, actor: Actor, wanted: Wanted, known: DialFacts, now: datetime, zone: ZoneInfo, channel_id: str
) -> Asked:
    phone = phone_for(wanted, known.phones, actor.user_id, for_others=known.may_dial_for_others)
    if isinstance(phone, Refusal):
        return await _refuse(tx, actor, None, phone, now)
    exchange = await facts.exchange_of(tx, phone.exchange_id)
    target = target_of(wanted.to, exchange.region, exchange.rules)
    if isinstance(target, Refusal):
        return await _refuse(tx, actor, phone, target, now)
    under_way = await _under_way(tx, phone, exchange.rules, now)
    for attempt in under_way:
        if attempt.user_id == actor.user_id and attempt.number == target.digits and attempt.at > now - AT_ONCE:
            return Asked(attempt.id, again=True)
    caps = caps_at(exchange.rules, known.calls, now, zone)
    refusal = await _refusal(tx, actor, phone, target, exchange, known) or over(caps, now, target.digits)
    if under_way and refusal is None:
        refusal = Refusal(Reason.ALREADY_CALLING, target.digits)
    if refusal is not None:
        return await _refuse(tx, actor, phone, refusal, now)
    return await _order(tx, actor, phone, target, caps, now, channel_id)


async def _refusal(
    tx: AsyncConnection, actor: Actor, phone: Phone, target: Target, exchange: facts.DialExchange, known: DialFacts
) -> Refusal | None:
    """What speaks against it beside the caps."""
    if exchange.rules.device_of(phone.extension) is None:
        return Refusal(Reason.UNUSABLE_EXTENSION, target.digits)
    if target.digits in exchange.house_numbers:
        return Refusal(Reason.OWN_NUMBER, target.digits)
    if not (target.short or known.may_dial_unknown or await facts.is_known(tx, actor, target.digits)):
        return Refusal(Reason.UNKNOWN_NUMBER, target.digits)
    return None


async def _under_way(tx: AsyncConnection, phone: Phone, rules: DialRules, now: datetime) -> Sequence[facts.Attempt]:
    since = now - timedelta(seconds=rules.ring_seconds) - SLACK
    return await facts.attempts_on(tx, phone.exchange_id, phone.extension, UNDER_WAY, since)


async def _refuse(tx: AsyncConnection, actor: Actor, phone: Phone | None, refusal: Refusal, now: datetime) -> Asked:
    row = {"at": now, "user_id": actor.user_id, "number": refusal.number, "verdict": refusal.reason.value, **_from(phone)}
    return Asked(await _written(tx, actor, row, now), refusal)


async def _order(
    tx: AsyncConnection, actor: Actor, phone: Phone, target: Target, caps: Sequence[Cap], now: datetime, channel_id: str
) -> Asked:
    row = {"at": now, "user_id": actor.user_id, "number": target.digits, "verdict": Verdict.ASKED.value,
           "channel_id": channel_id, **_from(phone)}  # fmt: skip
    attempt_id = await _written(tx, actor, row, now)
    await enqueue(tx, ORIGINATE, f"{ORIGINATE}:{attempt_id}", {"attempt_id": attempt_id}, now=now)
    told = [Event(EventKind.DIAL_CHANGED, now, (actor.user_id,), user_id=actor.user_id)]
    told += [_near(actor, cap, attempt_id, now) for cap in newly_near(caps)]
    await event_log.append(tx, told)
    return Asked(attempt_id)


async def _written(tx: AsyncConnection, actor: Actor, row: dict[str, object], now: datetime) -> int:
    attempt_id: int = (await tx.execute(insert(dial_attempts).values(row).returning(dial_attempts.c.id))).scalar_one()
    told = {"verdict": row["verdict"], "extension": row["extension"]}
    await record(tx, actor.user_id, "call_asked_for", "dial_attempt", attempt_id, now=now, facts=told)
    return attempt_id


def _from(phone: Phone | None) -> dict[str, object]:
    return {"exchange_id": phone and phone.exchange_id, "extension": phone and phone.extension}


def _near(actor: Actor, cap: Cap, attempt_id: int, now: datetime) -> Event:
    """For whoever sees everybody: head and administrator."""
    told = {"user_id": actor.user_id, "cap": cap.reason.value, "used": cap.used + 1, "most": cap.most}
    key = f"dial_cap:{attempt_id}:{cap.reason.value}"
    return Event(EventKind.DIAL_CAP_NEARED, now, (), user_id=actor.user_id, facts=told, key=key)


def _channel_id(user_id: int, key: str | None) -> str:
    """Nobody's guess, and not of the exchange's own form; the same again for the same key of the same user."""
    if key is None:
        return f"firstring-{secrets.token_hex(12)}"
    return f"firstring-k{hashlib.sha256(f'{user_id}:{key}'.encode(errors='backslashreplace')).hexdigest()[:24]}"
