"""The page that says why a call's figures are what they are, and the call as a capture without names and numbers."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.paths import PathId
from api.web.visit import Visit, VisitNow
from api.web.why.captures import capture_of
from api.web.why.drawing import Scale, drawing
from api.web.why.labels import Labels
from api.web.why.telling import CallTold, call_told
from api.web.why.terms import headings
from api.web.why.turns import turn
from api.web.why.words import Why, Words
from crm_core.access import Right
from crm_core.calls.queries import call_line
from crm_core.users.audit import record
from pbx.explaining.lane_facts import each_once

router = APIRouter()

FIRST = ("direction", "outcome", "wait_seconds", "talk_seconds", "hold_seconds", "answered_by", "answered_by.talk_seconds",
         "answered_by.consultation_seconds", "rang", "transfers", "queue", "voicemail", "partial")  # fmt: skip
"""Figures that people ask about; the others stand below them."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened: when, on whose channel, what."""

    when: str
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class _Shown:
    """A reason, and where its stretches lie in per cent of the ladder."""

    why: Why
    places: tuple[tuple[float, float], ...]


@router.post("/calls/{call_id}/capture")
async def capture(visit: VisitNow, call_id: PathId) -> Response:
    """The call as an anonymous capture, in a zip; who took it out is kept. Raises NotFound where the journal is gone."""
    visit.require(Right.SEE_EXCHANGES)
    line = await call_line(visit.connection, visit.actor, call_id)
    with turn(visit.actor.user_id):
        made = await capture_of(visit.connection, line.id)
    async with visit.context.database.write() as tx:
        await record(tx, visit.actor.user_id, "call_exported", "calls", line.id, now=visit.now)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}.zip"'}
    return Response(made.data, media_type="application/zip", headers=headers)


@router.get("/calls/{call_id}/why")
async def page(visit: VisitNow, call_id: PathId) -> Response:
    """For whoever may see the call's card; how the exchange names its channels only for those who look after it."""
    line = await call_line(visit.connection, visit.actor, call_id)
    with turn(visit.actor.user_id):
        told = await call_told(visit.connection, call_id, now=visit.now)
        facts = await asyncio.to_thread(_facts, visit, told)
    return await visit.page("calls/why.html", "calls", line=line, **facts)


def _facts(visit: Visit, told: CallTold) -> dict[str, Any]:
    texts, ladder = visit.look.wording.texts, told.explanation.ladder
    labels = Labels(texts, ladder, told.names, raw=visit.may(Right.SEE_EXCHANGES))
    words = Words(visit.look.language, texts, labels)
    shown = [
        _Shown(why, tuple(Scale(ladder).place(*stretch) for stretch in why.stretches)) for why in words.all(told.explanation)
    ]
    return {
        "drawn": drawing(ladder, labels), "happened": _happened(told, words), "notes": tuple(told.notes(texts)),
        "first": [one for one in shown if one.why.figure in FIRST], "rest": [one for one in shown if one.why.figure not in FIRST],
        "began": datetime.fromtimestamp(ladder.start, UTC), "headings": headings(texts),
        "may_export": told.kept and visit.may(Right.SEE_EXCHANGES),
    }  # fmt: skip


def _happened(told: CallTold, words: Words) -> list[Line]:
    labels = words.labels
    lines = (
        Line(labels.when(fact.at), labels.lane(fact.uid) if fact.uid else "", words.fact(fact))
        for fact in each_once(told.explanation.ladder.facts)
        if labels.told(fact.uid)
    )
    return list(dict.fromkeys(lines))
