"""The board: a pipeline's open deals in columns by stage, moved by hand, by keys or by a menu."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy import select
from starlette.responses import Response

from api.web.deal_filters import Again, Asked, choices, filters_of
from api.web.typed import chosen_id
from api.web.visit import Visit, VisitNow, at_address
from crm_core.access import Right
from crm_core.deals.board import FIRST, MOST, read_board
from crm_core.deals.loss_reasons import list_loss_reasons
from crm_core.deals.tables import pipelines
from crm_core.errors import Invalid
from crm_core.text import whole_number

router = APIRouter()

AskedNow = Annotated[Asked, Depends()]
Shown = Annotated[str, Query(max_length=400)]

MORE = 50
"""Cards that one click on "more" adds to a column."""


@router.get("/board")
async def page(visit: VisitNow, asked: AskedNow, shown: Shown = "") -> Response:
    return await visit.page("deals/board.html", "deals", **await choices(visit), **await _facts(visit, asked, shown))


@router.get("/board/columns")
async def columns(visit: VisitNow, asked: AskedNow, shown: Shown = "", again: Again = "") -> Response:
    """`again`: the page fetches what it shows already, and its address stays."""
    answer = visit.part("deals/_board.html", **await _facts(visit, asked, shown))
    return answer if again else at_address(answer, "/board", asked.query())


async def _facts(visit: Visit, asked: Asked, shown: str) -> dict[str, Any]:
    asked_for = filters_of(visit, asked)
    pipeline = await _chosen(visit, asked_for.pipeline_id)
    counts = _counts(shown)
    read = None
    if pipeline is not None:
        read = await read_board(visit.connection, visit.actor, pipeline, asked_for, now=visit.now, shown=counts)
    reasons = await list_loss_reasons(visit.connection) if visit.may(Right.WORK) else ()
    return {
        "asked": asked, "asked_query": asked.query(), "filtered": asked.narrows, "board": read,
        "loss_reasons": reasons, "shown": shown, "more_of": lambda stage: _more(counts, stage), "is_board": True,
    }  # fmt: skip


async def _chosen(visit: Visit, wanted: int | None) -> int | None:
    """The one asked for, else the first; a view that names a pipeline which is gone still opens."""
    query = select(pipelines.c.id).where(pipelines.c.archived_at.is_(None))
    order = (pipelines.c.id != (wanted or 0), pipelines.c.position, pipelines.c.id)
    return await visit.connection.scalar(query.order_by(*order).limit(1))


def _counts(shown: str) -> dict[int, int]:
    """`12:75,13:125` → how many cards of which stage's column; raises Invalid."""
    counts: dict[int, int] = {}
    for part in filter(None, shown.split(",")):
        stage, _, told = part.partition(":")
        count = whole_number(told)
        if count is None:
            raise Invalid("A filter has a value it cannot have")
        counts[chosen_id(stage)] = min(count, MOST)
    return counts


def _more(counts: dict[int, int], stage: int) -> str:
    wider = {**counts, stage: min(counts.get(stage, FIRST) + MORE, MOST)}
    return ",".join(f"{of}:{count}" for of, count in sorted(wider.items()))
