"""Lead rules are written, put in order, switched on and off, and deleted; and the working hours they ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.tables import exchanges
from crm_core.contacts.numbers import read_number
from crm_core.db import one_at_a_time
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.leads.calendar import WEEKDAYS, hours_read, told
from crm_core.leads.rule_set import looked_up, named
from crm_core.leads.rules import Broken, LeadRule, RuleTask, Then, When
from crm_core.leads.tables import lead_rules, working_hours
from crm_core.requests.tables import request_forms
from crm_core.tasks.tables import TaskKind
from crm_core.text import clean, one_line
from crm_core.users.audit import record

RULES = 4_071_963  # any number of our own
MOST_RULES = 200
MOST_NAMED = 100
LONGEST_NAME = 200
LONGEST_WITHIN = 60 * 24 * 60
"""Minutes of the farthest deadline: sixty days."""
SETTABLE = (TaskKind.CLASSIFY, TaskKind.CALL_BACK, TaskKind.OTHER)
MOST_DAYS = 400

SAYS = {
    Broken.PIPELINE: "pipeline_id: this pipeline takes no deals",
    Broken.STAGE: "stage_id: a lead begins on an open stage of the pipeline",
    Broken.OWNER: "owner_id: nobody of that id works here",
    Broken.TEAM: "team_id: in this team is nobody who could take turns",
}


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule as somebody wrote it. `when` and `then` as `When` and `Then` have it."""

    name: str
    when: When = field(default_factory=When)
    then: Then = field(default_factory=Then)
    active: bool = True


async def fit_rule(tx: AsyncConnection, new: NewRule, region: str) -> NewRule:
    """The rule with all texts and numbers as they are kept; raises Invalid for what could never fit or would be skipped."""
    name = one_line(new.name, LONGEST_NAME)
    if not name:
        raise Invalid("A rule has a name", field="name")
    fitting = replace(new, name=name, when=_fit_when(new.when, region), then=_fit_then(new.then))
    await _require_there(tx, fitting.when)
    bare = LeadRule(0, name, fitting.when, fitting.then)
    broken = looked_up([bare], await named(tx))[0].broken
    if broken:
        raise Invalid(SAYS[broken[0]], field=SAYS[broken[0]].partition(":")[0], why=broken[0].value)
    return fitting


async def add_rule(tx: AsyncConnection, new: NewRule, region: str, *, by: int | None, now: datetime) -> int:
    """At the end of the order; tells its id."""
    await one_at_a_time(tx, RULES)
    fitting = await fit_rule(tx, new, region)
    living = select(func.count(), func.max(lead_rules.c.position)).where(lead_rules.c.archived_at.is_(None))
    count, last = (await tx.execute(living)).one()
    if count >= MOST_RULES:
        raise Conflict(f"There are {MOST_RULES} rules already; delete one first")
    row = {**_row(fitting), "position": 0 if last is None else last + 1, "created_at": now, "created_by": by}
    rule_id: int = (await tx.execute(insert(lead_rules).values(row).returning(lead_rules.c.id))).scalar_one()
    await _tell(tx, rule_id, "lead_rule_added", by, now)
    return rule_id


async def change_rule(tx: AsyncConnection, rule_id: int, new: NewRule, region: str, *, by: int | None, now: datetime) -> None:
    """Raises NotFound for one that is deleted, Invalid."""
    known = await _living(tx, rule_id)
    fitting = await fit_rule(tx, new, region)
    changed = {name: value for name, value in _row(fitting).items() if getattr(known, name) != value}
    if changed:
        await tx.execute(update(lead_rules).where(lead_rules.c.id == rule_id).values(changed))
        facts = {name: [getattr(known, name), value] for name, value in changed.items()}
        await _tell(tx, rule_id, "lead_rule_changed", by, now, facts)


async def switch_rule(tx: AsyncConnection, rule_id: int, active: bool, *, by: int | None, now: datetime) -> None:
    """On or off; one that is broken may be switched, too."""
    known = await _living(tx, rule_id)
    if known.active != active:
        await tx.execute(update(lead_rules).where(lead_rules.c.id == rule_id).values(active=active))
        await _tell(tx, rule_id, "lead_rule_switched", by, now, {"active": [known.active, active]})


async def delete_rule(tx: AsyncConnection, rule_id: int, *, by: int | None, now: datetime) -> None:
    """It counts no more; the deals that began by it go on naming it."""
    await _living(tx, rule_id)
    await tx.execute(update(lead_rules).where(lead_rules.c.id == rule_id).values(archived_at=now, active=False))
    await _tell(tx, rule_id, "lead_rule_deleted", by, now)


async def order_rules(tx: AsyncConnection, ids: Sequence[int], *, by: int | None, now: datetime) -> None:
    """All rules in this order; raises Conflict if somebody added or deleted one meanwhile."""
    await one_at_a_time(tx, RULES)
    living = select(lead_rules.c.id).where(lead_rules.c.archived_at.is_(None)).order_by(lead_rules.c.position, lead_rules.c.id)
    known = list(await tx.scalars(living))
    if sorted(known) != sorted(ids):
        raise Conflict("The rules changed meanwhile; look at them again")
    if known == list(ids):
        return
    places = [{"rule": rule_id, "place": place} for place, rule_id in enumerate(ids)]
    await tx.execute(update(lead_rules).where(lead_rules.c.id == bindparam("rule")).values(position=bindparam("place")), places)
    await _tell(tx, None, "lead_rules_ordered", by, now, {"order": [known, list(ids)]})


Hours = tuple[str, str] | None
"""`09:00`, `18:00`; None: a day off."""


async def set_hours(
    tx: AsyncConnection, week: Sequence[Hours], days: Mapping[str, Hours], *, by: int | None, now: datetime
) -> None:
    """When the company works: seven weekdays from Monday on, and single days by their date; raises Invalid."""
    if len(week) != len(WEEKDAYS) or len(days) > MOST_DAYS:
        raise Invalid(f"Working hours are those of seven weekdays, and of at most {MOST_DAYS} single days", field="week")
    rows = [{"day": day, **_fit_hours(day, hours)} for day, hours in zip(WEEKDAYS, week, strict=True)]
    rows += [{"day": _fit_day(day), **_fit_hours(day, hours)} for day, hours in days.items()]
    await one_at_a_time(tx, RULES)
    await tx.execute(delete(working_hours))
    await tx.execute(insert(working_hours), list({row["day"]: row for row in rows}.values()))
    await _tell(tx, None, "working_hours_set", by, now)


def _fit_hours(day: str, hours: Hours) -> dict[str, str | None]:
    if hours is None:
        return {"begins": None, "ends": None}
    try:
        read = hours_read(*hours)
    except ValueError as error:
        raise Invalid(f"{day}: write the hours as 09:00 and 18:00", field=day) from error
    return {"begins": told(read.begins), "ends": told(read.ends)}


def _fit_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Invalid(f"{text[:20]!r} is no day; write it as 2026-12-31", field="days") from error


def _fit_when(when: When, region: str) -> When:
    """A DID as people write it becomes one as calls have it."""
    for name, many in (("dids", when.dids), ("queues", when.queues), ("forms", when.forms)):
        if len(many) > MOST_NAMED:
            raise Invalid(f"{name}: at most {MOST_NAMED}", field=name)
    dids = [read_number(clean(did, 80), region).shown for did in when.dids]
    queues = [one_line(queue, 120) for queue in when.queues]
    return replace(when, dids=_unlike(dids), queues=_unlike(queues), forms=tuple(dict.fromkeys(when.forms)))


def _unlike(texts: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _fit_then(then: Then) -> Then:
    if then.owner_id is not None and then.team_id is not None:
        raise Invalid("team_id: a lead goes to one person or to a team", field="team_id")
    return then if then.task is None else replace(then, task=_fit_task(then.task))


def _fit_task(task: RuleTask) -> RuleTask:
    title = one_line(task.title, 300) or None
    if task.kind not in SETTABLE:
        raise Invalid(f"task.kind is one of: {', '.join(SETTABLE)}", field="task.kind")
    if task.kind is TaskKind.OTHER and title is None:
        raise Invalid("task.title: a task says what is to be done", field="task.title")
    if not 1 <= task.within_minutes <= LONGEST_WITHIN:
        raise Invalid(f"task.within_minutes is a number from 1 to {LONGEST_WITHIN}", field="task.within_minutes")
    return replace(task, title=title)


async def _require_there(tx: AsyncConnection, when: When) -> None:
    asked = select(exchanges.c.id).where(exchanges.c.id == when.exchange_id)
    if when.exchange_id is not None and await tx.scalar(asked) is None:
        raise Invalid("exchange_id: there is no such exchange", field="exchange_id")
    known = set(await tx.scalars(select(request_forms.c.id).where(request_forms.c.id.in_(when.forms)))) if when.forms else set()
    if missing := set(when.forms) - known:
        raise Invalid(f"forms: there is no form {min(missing)}", field="forms")


def _row(rule: NewRule) -> dict[str, Any]:
    when, then = msgspec.to_builtins(rule.when), msgspec.to_builtins(rule.then)
    return {"name": rule.name, "active": rule.active, "when": when, "then": then}


async def _living(tx: AsyncConnection, rule_id: int) -> Row[Any]:
    living = select(lead_rules).where(lead_rules.c.id == rule_id, lead_rules.c.archived_at.is_(None))
    row = (await tx.execute(living.with_for_update())).one_or_none()
    if row is None:
        raise NotFound(noun="lead_rules", id=rule_id)
    return row


async def _tell(
    tx: AsyncConnection, rule_id: int | None, deed: str, by: int | None, now: datetime, facts: dict[str, Any] | None = None
) -> None:
    await record(tx, by, deed, "lead_rule", rule_id, now=now, facts=facts)
    told_facts = {"deed": deed} | ({} if rule_id is None else {"rule_id": rule_id})
    await event_log.append(tx, [Event(EventKind.PIPELINE_CHANGED, now, None, user_id=by, facts=told_facts)])
