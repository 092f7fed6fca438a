"""Settings: lead rules. What a first call or request becomes, in order; tried on the last month; and the working hours."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.datastructures import FormData
from starlette.responses import Response

from api.paths import PathId
from api.web.lead_rule_form import form_facts, rule_typed, typed_of, when_options
from api.web.lead_rule_words import sentence, wrong_words
from api.web.options_typed import fitted_options, option_wrong, typed_options
from api.web.ordering import Ids, Step, stepped
from api.web.typed import id_typed
from api.web.visit import Visit, VisitNow, back_to, status_after
from crm_core.access import Right
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.leads import edits
from crm_core.leads.calendar import WEEKDAYS, told
from crm_core.leads.dry_run import dry_run
from crm_core.leads.edits import NewRule
from crm_core.leads.options import THEN_OPTIONS
from crm_core.leads.rule_set import all_rules, read_calendar
from crm_core.leads.rules import LeadRule
from crm_core.users.queries import on_duty

router = APIRouter()

Name = Annotated[str, Form(max_length=1000)]


@router.get("/lead-rules")
async def page(visit: VisitNow) -> Response:
    return await rules_page(visit)


async def rules_page(
    visit: Visit, *, refused: str | None = None, hours: dict[str, Any] | None = None, status: int = 200
) -> Response:
    visit.require(Right.SETTINGS)
    facts = {**await _list(visit), "hours": hours or await _hours(visit), "refused": refused}
    return await visit.page("leads/page.html", "lead_rules", status, **facts)


@router.get("/lead-rules/list")
async def part(visit: VisitNow) -> Response:
    visit.require(Right.SETTINGS)
    return visit.part("leads/_list.html", **await _list(visit))


async def _list(visit: Visit) -> dict[str, Any]:
    rules = await all_rules(visit.connection)
    facts = await form_facts(visit)
    return {"rules": [(rule, sentence(visit.look, rule, facts)) for rule in rules]}


@router.get("/lead-rules/dry-run")
async def try_all(visit: VisitNow) -> Response:
    visit.require(Right.SETTINGS)
    return await _tried(visit, None, None)


@router.get("/lead-rules/new")
async def new(visit: VisitNow) -> Response:
    return await form_page(visit, None, {"name": ""})


@router.get("/lead-rules/{lead_rule_id}")
async def one(visit: VisitNow, lead_rule_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    rule = await _rule(visit, lead_rule_id)
    return await form_page(visit, rule, typed_of(rule))


async def form_page(
    visit: Visit, rule: LeadRule | None, typed: dict[str, Any], *, refused: str | None = None, wrong: str | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    visit.require(Right.SETTINGS)
    facts = {"rule": rule, "typed": typed, "refused": refused, "wrong": wrong, **await form_facts(visit)}
    return await visit.page("leads/one.html", "lead_rules", status, **facts)


@router.post("/lead-rules")
async def add(visit: VisitNow) -> Response:
    return await _save(visit, None)


@router.post("/lead-rules/order")
async def order(visit: VisitNow, ids: Ids, step: Step = "") -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await edits.order_rules(tx, stepped(ids, step), by=visit.actor.user_id, now=visit.now)
    except Conflict:
        await visit.connection.rollback()
        return await rules_page(visit, refused=visit.say("The rules changed meanwhile; here they are as they stand."), status=409)
    return back_to("/lead-rules")


@router.post("/lead-rules/hours")
async def set_hours(visit: VisitNow) -> Response:
    visit.require(Right.SETTINGS)
    typed = _typed_hours(await visit.request.form())
    try:
        async with visit.context.database.write() as tx:
            week = [_from_to(typed["week"][day]) for day in WEEKDAYS]
            await edits.set_hours(tx, week, _single_days(typed["days"]), by=visit.actor.user_id, now=visit.now)
    except Invalid as error:
        return await rules_page(visit, refused=wrong_words(visit.look, error), hours=typed, status=422)
    return back_to("/lead-rules")


@router.post("/lead-rules/dry-run")
async def try_draft(visit: VisitNow) -> Response:
    """The rule as it stands in the form, before it is kept."""
    visit.require(Right.SETTINGS)
    form = await visit.request.form()
    try:
        place = id_typed(str(form.get("instead_of") or ""))
        draft = await _drafted(visit, form, active=True)
        fitting = await edits.fit_rule(visit.connection, draft, visit.context.settings.region)
    except Invalid as error:
        said = _refusal(visit, await when_options(visit), error)
        return visit.part("leads/_dry_run.html", 422, told=None, refused=said, people={})
    return await _tried(visit, fitting, place)


async def _tried(visit: Visit, draft: NewRule | None, instead_of: int | None) -> Response:
    zone = visit.context.settings.zone
    found = await dry_run(visit.connection, visit.actor, zone, visit.now, draft=draft, instead_of=instead_of)
    people = dict(await on_duty(visit.connection))
    return visit.part("leads/_dry_run.html", told=found, refused=None, people=people)


@router.post("/lead-rules/{lead_rule_id}")
async def change(visit: VisitNow, lead_rule_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    return await _save(visit, await _rule(visit, lead_rule_id))


@router.post("/lead-rules/{lead_rule_id}/active")
async def switch(visit: VisitNow, lead_rule_id: PathId, active: Annotated[str, Form(max_length=10)] = "") -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await edits.switch_rule(tx, lead_rule_id, bool(active), by=visit.actor.user_id, now=visit.now)
    return back_to(f"/lead-rules/{lead_rule_id}")


@router.post("/lead-rules/{lead_rule_id}/remove")
async def remove(visit: VisitNow, lead_rule_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await edits.delete_rule(tx, lead_rule_id, by=visit.actor.user_id, now=visit.now)
    return back_to("/lead-rules")


async def _save(visit: Visit, rule: LeadRule | None) -> Response:
    visit.require(Right.SETTINGS)
    form = await visit.request.form()
    by, now, region = visit.actor.user_id, visit.now, visit.context.settings.region
    try:
        drafted = await _drafted(visit, form, active=rule.active if rule else True)
        async with visit.context.database.write() as tx:
            if rule is None:
                await edits.add_rule(tx, drafted, region, by=by, now=now)
            else:
                await edits.change_rule(tx, rule.id, drafted, region, by=by, now=now)
    except (Invalid, Conflict) as error:
        options = await when_options(visit)
        typed = {**typed_options((*options, *THEN_OPTIONS), form), "name": str(form.get("name") or "")[:200]}
        wrong = str(error.facts.get("option") or error.facts.get("field") or "")
        said = _refusal(visit, options, error)
        return await form_page(visit, rule, typed, refused=said, wrong=wrong, status=status_after(error))
    return back_to("/lead-rules")


async def _drafted(visit: Visit, form: FormData, *, active: bool) -> NewRule:
    options = (*await when_options(visit), *THEN_OPTIONS)
    given = fitted_options(options, typed_options(options, form))
    return rule_typed(str(form.get("name") or "")[:1000], active, given)


def _refusal(visit: Visit, options: tuple[Any, ...], error: Invalid | Conflict) -> str:
    if isinstance(error, Invalid) and "option" in error.facts:
        return option_wrong(visit.look.wording.texts, (*options, *THEN_OPTIONS), error)
    return wrong_words(visit.look, error)


async def _rule(visit: Visit, rule_id: int) -> LeadRule:
    found = next((rule for rule in await all_rules(visit.connection) if rule.id == rule_id), None)
    if found is None:
        raise NotFound
    return found


async def _hours(visit: Visit) -> dict[str, Any]:
    """As the form has them: seven weekdays, and single days a line each."""
    calendar = await read_calendar(visit.connection, visit.context.settings.zone)
    week = {
        day: ("", "") if hours is None else (told(hours.begins), told(hours.ends))
        for day, hours in zip(WEEKDAYS, calendar.week, strict=True)
    }
    days = [
        day.isoformat() if hours is None else f"{day.isoformat()} {told(hours.begins)}-{told(hours.ends)}"
        for day, hours in sorted(calendar.days.items())
    ]
    return {"week": week, "days": "\n".join(days)}


def _typed_hours(form: FormData) -> dict[str, Any]:
    week = {day: (str(form.get(f"{day}-from") or "")[:5], str(form.get(f"{day}-to") or "")[:5]) for day in WEEKDAYS}
    return {"week": week, "days": str(form.get("days") or "")[:20_000]}


def _from_to(typed: tuple[str, str]) -> edits.Hours:
    begins, ends = typed[0].strip(), typed[1].strip()
    return (begins, ends) if begins or ends else None


def _single_days(text: str) -> dict[str, edits.Hours]:
    """`2026-12-31 09:00-15:00`, or the day alone: a day off."""
    days: dict[str, edits.Hours] = {}
    for line in text.splitlines():
        day, _, hours = line.strip().partition(" ")
        if day:
            begins, _, ends = hours.strip().replace("–", "-").partition("-")
            days[day] = (begins, ends) if hours.strip() else None
    return days
