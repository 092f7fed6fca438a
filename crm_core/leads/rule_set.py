"""The lead rules that count now, in order, with what they name: read once for a batch of calls or for a request."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.beginnings import beginnings
from crm_core.deals.tables import stages
from crm_core.leads.calendar import Calendar, calendar_of
from crm_core.leads.rules import Beginning, Broken, LeadFacts, LeadRule, RuleTask, Then, When, first_fitting, next_taker
from crm_core.leads.tables import lead_rules, working_hours
from crm_core.teams.tables import team_members, teams
from crm_core.users.tables import users

ANY_RULE = exists().where(lead_rules.c.active, lead_rules.c.archived_at.is_(None))
"""Whether there is any rule at all: asked beside something that is asked anyway."""


@dataclass(slots=True)
class RuleSet:
    """`turns`: by rule, who had it last; `moved`: the rules whose turn went on, to be written."""

    rules: tuple[LeadRule, ...] = ()
    calendar: Calendar = field(default_factory=Calendar)
    turns: dict[int, int | None] = field(default_factory=dict)
    moved: set[int] = field(default_factory=set)

    def first_fitting(self, facts: LeadFacts) -> LeadRule | None:
        return first_fitting(self.rules, facts)

    def rule(self, rule_id: int | None) -> LeadRule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def owner_by(self, rule: LeadRule) -> int | None:
        """Whom the rule gives a lead to; a team's turn goes on by it."""
        taker = next_taker(rule.takers, self.turns.get(rule.id))
        if rule.then.team_id is not None:
            self.turns[rule.id] = taker
            self.moved.add(rule.id)
        return taker

    def due(self, task: RuleTask, at: datetime) -> datetime:
        if task.in_hours:
            return self.calendar.after(at, task.within_minutes)
        return at + timedelta(minutes=task.within_minutes)


@dataclass(frozen=True, slots=True)
class Named:
    """What rules may name, as it stands now."""

    pipelines: frozenset[int]  # that take new deals
    stages: Mapping[int, int]  # open ones, in the order of their pipelines: by id, the pipeline
    working: frozenset[int]  # people
    teams: Mapping[int, tuple[int, ...]]  # who takes turns, by id


async def read_rule_set(tx: AsyncConnection, zone: tzinfo) -> RuleSet:
    """The rules that may fit."""
    rules = tuple(rule for rule in await all_rules(tx) if rule.works)
    asks_hours = any(rule.when.in_hours is not None or (rule.then.task and rule.then.task.in_hours) for rule in rules)
    calendar = await read_calendar(tx, zone) if asks_hours else Calendar(zone)
    return RuleSet(rules, calendar, {rule.id: rule.last_owner_id for rule in rules})


async def read_calendar(tx: AsyncConnection, zone: tzinfo) -> Calendar:
    rows = await tx.execute(select(working_hours.c.day, working_hours.c.begins, working_hours.c.ends))
    return calendar_of(((row.day, row.begins, row.ends) for row in rows), zone)


async def keep_turns(tx: AsyncConnection, rule_set: RuleSet) -> None:
    rows = [{"rule": rule_id, "taker": rule_set.turns[rule_id]} for rule_id in sorted(rule_set.moved)]
    if rows:
        turn = update(lead_rules).where(lead_rules.c.id == bindparam("rule")).values(last_owner_id=bindparam("taker"))
        await tx.execute(turn, rows)


async def all_rules(tx: AsyncConnection) -> tuple[LeadRule, ...]:
    """Every rule that is not deleted, in order, also those switched off or broken."""
    query = select(lead_rules).where(lead_rules.c.archived_at.is_(None)).order_by(lead_rules.c.position, lead_rules.c.id)
    rules = [_rule(row) for row in await tx.execute(query)]
    return looked_up(rules, await named(tx)) if rules else ()


PEOPLE = (
    select(users.c.id, team_members.c.team_id, team_members.c.leads)
    .select_from(
        users.outerjoin(
            team_members.join(teams, and_(teams.c.id == team_members.c.team_id, teams.c.archived_at.is_(None))),
            team_members.c.user_id == users.c.id,
        )
    )
    .where(users.c.active)
    .order_by(users.c.id)
)


async def named(tx: AsyncConnection) -> Named:
    begins = {row.id: row.pipeline_id for row in await tx.execute(beginnings(stages.c.id, stages.c.pipeline_id))}
    rows = (await tx.execute(PEOPLE)).all()
    return Named(frozenset(begins.values()), begins, frozenset(row.id for row in rows), _in_turn(rows))


def looked_up(rules: Iterable[LeadRule], named: Named) -> tuple[LeadRule, ...]:
    """The rules with where their leads begin, who takes them, and what of it is no more. Pure."""
    return tuple(rule if Broken.UNREADABLE in rule.broken else _looked_up(rule, named) for rule in rules)


def _looked_up(rule: LeadRule, named: Named) -> LeadRule:
    then, broken = rule.then, []
    beginning = _beginning(then, named)
    if then.pipeline_id is not None and then.pipeline_id not in named.pipelines:
        broken.append(Broken.PIPELINE)
    elif beginning is None and (then.pipeline_id is not None or then.stage_id is not None):
        broken.append(Broken.STAGE)
    takers: tuple[int, ...] = ()
    if then.team_id is not None:
        takers = named.teams.get(then.team_id, ())
        broken += [] if takers else [Broken.TEAM]
    elif then.owner_id is not None:
        takers = (then.owner_id,)
        broken += [] if then.owner_id in named.working else [Broken.OWNER]
    return replace(rule, beginning=beginning, takers=takers, broken=tuple(broken))


def _beginning(then: Then, named: Named) -> Beginning | None:
    if then.stage_id is not None:
        pipeline = named.stages.get(then.stage_id)
        fits = pipeline is not None and then.pipeline_id in (None, pipeline)
        return Beginning(pipeline, then.stage_id) if fits and pipeline is not None else None
    if then.pipeline_id is None:
        return None
    first = next((stage for stage, pipeline in named.stages.items() if pipeline == then.pipeline_id), None)
    return None if first is None else Beginning(then.pipeline_id, first)


def _in_turn(rows: Sequence[Any]) -> dict[int, tuple[int, ...]]:
    """A team's leads go to who works in it; to who leads it only where nobody else does."""
    found: dict[int, tuple[list[int], list[int]]] = {}
    for row in rows:
        if row.team_id is not None:
            found.setdefault(row.team_id, ([], []))[bool(row.leads)].append(row.id)
    return {team: tuple(members or leaders) for team, (members, leaders) in found.items()}


def _rule(row: Any) -> LeadRule:
    bare = LeadRule(row.id, row.name, When(), Then(), active=row.active, last_owner_id=row.last_owner_id)
    try:
        return replace(bare, when=msgspec.convert(row.when, When), then=msgspec.convert(row.then, Then))
    except msgspec.ValidationError:
        return replace(bare, broken=(Broken.UNREADABLE,))
