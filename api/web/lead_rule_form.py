"""A lead rule as the fields of its form, and back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from api.web.option_choices import option_choices
from api.web.visit import Visit
from crm_core.calls.tables import exchanges
from crm_core.leads.edits import NewRule
from crm_core.leads.options import EXCHANGE, FORMS, THEN_OPTIONS, WHEN_OPTIONS, YES
from crm_core.leads.rules import LeadRule, RuleTask, Then, Through, Way, When
from crm_core.options import Option
from crm_core.requests.tables import request_forms
from crm_core.tasks.tables import TaskKind


async def form_facts(visit: Visit) -> dict[str, Any]:
    """What the form is drawn from: the options with what there is to choose."""
    when = await when_options(visit)
    return {"when_options": when, "then_options": THEN_OPTIONS, "pick": await option_choices(visit, (*when, *THEN_OPTIONS))}


async def when_options(visit: Visit) -> tuple[Option, ...]:
    """Which exchange and which form is asked only where there is a choice."""
    found = {
        EXCHANGE.name: (
            await visit.connection.execute(select(exchanges.c.id, exchanges.c.name).order_by(exchanges.c.name))
        ).all(),
        FORMS.name: (await visit.connection.execute(select(request_forms.c.id, request_forms.c.name))).all(),
    }
    least = {EXCHANGE.name: 2, FORMS.name: 1}
    asked = []
    for option in WHEN_OPTIONS:
        if option.name not in found:
            asked.append(option)
        elif len(found[option.name]) >= least[option.name]:
            asked.append(replace(option, choices=tuple((str(row.id), row.name) for row in found[option.name])))
    return tuple(asked)


def typed_of(rule: LeadRule) -> dict[str, Any]:
    """The fields of a rule that is kept."""
    when, then, task = rule.when, rule.then, rule.then.task
    stage = then.stage_id or (rule.beginning.stage_id if rule.beginning else None)
    return {
        "name": rule.name, "way": when.way, "known": _yes_no(when.known), "in_hours": _yes_no(when.in_hours),
        "answered": _yes_no(when.answered), "dids": ", ".join(when.dids), "through": when.through,
        "queues": ", ".join(when.queues), "exchange_id": when.exchange_id, "forms": [str(one) for one in when.forms],
        "stage_id": stage, "owner_id": then.owner_id, "team_id": then.team_id, "over_keeper": then.over_keeper,
        "task_kind": task.kind if task else None, "task_title": task.title if task else None,
        "task_within": task.within_minutes if task else 15, "task_in_hours": bool(task and task.in_hours),
    }  # fmt: skip


def rule_typed(name: str, active: bool, given: Mapping[str, Any]) -> NewRule:
    """From values as `fitted_options` tells them."""
    exchange, way, through = given.get("exchange_id"), given["way"], given["through"]
    when = When(
        way=Way(way) if way else None, exchange_id=int(exchange) if exchange else None, dids=_several(given["dids"]),
        through=Through(through) if through else None, queues=_several(given["queues"]),
        forms=tuple(int(one) for one in given.get("forms") or ()), known=_is(given["known"]), answered=_is(given["answered"]),
        in_hours=_is(given["in_hours"]),
    )  # fmt: skip
    then = Then(
        stage_id=given["stage_id"], owner_id=given["owner_id"], team_id=given["team_id"], over_keeper=bool(given["over_keeper"]),
        task=_task(given),
    )  # fmt: skip
    return NewRule(name, when, then, active)


def _task(given: Mapping[str, Any]) -> RuleTask | None:
    if not given["task_kind"]:
        return None
    within, in_hours = int(given["task_within"]), bool(given["task_in_hours"])
    return RuleTask(TaskKind(given["task_kind"]), given["task_title"], within, in_hours)


def _several(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _is(chosen: str | None) -> bool | None:
    return None if not chosen else chosen == YES


def _yes_no(fact: bool | None) -> str | None:
    return None if fact is None else "yes" if fact else "no"
