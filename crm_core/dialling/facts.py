"""What must be known to judge one click: read in a few queries, judged by pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, visible
from crm_core.calls.events import Direction
from crm_core.calls.tables import calls, exchanges
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.dialling.attempts import ORDERED, Verdict
from crm_core.dialling.phones import Phone
from crm_core.dialling.rules import DialRules, rules_of
from crm_core.dialling.tables import dial_attempts
from crm_core.users.tables import user_extensions, users

# The longest span a cap looks back over: a day of 25 hours, where the clocks change.
CAPS_LOOK_BACK = timedelta(hours=25)


@dataclass(frozen=True, slots=True)
class DialFacts:
    """`phones`: every extension that is somebody's now; `calls`: when his last calls by a click were ordered;
    `tries`: how often he asked within the hour, refused or not."""

    may_dial_unknown: bool
    may_dial_for_others: bool
    phones: tuple[Phone, ...]
    calls: tuple[datetime, ...]
    tries: int


@dataclass(frozen=True, slots=True)
class DialExchange:
    region: str
    rules: DialRules
    house_numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Attempt:
    id: int
    user_id: int
    number: str | None
    at: datetime


async def gather(connection: AsyncConnection, actor: Actor, *, now: datetime) -> DialFacts:
    """What does not depend on the number."""
    row = (await connection.execute(select(users).where(users.c.id == actor.user_id))).one()
    own = select(dial_attempts.c.at, dial_attempts.c.verdict)
    own = own.where(dial_attempts.c.user_id == actor.user_id, dial_attempts.c.at > now - CAPS_LOOK_BACK)
    lately = (await connection.execute(own)).all()
    return DialFacts(
        may_dial_unknown=row.may_dial_unknown, may_dial_for_others=row.may_dial_for_others,
        phones=await phones(connection),
        calls=tuple(one.at for one in lately if one.verdict in ORDERED),
        tries=sum(one.at > now - timedelta(hours=1) for one in lately),
    )  # fmt: skip


async def phones(connection: AsyncConnection, *whose: ColumnElement[bool]) -> tuple[Phone, ...]:
    """Every extension that is somebody's now, on every exchange."""
    query = (
        select(
            user_extensions, exchanges.c.name, exchanges.c.active, exchanges.c.dial_user, exchanges.c.dial_secret,
            exchanges.c.dial_secret_file,
            users.c.name.label("owner"),
        )
        .join(exchanges, exchanges.c.id == user_extensions.c.exchange_id)
        .join(users, users.c.id == user_extensions.c.user_id)
        .where(user_extensions.c.until.is_(None), *whose)
        .order_by(exchanges.c.id, user_extensions.c.extension)
    )  # fmt: skip
    return tuple(
        Phone(
            row.exchange_id,
            row.name,
            row.extension,
            row.user_id,
            row.active,
            bool(row.dial_user and (row.dial_secret or row.dial_secret_file)),
            row.owner,
        )
        for row in await connection.execute(query)
    )


async def exchange_of(connection: AsyncConnection, exchange_id: int) -> DialExchange:
    rows = (await connection.execute(select(exchanges))).all()
    row: Any = next(one for one in rows if one.id == exchange_id)
    house = frozenset(number for one in rows for number in one.own_numbers)
    return DialExchange(row.region, rules_of(row.dial_rules, row.region), house)


async def attempts_on(
    connection: AsyncConnection, exchange_id: int, extension: str, verdicts: Sequence[Verdict], since: datetime
) -> Sequence[Attempt]:
    """The attempts of anybody from this phone that are in one of these states, newest first."""
    query = select(dial_attempts).where(
        dial_attempts.c.exchange_id == exchange_id, dial_attempts.c.extension == extension,
        dial_attempts.c.verdict.in_(verdicts), dial_attempts.c.at > since,
    )  # fmt: skip
    rows = await connection.execute(query.order_by(dial_attempts.c.id.desc()))
    return [Attempt(row.id, row.user_id, row.number, row.at) for row in rows]


async def is_known(connection: AsyncConnection, actor: Actor, number: str) -> bool:
    """Whether it is a contact's or called us before, as far as the actor may see: what is a colleague's tells him nothing."""
    of_contact = (
        select(contact_numbers.c.id)
        .join(contacts, contacts.c.id == contact_numbers.c.contact_id)
        .where(contact_numbers.c.number == number, visible(actor, contacts))
    )
    called_us = select(calls.c.id).where(calls.c.caller == number, calls.c.direction == Direction.INBOUND, visible(actor, calls))
    found = await connection.scalar(select(or_(of_contact.exists(), called_us.exists())))
    return bool(found)


async def ordered_since(connection: AsyncConnection, since: datetime) -> dict[int, list[datetime]]:
    """When each user's calls by a click were ordered, after that moment."""
    query = select(dial_attempts.c.user_id, dial_attempts.c.at).where(
        dial_attempts.c.at > since, dial_attempts.c.verdict.in_(ORDERED)
    )
    found: dict[int, list[datetime]] = {}
    for user_id, at in await connection.execute(query):
        found.setdefault(user_id, []).append(at)
    return found
