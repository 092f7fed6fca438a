"""What lead rules would have made of the last month's calls and requests. Nothing is written.

Everything about a call that is over is known, so each goes by the rule that would have counted at its end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, visible
from crm_core.calls.events import Direction
from crm_core.calls.tables import calls
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals
from crm_core.leads.edits import NewRule
from crm_core.leads.rule_set import all_rules, looked_up, named, read_calendar
from crm_core.leads.rules import LeadFacts, LeadRule, Way, first_fitting, next_taker
from crm_core.requests.tables import requests
from crm_core.requests.words import RequestState

MONTH = timedelta(days=30)
MOST = 5000
"""Calls, and as many requests, that are looked at: the newest."""
SHOWN = 5
DRAFT = 0
"""The id of a rule that is not kept yet."""


@dataclass(frozen=True, slots=True)
class Example:
    """A call or request; `opened`: it opened a lead then."""

    way: Way
    id: int
    at: datetime
    who: str | None
    opened: bool


@dataclass(frozen=True, slots=True)
class Share:
    """What one rule would have got; `rule` None: what goes as usual, by no rule. `owners`: leads by person, in turn."""

    rule: LeadRule | None
    calls: int
    requests: int
    leads: int
    owners: tuple[tuple[int, int], ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class DryRun:
    since: datetime
    shares: tuple[Share, ...]
    calls: int
    requests: int
    cut: bool  # there were more than are looked at


async def dry_run(
    connection: AsyncConnection, actor: Actor, zone: tzinfo, now: datetime, *, draft: NewRule | None = None,
    instead_of: int | None = None,
) -> DryRun:  # fmt: skip
    """`draft`: a rule that is not kept yet, tried in the place of `instead_of`, or after all others."""
    rules = await _rules(connection, draft, instead_of)
    calendar = await read_calendar(connection, zone)
    since = now - MONTH
    came: list[tuple[Callable[[bool], LeadFacts], Example]] = [
        *await _calls(connection, actor, since),
        *await _requests(connection, actor, since),
    ]
    told = [(facts(calendar.works_at(one.at)), one) for facts, one in came]
    found: dict[int | None, list[Example]] = {rule.id: [] for rule in rules if rule.works}
    for facts_then, one in sorted(told, key=lambda pair: (pair[1].at, pair[1].way, pair[1].id)):
        rule = first_fitting(rules, facts_then)
        found.setdefault(rule.id if rule else None, []).append(one)
    known = {rule.id: rule for rule in rules}
    shares = tuple(_share(known.get(rule_id) if rule_id is not None else None, got) for rule_id, got in found.items())
    counts = [sum(one.way is way for _, one in came) for way in Way]
    return DryRun(since, shares, counts[0], counts[1], cut=MOST in counts)


async def _rules(connection: AsyncConnection, draft: NewRule | None, instead_of: int | None) -> Sequence[LeadRule]:
    rules = list(await all_rules(connection))
    if draft is None:
        return rules
    bare = LeadRule(DRAFT, draft.name, draft.when, draft.then)
    tried = looked_up([bare], await named(connection))[0]
    place = next((place for place, rule in enumerate(rules) if rule.id == instead_of), None)
    if place is None:
        return [*rules, tried]
    rules[place] = replace(tried, last_owner_id=rules[place].last_owner_id)
    return rules


def _share(rule: LeadRule | None, got: Sequence[Example]) -> Share:
    leads = [one for one in got if one.opened]
    ways = [sum(one.way is way for one in got) for way in Way]
    newest = tuple(reversed(got[-SHOWN:]))
    return Share(rule, ways[0], ways[1], len(leads), _owners(rule, len(leads)), newest)


def _owners(rule: LeadRule | None, leads: int) -> tuple[tuple[int, int], ...]:
    given: dict[int, int] = {}
    last = rule.last_owner_id if rule else None
    for _ in range(leads if rule and rule.takers else 0):
        last = next_taker(rule.takers if rule else (), last)
        if last is not None:
            given[last] = given.get(last, 0) + 1
    return tuple(sorted(given.items()))


@dataclass(frozen=True, slots=True)
class _CallFacts:
    row: Any

    def __call__(self, in_hours: bool) -> LeadFacts:
        row = self.row
        return LeadFacts(
            Way.CALL, known=row.known_at is not None and row.known_at < row.started_at, in_hours=in_hours,
            exchange_id=row.exchange_id, did=row.did, queue=row.queue, by_queue=row.queue is not None,
            answered=row.answered_at is not None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _RequestFacts:
    row: Any

    def __call__(self, in_hours: bool) -> LeadFacts:
        kind, _, sender_id = self.row.sender.partition(":")
        known = self.row.known_at is not None and self.row.known_at < self.row.at
        return LeadFacts(Way.REQUEST, known=known, in_hours=in_hours, form_id=int(sender_id) if kind == "form" else None)


async def _calls(connection: AsyncConnection, actor: Actor, since: datetime) -> list[tuple[_CallFacts, Example]]:
    """Calls from outside, of customers who showed their number."""
    opened = exists().where(deals.c.id == calls.c.deal_id, deals.c.created_at >= calls.c.started_at)
    opened = opened.where(calls.c.ended_at.is_(None) | (deals.c.created_at <= calls.c.ended_at)).correlate(calls)
    query = (
        select(
            calls.c.id, calls.c.exchange_id, calls.c.started_at, calls.c.answered_at, calls.c.did, calls.c.queue, calls.c.caller,
            contacts.c.created_at.label("known_at"), opened.label("opened"),
        )
        .outerjoin(contacts, contacts.c.id == calls.c.contact_id)
        .where(calls.c.direction == Direction.INBOUND, calls.c.caller.is_not(None), calls.c.started_at >= since)
        .where(visible(actor, calls))
        .order_by(calls.c.started_at.desc(), calls.c.id.desc())
        .limit(MOST)
    )  # fmt: skip
    rows = (await connection.execute(query)).all()
    return [(_CallFacts(row), Example(Way.CALL, row.id, row.started_at, row.caller, bool(row.opened))) for row in rows]


async def _requests(connection: AsyncConnection, actor: Actor, since: datetime) -> list[tuple[_RequestFacts, Example]]:
    opened = and_(deals.c.created_at >= requests.c.at, deals.c.created_at <= requests.c.at)
    query = (
        select(requests, contacts.c.created_at.label("known_at"), exists().where(deals.c.id == requests.c.deal_id, opened)
               .correlate(requests).label("opened"))
        .outerjoin(contacts, contacts.c.id == requests.c.contact_id)
        .where(requests.c.at >= since, requests.c.state == RequestState.TAKEN)
        .where(exists().where(deals.c.id == requests.c.deal_id, visible(actor, deals)).correlate(requests))
        .order_by(requests.c.at.desc(), requests.c.id.desc())
        .limit(MOST)
    )  # fmt: skip
    rows = (await connection.execute(query)).all()
    return [
        (_RequestFacts(row), Example(Way.REQUEST, row.id, row.at, row.name or row.phone or row.email, bool(row.opened)))
        for row in rows
    ]
