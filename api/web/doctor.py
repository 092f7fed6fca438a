"""Exchange › doctor: what he found last, what to paste where, and asking him to come again."""

import shlex
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.doctor import registry
from api.doctor.checkup import GRAVEST_FIRST, counted
from api.doctor.findings import Finding, Fragment, Verdict, of_json
from api.doctor.wording import worded
from api.paths import PathId
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.calls.exchange_queries import exchange
from crm_core.checkups import queries, visits
from crm_core.checkups.queries import Checkup
from crm_core.checkups.visits import Kind
from crm_core.dialling import queries as dial_queries
from crm_core.dialling.numbers import Target, target_of
from crm_core.errors import Conflict

router = APIRouter()

Text = Annotated[str, Form(max_length=80)]


@router.get("/exchange/{exchange_id}/doctor")
async def page(visit: VisitNow, exchange_id: PathId) -> Response:
    return await _page(visit, exchange_id)


@router.get("/exchange/{exchange_id}/doctor/found")
async def part(visit: VisitNow, exchange_id: PathId) -> Response:
    return visit.part("doctor/_found.html", **await _shown(visit, exchange_id))


@router.post("/exchange/{exchange_id}/doctor")
async def ask(visit: VisitNow, exchange_id: PathId) -> Response:
    """He comes as a job; the page fills as soon as he is done."""
    visit.require(Right.SETTINGS)
    return await _asked(visit, exchange_id, Kind.CHECKS, {})


@router.post("/exchange/{exchange_id}/test-call")
async def test_call(visit: VisitNow, exchange_id: PathId, extension: Text, number: Text) -> Response:
    """Rings the extension and calls the number, by the same rules as a click."""
    visit.require(Right.SETTINGS)
    line = await exchange(visit.connection, visit.actor, exchange_id)
    rules = await dial_queries.rules_on(visit.connection, exchange_id)
    typed = {"extension": extension.strip(), "number": number.strip()}
    if rules.device_of(typed["extension"]) is None:
        return await _page(visit, exchange_id, refused=visit.say("Which phone is to ring? Write its extension."), typed=typed)
    if not isinstance(target_of(typed["number"], line.region, rules), Target):
        refused = visit.say("This number is not one that may be called by a click.")
        return await _page(visit, exchange_id, refused=refused, typed=typed)
    return await _asked(visit, exchange_id, Kind.TEST_CALL, typed)


async def _asked(visit: Visit, exchange_id: int, kind: Kind, facts: dict[str, str]) -> Response:
    try:
        async with visit.context.database.write() as tx:
            await visits.ask(tx, exchange_id, kind, now=visit.now, by=visit.actor.user_id, facts=facts)
    except Conflict:
        return await _page(visit, exchange_id, refused=visit.say("The doctor is there already."), status=409)
    return back_to(f"/exchange/{exchange_id}/doctor")


async def _page(
    visit: Visit, exchange_id: int, *, refused: str | None = None, typed: dict[str, str] | None = None, status: int | None = None
) -> Response:
    facts = await _shown(visit, exchange_id)
    command = f"firstring doctor --exchange {shlex.quote(facts['exchange'].name)} --config /etc/asterisk"
    typed = typed or {"extension": "", "number": ""}
    return await visit.page(
        "doctor/page.html",
        "exchange",
        status or (422 if refused else 200),
        refused=refused,
        typed=typed,
        command=command,
        **facts,
    )


async def _shown(visit: Visit, exchange_id: int) -> dict[str, Any]:
    line = await exchange(visit.connection, visit.actor, exchange_id)
    last = await queries.last(visit.connection, visit.actor, exchange_id, Kind.CHECKS, visit.now)
    told = last
    if last is not None and last.over_at is None:  # while he looks, what he found before stands
        told = await queries.last(visit.connection, visit.actor, exchange_id, Kind.CHECKS, visit.now, only_over=True)
    call = await queries.last(visit.connection, visit.actor, exchange_id, Kind.TEST_CALL, visit.now)
    return {
        "exchange": line, "last": last, "told": told, "call": call, "is_open": any(one and one.is_open for one in (last, call)),
        "groups": _groups(told), "steps": _findings(call), "numbers": counted(_findings(told)),
        "titles": registry.titles(), "worded": lambda said: worded(visit.look.wording.texts, said), "looks": LOOKS,
    }  # fmt: skip


LOOKS = {
    Verdict.FAULT: ("alert-circle", "miss"), Verdict.NOTE: ("alert-triangle", "wait"), Verdict.UNKNOWN: ("info-circle", ""),
    Verdict.FINE: ("circle-check", "live"),
}  # fmt: skip
"""Icon and colour; the word stands beside them."""


def _findings(checkup: Checkup | None) -> list[Finding]:
    """What mends several of them stands with the first."""
    findings: list[Finding] = []
    shown: set[Fragment] = set()
    for told in checkup.findings if checkup else ():
        finding = of_json(told)
        findings.append(replace(finding, paste=tuple(one for one in finding.paste if one not in shown)))
        shown.update(finding.paste)
    return findings


def _groups(checkup: Checkup | None) -> list[tuple[Verdict, list[Finding]]]:
    """The gravest first; each with something in it."""
    findings = _findings(checkup)
    groups = [(verdict, [one for one in findings if one.verdict is verdict]) for verdict in GRAVEST_FIRST]
    return [group for group in groups if group[1]]
