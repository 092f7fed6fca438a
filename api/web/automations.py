"""Settings: automations. What runs by itself, whether it can, what it did, and what it would have done last month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from sqlalchemy import Table, select
from starlette.datastructures import FormData
from starlette.responses import Response

from api.paths import PathId
from api.web.option_choices import option_choices
from api.web.options_typed import fitted_options, option_wrong, typed_options
from api.web.visit import Visit, VisitNow, back_to, status_after
from crm_core.access import Right
from crm_core.deals.automations import edits, queries
from crm_core.deals.automations.dry_runs import dry_run
from crm_core.deals.automations.edits import NewAutomation
from crm_core.deals.automations.registry import actions
from crm_core.deals.automations.triggers import WHEN
from crm_core.deals.automations.words import Action, GiveDeal, LoseDeal, MoveDeal, RunState, Trigger
from crm_core.deals.queries import list_pipelines
from crm_core.deals.tables import loss_reasons, stages
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.options import Option
from crm_core.teams.tables import teams
from crm_core.users.tables import users

router = APIRouter()

AT_ONCE = 30
WHEN_PREFIX = "when-"

Word = Annotated[str, Query(max_length=60)]


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form says, as it was typed or as it is kept. `place`: `stage-5`, `pipeline-1` or empty: everywhere."""

    name: str = ""
    place: str = ""
    active: bool = True
    when: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] | None = None


@router.get("/automations")
async def page(visit: VisitNow) -> Response:
    return await visit.page("automations/page.html", "automations", **await _all(visit))


async def _all(visit: Visit) -> dict[str, Any]:
    lines = await queries.list_automations(visit.connection, visit.actor, visit.now)
    groups = [(trigger, [line for line in lines if line.rule.trigger is trigger]) for trigger in Trigger]
    fits = {name: [trigger.value for trigger in Trigger if trigger in action.on] for name, action in actions().items()}
    return {"groups": [(trigger, one) for trigger, one in groups if one], "fits": fits, "triggers": [*Trigger]}


@router.get("/automations/list")
async def part(visit: VisitNow) -> Response:
    return visit.part("automations/_list.html", **await _all(visit))


@router.get("/automations/new")
async def new_form(visit: VisitNow, action: Word = "", trigger: Word = "") -> Response:
    """The form of an action and what sets it going; where they do not go together, the first that does is taken."""
    visit.require(Right.SETTINGS)
    chosen = actions().get(action or next(iter(actions())))
    if chosen is None:
        raise NotFound
    fits = [one for one in Trigger if one in chosen.on]
    return await _form_page(visit, chosen, next((one for one in fits if one == trigger), fits[0]), Typed())


async def _form_page(
    visit: Visit, action: Action, trigger: Trigger, typed: Typed, *, refused: str | None = None, wrong: str | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    facts = await _form(visit, action, trigger, typed)
    return await visit.page("automations/new.html", "automations", status, refused=refused, wrong=wrong, **facts)


async def _form(visit: Visit, action: Action, trigger: Trigger, typed: Typed) -> dict[str, Any]:
    strips = await list_pipelines(visit.connection)
    places = {"", *(f"pipeline-{one.id}" for one in strips), *(f"stage-{stage.id}" for one in strips for stage in one.stages)}
    return {
        "action": action, "trigger": trigger, "typed": typed, "when_options": WHEN[trigger],
        "pick": await option_choices(visit, (*action.options, *WHEN[trigger])), "pipelines": strips, "places": places,
    }  # fmt: skip


@router.post("/automations")
async def add(
    visit: VisitNow, action: Annotated[str, Form(max_length=60)] = "", trigger: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    visit.require(Right.SETTINGS)
    chosen = actions().get(action)
    if chosen is None or trigger not in {one.value for one in chosen.on}:
        raise Invalid("There is no such action", option="action")
    waits = Trigger(trigger)
    typed = _typed(await visit.request.form(), chosen.options, WHEN[waits])
    try:
        new = _new(chosen, waits, typed)
        async with visit.context.database.write() as tx:
            made = await edits.add_automation(tx, new, by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        said, wrong = _refused(visit, chosen, waits, error), str(error.facts.get("option"))
        return await _form_page(visit, chosen, waits, typed, refused=said, wrong=wrong, status=status_after(error))
    return back_to(f"/automations/{made}")


@router.get("/automations/{automation_id}")
async def one(visit: VisitNow, automation_id: PathId, state: RunState | None = None) -> Response:
    return await _one_page(visit, automation_id, state=state)


async def _one_page(
    visit: Visit, automation_id: int, *, typed: Typed | None = None, refused: str | None = None, wrong: str | None = None,
    status: int = 200, state: RunState | None = None,
) -> Response:  # fmt: skip
    line = await queries.automation(visit.connection, visit.actor, automation_id, visit.now)
    rule = line.rule
    kept = Typed(rule.name or "", _place(rule.pipeline_id, rule.stage_id), rule.active, rule.when, rule.settings)
    form = {} if rule.action is None else await _form(visit, rule.action, rule.trigger, typed or kept)
    runs = await queries.list_runs(visit.connection, visit.actor, automation_id, state=state, limit=AT_ONCE)
    facts = {"line": line, "runs": runs, "state": state, "states": [*RunState], "refused": refused, "wrong": wrong, **form}
    return await visit.page("automations/one.html", "automations", status, **facts)


@router.get("/automations/{automation_id}/runs")
async def runs(
    visit: VisitNow, automation_id: PathId, state: RunState | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:  # fmt: skip
    line = await queries.automation(visit.connection, visit.actor, automation_id, visit.now)
    found = await queries.list_runs(visit.connection, visit.actor, automation_id, state=state, cursor=cursor, limit=AT_ONCE)
    template = "automations/_runs.html" if cursor is None else "automations/_run_rows.html"
    return visit.part(template, line=line, runs=found, state=state, states=[*RunState])


@router.get("/automations/{automation_id}/dry-run")
async def try_out(visit: VisitNow, automation_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    rule = await edits.rule(visit.connection, automation_id)
    found = await dry_run(visit.connection, visit.actor, rule, visit.now)
    return visit.part("automations/_dry_run.html", found=found, rule=rule, names=await _names(visit, found.lines))


async def _names(visit: Visit, lines: Sequence[Any]) -> dict[str, Mapping[int, str]]:
    deeds = [deed for line in lines for deed in line.deeds]
    wanted: dict[str, tuple[Table, set[int | None]]] = {
        "stages": (stages, {deed.stage_id for deed in deeds if isinstance(deed, MoveDeal)}),
        "loss_reasons": (loss_reasons, {deed.reason_id for deed in deeds if isinstance(deed, LoseDeal)}),
        "users": (users, {deed.owner_id for deed in deeds if isinstance(deed, GiveDeal)}),
        "teams": (teams, {deed.team_id for deed in deeds if isinstance(deed, GiveDeal)}),
    }  # fmt: skip
    return {what: await _named(visit, table, ids) for what, (table, ids) in wanted.items()}


async def _named(visit: Visit, table: Table, ids: set[int | None]) -> Mapping[int, str]:
    rows = await visit.connection.execute(select(table.c.id, table.c.name).where(table.c.id.in_(ids)))
    return {row.id: row.name for row in rows}


@router.post("/automations/{automation_id}")
async def change(visit: VisitNow, automation_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    rule = await edits.rule(visit.connection, automation_id)
    if rule.action is None:
        raise Conflict("What it did is not part of the product any more")
    typed = _typed(await visit.request.form(), rule.action.options, WHEN[rule.trigger])
    try:
        new = _new(rule.action, rule.trigger, typed)
        async with visit.context.database.write() as tx:
            await edits.change_automation(tx, automation_id, new, by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        said = _refused(visit, rule.action, rule.trigger, error)
        return await _one_page(
            visit, automation_id, typed=typed, refused=said, wrong=str(error.facts.get("option")), status=status_after(error)
        )
    return back_to(f"/automations/{automation_id}")


@router.post("/automations/{automation_id}/active")
async def switch(visit: VisitNow, automation_id: PathId, active: Annotated[str, Form(max_length=10)] = "") -> Response:
    visit.require(Right.SETTINGS)
    rule = await edits.rule(visit.connection, automation_id)
    try:
        async with visit.context.database.write() as tx:
            await edits.switch_automation(tx, automation_id, active=bool(active), by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        said = _refused(visit, rule.action, rule.trigger, error)
        return await _one_page(visit, automation_id, refused=said, status=status_after(error))
    return back_to(f"/automations/{automation_id}")


@router.post("/automations/{automation_id}/shift")
async def shift(visit: VisitNow, automation_id: PathId, by: Annotated[int, Form(ge=-1, le=1)]) -> Response:
    """Earlier or later among those that the same thing sets going."""
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await edits.shift_automation(tx, automation_id, by, by=visit.actor.user_id, now=visit.now)
    return back_to("/automations")


@router.post("/automations/{automation_id}/remove")
async def remove(visit: VisitNow, automation_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await edits.remove_automation(tx, automation_id, by=visit.actor.user_id, now=visit.now)
    return back_to("/automations")


def _typed(form: FormData, options: Sequence[Option], when: Sequence[Option]) -> Typed:
    sent = {name: str(form.get(name) or "")[:200] for name in ("name", "place", "active")}
    return Typed(
        sent["name"], sent["place"], bool(sent["active"]), typed_options(when, form, WHEN_PREFIX), typed_options(options, form)
    )


def _new(action: Action, trigger: Trigger, typed: Typed) -> NewAutomation:
    noun, _, number = typed.place.partition("-")
    placed = int(number) if number.isdecimal() and len(number) < 10 else None
    return NewAutomation(
        action.name, trigger, placed if noun == "pipeline" else None, placed if noun == "stage" else None, typed.name,
        fitted_options(WHEN[trigger], typed.when or {}), fitted_options(action.options, typed.settings or {}), typed.active,
    )  # fmt: skip


def _place(pipeline_id: int | None, stage_id: int | None) -> str:
    if stage_id is not None:
        return f"stage-{stage_id}"
    return "" if pipeline_id is None else f"pipeline-{pipeline_id}"


def _refused(visit: Visit, action: Action | None, trigger: Trigger, error: Invalid | Conflict) -> str:
    words, gettext = visit.look.automations, visit.look.gettext
    loop = error.facts.get("loop")
    if isinstance(loop, list):
        names = " → ".join(words.loop_names(loop))
        return gettext("These automations would send a deal round and round: %(names)s.") % {"names": names}
    if isinstance(error, Conflict):
        return gettext("There are as many automations as there may be: remove one first.")
    if "fault" in error.facts:
        said = words.fault_said(words.fault(str(error.facts["fault"]), str(error.facts.get("which") or "")))
        return gettext("It cannot run so: %(why)s.") % {"why": said}
    options = (*(action.options if action else ()), *WHEN[trigger])
    return option_wrong(visit.look.wording.texts, options, error)
