"""`automations`: what runs by itself on deals; what it did, and what it would have done. For administrators."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb
from api.paths import PathId
from api.rest.models import Answer, Moment, Page, StageOut
from crm_core.access import Right, require, require_visible
from crm_core.deals.automations import edits, queries
from crm_core.deals.automations.dry_runs import MOST, DryLine, dry_run
from crm_core.deals.automations.edits import NewAutomation
from crm_core.deals.automations.queries import AutomationLine, RunLine
from crm_core.deals.automations.registry import actions
from crm_core.deals.automations.rules import Rule
from crm_core.deals.automations.triggers import LABELS, WHEN
from crm_core.deals.automations.words import Deed, GiveDeal, LoseDeal, MoveDeal, Note, RunState, SetField, SetTask, Trigger
from crm_core.deals.tables import deals
from crm_core.options import Option

router = APIRouter(tags=["automations"])

Name = Annotated[str | None, Field(max_length=200)]
Values = Annotated[dict[str, Any], Field(max_length=50)]
Id = Annotated[int | None, Field(ge=1, le=2**31 - 1)]


class AutomationIn(BaseModel):
    """`stage_id` null: any stage of the pipeline; both null: of every pipeline. `when`, `settings`: see `automation-actions`."""

    action: Annotated[str, Field(max_length=60)]
    trigger: Annotated[str, Field(json_schema_extra={"enum": [*Trigger]}, max_length=20)]
    pipeline_id: Id = None
    stage_id: Id = None
    name: Name = None
    when: Values = {}
    settings: Values = {}
    active: bool = True


class AutomationChange(BaseModel):
    """What is left out stays; `when` and `settings` are replaced whole. `places`: earlier (negative) or later in the order."""

    pipeline_id: Id = None
    stage_id: Id = None
    name: Name = None
    when: Values | None = None
    settings: Values | None = None
    active: bool | None = None
    places: Annotated[int | None, Field(ge=-300, le=300)] = None


class FaultOut(Answer):
    what: str
    which: str
    option: str | None


class AutomationOut(BaseModel):
    """`faults`: what it names and is not there any more; `loop`: ids of the automations it would send a deal round with; `runs`:
    how many of the last thirty days ended in which state."""

    id: int
    name: str | None
    action: str
    trigger: str
    pipeline_id: int | None
    stage: StageOut | None
    when: dict[str, Any]
    settings: dict[str, Any]
    active: bool
    built_in: bool
    created_at: Moment
    faults: list[FaultOut]
    loop: list[int]
    runs: dict[str, int]
    last_at: Moment | None

    @classmethod
    def of(cls, line: AutomationLine) -> "AutomationOut":
        rule = line.rule
        return cls(
            id=rule.id, name=rule.name, action=rule.action_name, trigger=rule.trigger, pipeline_id=rule.pipeline_id,
            stage=StageOut.model_validate(line.stage) if line.stage else None, when=dict(rule.when), settings=dict(rule.settings),
            active=rule.active, built_in=rule.built_in, created_at=rule.created_at,
            faults=[FaultOut.model_validate(fault) for fault in line.faults], loop=[one.id for one in line.loop],
            runs=dict(line.counts), last_at=line.last_at,
        )  # fmt: skip


class OptionOut(BaseModel):
    name: str
    kind: str
    label: str
    default: Any
    required: bool
    least: float | None
    most: float | None
    choices: list[str]

    @classmethod
    def of(cls, option: Option) -> "OptionOut":
        return cls(
            name=option.name, kind=option.kind, label=option.label, default=option.default, required=option.required,
            least=option.least, most=option.most, choices=[value for value, _ in option.choices],
        )  # fmt: skip


class ActionOut(BaseModel):
    name: str
    label: str
    triggers: list[str]
    settings: list[OptionOut]


class TriggerOut(BaseModel):
    name: str
    label: str
    when: list[OptionOut]


class ActionsOut(BaseModel):
    """What can be set up: what is done, and what sets it going."""

    actions: list[ActionOut]
    triggers: list[TriggerOut]


class RunOut(BaseModel):
    """`facts`: what it did (ids of tasks, stage, owner …), or what is missing."""

    id: int
    automation_id: int
    at: Moment
    trigger: str
    state: str
    why: str | None
    facts: dict[str, Any]
    deal_id: int

    @classmethod
    def of(cls, line: RunLine) -> "RunOut":
        return cls(
            id=line.id, automation_id=line.rule_id, at=line.at, trigger=line.trigger, state=line.state, why=line.why,
            facts=dict(line.facts), deal_id=line.deal_id,
        )  # fmt: skip


class DryLineOut(BaseModel):
    """`deeds`: what it would have done; empty where it would have declined, for `why`."""

    at: Moment
    deal_id: int
    deeds: list[dict[str, Any]]
    why: str | None

    @classmethod
    def of(cls, line: DryLine) -> "DryLineOut":
        return cls(at=line.at, deal_id=line.deal_id, deeds=[_told(deed) for deed in line.deeds], why=line.why)


class DryRunOut(BaseModel):
    """`more`: only the newest occasions are told. `fault`: it is broken."""

    since: Moment
    items: list[DryLineOut]
    more: bool
    fault: str | None


@router.get("/automation-actions", response_model=ActionsOut)
async def what_can_be_set_up(actor: CurrentActor) -> ActionsOut:
    require(actor, Right.SETTINGS)
    return ActionsOut(
        actions=[
            ActionOut(name=one.name, label=one.label, triggers=sorted(one.on), settings=_options(one.options))
            for one in actions().values()
        ],
        triggers=[TriggerOut(name=one, label=LABELS[one], when=_options(WHEN[one])) for one in Trigger],
    )


@router.get("/automations", response_model=Page[AutomationOut])
async def list_of_automations(actor: CurrentActor, connection: ReadDb, context: Context) -> Page[AutomationOut]:
    """All of them, in the order in which they run."""
    lines = await queries.list_automations(connection, actor, context.now())
    return Page(items=[AutomationOut.of(line) for line in lines], next_cursor=None)


@router.get("/automations/{automation_id}", response_model=AutomationOut)
async def one_automation(automation_id: PathId, actor: CurrentActor, connection: ReadDb, context: Context) -> AutomationOut:
    return AutomationOut.of(await queries.automation(connection, actor, automation_id, context.now()))


@router.post("/automations", response_model=AutomationOut, status_code=201)
async def add_automation(new: AutomationIn, actor: CurrentActor, context: Context) -> AutomationOut:
    """409 with `loop` where it would send a deal round and round with others."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        made = await edits.add_automation(tx, NewAutomation(**new.model_dump()), by=actor.user_id, now=context.now())
        return AutomationOut.of(await queries.automation(tx, actor, made, context.now()))


@router.patch("/automations/{automation_id}", response_model=AutomationOut)
async def change_automation(
    automation_id: PathId, change: AutomationChange, actor: CurrentActor, context: Context
) -> AutomationOut:
    require(actor, Right.SETTINGS)
    now, given = context.now(), change.model_dump(exclude_unset=True)
    places = given.pop("places", None)
    async with context.database.write() as tx:
        rule = await edits.rule(tx, automation_id)
        if given.keys() == {"active"} and given["active"] is not None:
            await edits.switch_automation(tx, automation_id, active=given["active"], by=actor.user_id, now=now)
        elif given:
            await edits.change_automation(tx, automation_id, _changed(rule, given), by=actor.user_id, now=now)
        if places:
            await edits.shift_automation(tx, automation_id, places, by=actor.user_id, now=now)
        return AutomationOut.of(await queries.automation(tx, actor, automation_id, now))


@router.delete("/automations/{automation_id}", status_code=204, response_class=Response)
async def remove_automation(automation_id: PathId, actor: CurrentActor, context: Context) -> None:
    """It runs no more; its runs stay in the timelines."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await edits.remove_automation(tx, automation_id, by=actor.user_id, now=context.now())


@router.get("/automations/{automation_id}/runs", response_model=Page[RunOut])
async def list_of_runs(
    automation_id: PathId,
    actor: CurrentActor,
    connection: ReadDb,
    state: RunState | None = None,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.RUN_SORTS)})] = "-at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RunOut]:
    page = await queries.list_runs(connection, actor, automation_id, state=state, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[RunOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/automations/{automation_id}/dry-run", response_model=DryRunOut)
async def try_out(
    automation_id: PathId, actor: CurrentActor, connection: ReadDb, context: Context,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> DryRunOut:  # fmt: skip
    """What it would have done in the last thirty days; nothing is changed."""
    require(actor, Right.SETTINGS)
    found = await dry_run(connection, actor, await edits.rule(connection, automation_id), context.now(), limit)
    return DryRunOut(since=found.since, items=[DryLineOut.of(line) for line in found.lines], more=found.more, fault=found.fault)


@router.get("/deals/{deal_id}/runs", response_model=Page[RunOut])
async def runs_of_deal(
    deal_id: PathId, actor: CurrentActor, connection: ReadDb, cursor: Cursor = None, limit: Limit = 50
) -> Page[RunOut]:
    """What ran on a deal, or declined to, newest first; for whoever sees the deal."""
    await require_visible(connection, actor, deals, deal_id)
    page = await queries.list_runs_of_deal(connection, deal_id, cursor=cursor, limit=limit)
    return Page(items=[RunOut.of(line) for line in page.items], next_cursor=page.next_cursor)


def _options(options: Sequence[Option]) -> list[OptionOut]:
    return [OptionOut.of(option) for option in options]


def _changed(rule: Rule, given: dict[str, Any]) -> NewAutomation:
    kept = {
        "action": rule.action_name, "trigger": rule.trigger, "pipeline_id": rule.pipeline_id, "stage_id": rule.stage_id,
        "name": rule.name, "when": rule.when, "settings": rule.settings, "active": rule.active,
    }  # fmt: skip
    moved = {"stage_id": None} if "pipeline_id" in given and "stage_id" not in given else {}
    asked = {name: value for name, value in given.items() if value is not None or name in ("name", "stage_id", "pipeline_id")}
    return NewAutomation(**{**kept, **moved, **asked})


def _told(deed: Deed) -> dict[str, Any]:
    match deed:
        case SetTask():
            minutes = deed.due_in / timedelta(minutes=1)
            told = {"deed": "task", "title": deed.title, "kind": deed.kind}
            return {**told, "due_in_minutes": minutes, "in_hours": deed.in_hours}
        case MoveDeal():
            return {"deed": "move", "stage_id": deed.stage_id}
        case LoseDeal():
            return {"deed": "lose", "reason_id": deed.reason_id, "words": deed.words}
        case GiveDeal():
            return {"deed": "give", "owner_id": deed.owner_id, "team_id": deed.team_id}
        case SetField():
            return {"deed": "field", "field": deed.field, "value": deed.value}
        case Note():
            return {"deed": "note", "text": deed.text}
