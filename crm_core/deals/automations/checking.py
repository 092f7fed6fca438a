"""Whether an automation can run as it is set: what it names must be there, and it must not lead to itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.loops import loop_of
from crm_core.deals.automations.rules import Rule, fault_of
from crm_core.deals.automations.triggers import WHEN
from crm_core.deals.automations.typed_values import typed_value
from crm_core.deals.automations.wording import unknown_fields
from crm_core.deals.tables import loss_reasons, pipelines, stages
from crm_core.errors import Conflict, Invalid
from crm_core.fields.definitions import Field, definitions
from crm_core.fields.history import Noun
from crm_core.options import Option, OptionKind
from crm_core.products.tables import work_types
from crm_core.tags.starter import STARTER_RULES
from crm_core.tasks.tables import TaskKind
from crm_core.teams.tables import teams
from crm_core.users.tables import users

PLAIN_FIELDS = ("title", "source")
"""Columns of a deal that `set_field` may write."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`what`: stage, pipeline, user, team, tag, work_type, loss_reason, task_kind, field, template, action, trigger or option;
    `which`: its id or name; `option`: where it is set."""

    what: str
    which: str
    option: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What automations may name. Stages by id with their pipeline."""

    stages: Mapping[int, int]
    pipelines: frozenset[int]
    users: frozenset[int]
    teams: frozenset[int]
    work_types: frozenset[int]
    loss_reasons: frozenset[int]
    fields: Mapping[str, Field | None]  # one of the company's own with its definition
    tags: frozenset[str] = field(default_factory=lambda: frozenset(rule.tag for rule in STARTER_RULES))
    task_kinds: frozenset[str] = field(default_factory=lambda: frozenset(kind.value for kind in TaskKind))

    def has(self, kind: OptionKind, value: Any) -> bool:
        known: dict[OptionKind, Any] = {
            OptionKind.STAGE: self.stages, OptionKind.PIPELINE: self.pipelines, OptionKind.USER: self.users,
            OptionKind.TEAM: self.teams, OptionKind.WORK_TYPE: self.work_types, OptionKind.TAG: self.tags,
            OptionKind.LOSS_REASON: self.loss_reasons, OptionKind.FIELD: self.fields, OptionKind.TASK_KIND: self.task_kinds,
        }  # fmt: skip
        return kind not in known or value in known[kind]


async def known(connection: AsyncConnection) -> Known:
    """As it is now: what was deleted is not known."""
    live = (
        select(stages.c.id, stages.c.pipeline_id)
        .join(pipelines)
        .where(stages.c.archived_at.is_(None), pipelines.c.archived_at.is_(None))
    )
    own = {one.key: one for one in await definitions(connection, Noun.DEAL) if not one.personal}
    return Known(
        stages={row.id: row.pipeline_id for row in await connection.execute(live)},
        pipelines=await _ids(connection, pipelines, pipelines.c.archived_at.is_(None)),
        users=await _ids(connection, users, users.c.active),
        teams=await _ids(connection, teams, teams.c.archived_at.is_(None)),
        work_types=await _ids(connection, work_types, work_types.c.archived_at.is_(None)),
        loss_reasons=await _ids(connection, loss_reasons, loss_reasons.c.archived_at.is_(None)),
        fields={**dict.fromkeys(PLAIN_FIELDS), **own},
    )


async def _ids(connection: AsyncConnection, table: Any, condition: Any) -> frozenset[int]:
    return frozenset((await connection.scalars(select(table.c.id).where(condition))).all())


def faults_of(rule: Rule, there: Known) -> tuple[Fault, ...]:
    """What keeps it from running, or from ever being set going."""
    code = fault_of(rule)
    if code == "no_action":
        return (Fault("action", rule.action_name),)
    if code is not None:
        what, _, which = code.partition(":")
        return (Fault(what, which or rule.trigger.value, which or None),)
    return (*_place_faults(rule, there), *_named_faults(rule, there), *_value_faults(rule, there), *_template_faults(rule))


def _place_faults(rule: Rule, there: Known) -> Iterable[Fault]:
    if rule.pipeline_id is not None and rule.pipeline_id not in there.pipelines:
        yield Fault("pipeline", str(rule.pipeline_id))
    elif rule.stage_id is not None and rule.stage_id not in there.stages:
        yield Fault("stage", str(rule.stage_id))
    target = rule.moves_to
    here = rule.pipeline_id if rule.stage_id is None else there.stages.get(rule.stage_id)
    if target is not None and here is not None and there.stages.get(target, here) != here:
        yield Fault("other_pipeline", str(target), "stage")


def _named_faults(rule: Rule, there: Known) -> Iterable[Fault]:
    options = rule.action.options if rule.action else ()
    yield from _gone(options, rule.set_up(), there)
    yield from _gone(WHEN[rule.trigger], rule.when, there)


def _gone(options: Sequence[Option], values: Mapping[str, Any], there: Known) -> Iterable[Fault]:
    for option in options:
        value = values.get(option.name)
        if value is not None and not there.has(option.kind, value):
            yield Fault(option.kind.value, str(value), option.name)


def _value_faults(rule: Rule, there: Known) -> Iterable[Fault]:
    """What `set_field` would write must be something the field can have."""
    settings = rule.set_up()
    own = there.fields.get(settings.get("field") or "")
    if own is None or "value" not in settings:
        return
    try:
        typed_value(own, str(settings["value"]))
    except Invalid:
        yield Fault("field", own.name, "value")


def _template_faults(rule: Rule) -> Iterable[Fault]:
    settings, names = rule.set_up(), rule.action.templates if rule.action else ()
    for option in names:
        for name in unknown_fields(settings.get(option) or ""):
            yield Fault("template", name, option)


async def require_sound(tx: AsyncConnection, rule: Rule, others: Sequence[Rule]) -> None:
    """Raises Invalid with the facts `fault` (what), `which` and `option`, or Conflict with `loop` [{id, name}, …]: the
    automations that would send a deal round and round, this one first."""
    faults = faults_of(rule, await known(tx))
    if faults:
        first = faults[0]
        raise Invalid(f"There is no such {first.what}: {first.which}", fault=first.what, which=first.which,
                      option=first.option, why="gone")  # fmt: skip
    loop = loop_of(rule, [one for one in others if one.active]) if rule.active else None
    if loop is not None:
        told = [{"id": one.id, "name": one.name or one.action_name} for one in loop]
        raise Conflict("These automations would send a deal round and round", loop=told)
