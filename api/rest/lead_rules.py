"""`lead-rules`: what a first call or request becomes; the first rule in order that fits."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.deps import Context, CurrentActor, ReadDb
from api.paths import BodyId, PathId
from api.rest.models import Answer, Moment
from crm_core.access import Right, require
from crm_core.errors import NotFound
from crm_core.leads import edits
from crm_core.leads.dry_run import DryRun, Share, dry_run
from crm_core.leads.edits import NewRule
from crm_core.leads.rule_set import all_rules
from crm_core.leads.rules import LeadRule, RuleTask, Then, Through, Way, When
from crm_core.tasks.tables import TaskKind

router = APIRouter(tags=["lead rules"])

Texts = Annotated[list[Annotated[str, Field(max_length=120)]], Field(max_length=edits.MOST_NAMED)]


class WhenIn(BaseModel):
    """What is asked for; what is left out does not matter. `queues`, `through` and `answered` are known after the first ring."""

    way: Way | None = None
    exchange_id: BodyId | None = None
    dids: Texts = []
    through: Through | None = None
    queues: Texts = []
    forms: Annotated[list[BodyId], Field(max_length=edits.MOST_NAMED)] = []
    known: bool | None = None
    answered: bool | None = None
    in_hours: bool | None = None

    @property
    def when(self) -> When:
        return When(**{**self.model_dump(), "dids": tuple(self.dids), "queues": tuple(self.queues), "forms": tuple(self.forms)})


class TaskIn(BaseModel):
    """Of the kinds `classify` and `call_back` the task that is set anyway gets these words and this deadline."""

    kind: TaskKind = Field(TaskKind.CLASSIFY, json_schema_extra={"enum": [*edits.SETTABLE]})
    title: str | None = Field(None, max_length=300)
    within_minutes: int = Field(15, ge=1, le=edits.LONGEST_WITHIN)
    in_hours: bool = False


class ThenIn(BaseModel):
    """What is left out stays as usual. `team_id`: its people take turns. `over_keeper`: customers with a manager, too."""

    pipeline_id: BodyId | None = None
    stage_id: BodyId | None = None
    owner_id: BodyId | None = None
    team_id: BodyId | None = None
    over_keeper: bool = False
    task: TaskIn | None = None

    @property
    def then(self) -> Then:
        given = self.model_dump(exclude={"task"})
        return Then(**given, task=None if self.task is None else RuleTask(**self.task.model_dump()))


class RuleIn(BaseModel):
    name: str = Field(max_length=edits.LONGEST_NAME)
    active: bool = True
    when: WhenIn = WhenIn()
    then: ThenIn = ThenIn()

    @property
    def new(self) -> NewRule:
        return NewRule(self.name, self.when.when, self.then.then, self.active)


class RuleChange(BaseModel):
    """What is left out stays."""

    name: str | None = Field(None, max_length=edits.LONGEST_NAME)
    active: bool | None = None
    when: WhenIn | None = None
    then: ThenIn | None = None


class RuleOut(Answer):
    """`broken`: why it is skipped (pipeline, stage, owner, team, unreadable); empty: it counts while it is active."""

    id: int
    name: str
    active: bool
    when: dict[str, Any]
    then: dict[str, Any]
    broken: list[str]

    @classmethod
    def of(cls, rule: LeadRule) -> "RuleOut":
        when, then = msgspec.to_builtins(rule.when), msgspec.to_builtins(rule.then)
        return cls(id=rule.id, name=rule.name, active=rule.active, when=when, then=then, broken=[*rule.broken])


class Rules(Answer):
    items: list[RuleOut]
    next_cursor: str | None = None


class Order(BaseModel):
    ids: list[BodyId] = Field(max_length=edits.MOST_RULES)


class Tried(BaseModel):
    """A rule that is not kept yet, in the place of `instead_of` or after all others; without one, the rules as they are."""

    rule: RuleIn | None = None
    instead_of: BodyId | None = None


class ExampleOut(Answer):
    way: str
    id: int
    at: Moment
    who: str | None
    opened: bool


class ShareOut(Answer):
    """`rule_id` null: by no rule, as usual; 0: the one that is tried. `leads`: of them opened a lead then."""

    rule_id: int | None
    calls: int
    requests: int
    leads: int
    owners: dict[int, int]
    examples: list[ExampleOut]

    @classmethod
    def of(cls, share: Share) -> "ShareOut":
        examples = [ExampleOut.model_validate(one) for one in share.examples]
        return cls(
            rule_id=share.rule.id if share.rule else None, calls=share.calls, requests=share.requests, leads=share.leads,
            owners=dict(share.owners), examples=examples,
        )  # fmt: skip


class DryRunOut(Answer):
    since: Moment
    calls: int
    requests: int
    cut: bool
    shares: list[ShareOut]

    @classmethod
    def of(cls, told: DryRun) -> "DryRunOut":
        shares = [ShareOut.of(share) for share in told.shares]
        return cls(since=told.since, calls=told.calls, requests=told.requests, cut=told.cut, shares=shares)


@router.get("/lead-rules", response_model=Rules)
async def list_of_rules(actor: CurrentActor, connection: ReadDb) -> Rules:
    """In their order: the first that fits counts."""
    require(actor, Right.SETTINGS)
    return Rules(items=[RuleOut.of(rule) for rule in await all_rules(connection)])


@router.post("/lead-rules", response_model=RuleOut, status_code=201)
async def add_rule(new: RuleIn, actor: CurrentActor, context: Context) -> RuleOut:
    """After all others."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        rule_id = await edits.add_rule(tx, new.new, context.settings.region, by=actor.user_id, now=context.now())
        return RuleOut.of(await _one(tx, rule_id))


@router.post("/lead-rules/order", response_model=Rules)
async def order_rules(order: Order, actor: CurrentActor, context: Context) -> Rules:
    """409 if a rule was added or deleted meanwhile."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await edits.order_rules(tx, order.ids, by=actor.user_id, now=context.now())
        return Rules(items=[RuleOut.of(rule) for rule in await all_rules(tx)])


@router.post("/lead-rules/dry-run", response_model=DryRunOut)
async def try_rules(tried: Tried, actor: CurrentActor, connection: ReadDb, context: Context) -> DryRunOut:
    """What the last month's calls and requests would have become. Nothing is kept."""
    require(actor, Right.SETTINGS)
    settings = context.settings
    draft = None if tried.rule is None else await edits.fit_rule(connection, tried.rule.new, settings.region)
    told = await dry_run(connection, actor, settings.zone, context.now(), draft=draft, instead_of=tried.instead_of)
    return DryRunOut.of(told)


@router.get("/lead-rules/{lead_rule_id}", response_model=RuleOut)
async def one_rule(lead_rule_id: PathId, actor: CurrentActor, connection: ReadDb) -> RuleOut:
    require(actor, Right.SETTINGS)
    return RuleOut.of(await _one(connection, lead_rule_id))


@router.patch("/lead-rules/{lead_rule_id}", response_model=RuleOut)
async def change_rule(lead_rule_id: PathId, change: RuleChange, actor: CurrentActor, context: Context) -> RuleOut:
    """To be switched on or off, a broken rule need not be mended."""
    require(actor, Right.SETTINGS)
    by, now = actor.user_id, context.now()
    async with context.database.write() as tx:
        known = await _one(tx, lead_rule_id)
        if change.name is not None or change.when is not None or change.then is not None:
            new = NewRule(
                known.name if change.name is None else change.name, known.when if change.when is None else change.when.when,
                known.then if change.then is None else change.then.then, known.active if change.active is None else change.active,
            )  # fmt: skip
            await edits.change_rule(tx, lead_rule_id, new, context.settings.region, by=by, now=now)
        elif change.active is not None:
            await edits.switch_rule(tx, lead_rule_id, change.active, by=by, now=now)
        return RuleOut.of(await _one(tx, lead_rule_id))


@router.delete("/lead-rules/{lead_rule_id}", status_code=204)
async def delete_rule(lead_rule_id: PathId, actor: CurrentActor, context: Context) -> None:
    """Deals that began by it go on naming it."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await edits.delete_rule(tx, lead_rule_id, by=actor.user_id, now=context.now())


async def _one(connection: Any, rule_id: int) -> LeadRule:
    found = next((rule for rule in await all_rules(connection) if rule.id == rule_id), None)
    if found is None:
        raise NotFound(noun="lead_rules", id=rule_id)
    return found
