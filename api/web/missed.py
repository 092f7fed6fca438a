"""Missed: who called and was not answered, and who called back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.web.trust import period_trust
from api.web.visit import Visit, VisitNow
from crm_core.calls import missed_queries
from crm_core.calls.missed_queries import MissedFilters
from crm_core.users.desk_queries import MISSED_DAYS

router = APIRouter()

Show = Literal["open", "all"]
Whose = Literal["all", "own"]
Days = Literal["1", "7", "30", "90"]
DAYS: tuple[Days, ...] = ("1", "7", "30", "90")
USUAL_DAYS: Days = "7"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; `days` back from the end of today."""

    show: Show = "open"
    whose: Whose = "all"
    days: Days = USUAL_DAYS

    @property
    def open_only(self) -> bool:
        return self.show == "open"

    @property
    def narrowed(self) -> bool:
        return self.whose == "own" or int(self.days) < MISSED_DAYS.days

    def but(self, **other: str) -> str:
        """The address of the same list but for one choice; what is usual has no place in it."""
        chosen = {"show": self.show, "whose": self.whose, "days": self.days} | other
        usual = {"show": "open", "whose": "all", "days": USUAL_DAYS}
        return "&".join(f"{name}={value}" for name, value in chosen.items() if value != usual[name])

    def filters(self, visit: Visit) -> MissedFilters:
        until = visit.today[1]
        own_of = visit.actor.user_id if self.whose == "own" else None
        return MissedFilters(until - timedelta(days=int(self.days)), until, self.open_only, own_of)


def asked(show: Show = "open", whose: Whose = "all", days: Days = USUAL_DAYS) -> Asked:
    return Asked(show, whose, days)


AskedNow = Annotated[Asked, Depends(asked)]


@router.get("/missed")
async def page(visit: VisitNow, asked: AskedNow) -> Response:
    return await visit.page("missed/page.html", "missed", periods=DAYS, **await _listed(visit, asked))


@router.get("/missed/list")
async def part(visit: VisitNow, asked: AskedNow) -> Response:
    return visit.part("missed/_list.html", **await _listed(visit, asked))


@router.get("/missed/more")
async def more(visit: VisitNow, asked: AskedNow, cursor: Annotated[str, Query(max_length=60)]) -> Response:
    return visit.part("missed/_rows.html", continued=True, **await _listed(visit, asked, cursor))


async def _listed(visit: Visit, asked: Asked, cursor: str | None = None) -> dict[str, Any]:
    filters = asked.filters(visit)
    found = await missed_queries.list_missed(visit.connection, visit.actor, filters, cursor=cursor)
    return {"missed": found, "asked": asked, **await period_trust(visit, filters.since, filters.until)}
