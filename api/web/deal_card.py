"""One deal's card: its stages, what stands beside it, and all that happened on it. Every deed on a deal answers with it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.deps import RowId
from api.paths import PathId
from api.web.gate_panel import gate_panel
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right, may_give_to, may_see_personal, require_visible
from crm_core.db import in_one_step
from crm_core.deals import card_queries
from crm_core.deals.card_queries import PAGE
from crm_core.deals.stage_queries import stage_help
from crm_core.deals.tables import deals

router = APIRouter()

MOST_SHOWN = 500
"""Entries that are fetched anew whenever something happens on the deal; what is older is added below them."""

BOARD = "board"
"""Where a form was sent from, if not from the card: the board fetches itself anew and needs no card."""
From = Annotated[str, Form(max_length=10)]

Shown = Annotated[int, Query(ge=1, le=MOST_SHOWN)]


@router.get("/deals/{deal_id}")
async def card_page(visit: VisitNow, deal_id: PathId, to: RowId | None = None) -> Response:
    """`to`: the stage it shall go to; the card says what is missing for it."""
    return await _page(visit, await card_facts(visit, deal_id, to=to))


@router.get("/deals/{deal_id}/card")
async def card(visit: VisitNow, deal_id: PathId, shown: Shown = PAGE, to: RowId | None = None) -> Response:
    return visit.part("deals/_card.html", **await card_facts(visit, deal_id, shown=shown, to=to))


@router.get("/deals/{deal_id}/older")
async def older(visit: VisitNow, deal_id: PathId, cursor: Annotated[str, Query(max_length=500)]) -> Response:
    """What happened before the place the cursor says."""
    timeline = await card_queries.older(visit.connection, visit.actor, deal_id, cursor)
    return visit.part("deals/_older.html", timeline=timeline, deal_id=deal_id)


@asynccontextmanager
async def of_mine(visit: Visit, deal_id: int) -> AsyncIterator[AsyncConnection]:
    """A transaction in which the deal is known to be one the visitor may work on."""
    visit.require(Right.WORK)
    async with visit.context.database.write() as tx:
        await require_visible(tx, visit.actor, deals, deal_id)
        yield tx


async def after_deed(
    visit: Visit, deal_id: int, refused: str | None = None, status: int = 200, *,
    to: int | None = None, typed: Mapping[str, list[str]] | None = None, **more: Any,
) -> Response:  # fmt: skip
    """The card in place, so that a recording that plays goes on; without scripts the whole page.

    `to`: the stage it was not let to; `typed`: what was typed for what is missing, where it could not be taken.
    """
    if not visit.wants_part and refused is None and to is None:
        return back_to(f"/deals/{deal_id}")
    facts = {**await card_facts(visit, deal_id, refused, to=to, typed=typed), **more}
    return visit.part("deals/_card.html", status, **facts) if visit.wants_part else await _page(visit, facts, status)


async def card_facts(
    visit: Visit, deal_id: int, refused: str | None = None, shown: int = PAGE, *,
    to: int | None = None, typed: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the card's templates ask for: some twenty questions, so they are asked in one go."""
    return await in_one_step(visit.connection, _facts(visit, deal_id, refused, shown, to, typed))


async def _facts(
    visit: Visit, deal_id: int, refused: str | None, shown: int, to: int | None, typed: Mapping[str, list[str]] | None
) -> dict[str, Any]:
    found = await card_queries.deal_card(visit.connection, visit.actor, deal_id, shown=shown)
    owner = found.line.owner.id if found.line.owner else None
    return {
        "deal": found, "refused": refused, "shown_entries": shown, "most_shown": MOST_SHOWN, "next_shown": next_shown(shown),
        "gate": await gate_panel(visit, found, to, typed),
        "help": await stage_help(visit.connection, visit.actor, deal_id),
        "may_give": _chooses(may_give_to(visit.actor)),
        "may_personal": may_see_personal(visit.actor, owner), "sees_margin": visit.may(Right.SEE_FIGURES),
    }  # fmt: skip


def next_shown(shown: int) -> int:
    """How many entries "show more" asks for: ever more at once."""
    return min(shown * 3, MOST_SHOWN)


def _chooses(takers: frozenset[int] | None) -> bool:
    """Whether there may be more than one to give it to (None: everybody)."""
    return takers is None or len(takers) > 1


async def _page(visit: Visit, facts: dict[str, Any], status: int = 200) -> Response:
    return await visit.page("deals/page.html", "deals", status, **facts)
