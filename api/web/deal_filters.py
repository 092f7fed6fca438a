"""The filters of deals as they stand in a form, in the address and in a saved view: one set for board, list and bulk change."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from fastapi import Query

from api.web.typed import id_typed
from api.web.visit import Visit
from crm_core.access import Noun
from crm_core.days import bounds, day_of
from crm_core.deals.filters import DealFilters, known_sources
from crm_core.deals.queries import DEAL_SORTS, list_pipelines
from crm_core.errors import Invalid
from crm_core.products.work_types import list_work_types
from crm_core.users.queries import on_duty

ME, NOBODY = "me", "nobody"
PERIODS = ("week", "month", "quarter", "year")
USUAL_SORT = "-stage_since"

Again = Annotated[str, Query(max_length=1)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is left at its usual value does not stand in the address. `owner_id`: an id, `me` or `nobody`."""

    state: Literal["open", "closed"] = "open"
    search: Annotated[str, Query(max_length=200)] = ""
    pipeline_id: Annotated[str, Query(max_length=15)] = ""
    stage_id: Annotated[str, Query(max_length=15)] = ""
    owner_id: Annotated[str, Query(max_length=15)] = ""
    source: Annotated[str, Query(max_length=300)] = ""
    work_type_id: Annotated[str, Query(max_length=15)] = ""
    period: Annotated[str, Query(max_length=10)] = ""
    without_task: Annotated[str, Query(max_length=1)] = ""
    stuck: Annotated[str, Query(max_length=1)] = ""
    sort: Annotated[str, Query(max_length=20)] = USUAL_SORT

    def query(self, **instead: str) -> str:
        """What stands after the question mark, with some of it changed."""
        values = {name: instead.get(name, getattr(self, name)) for name in USUAL}
        return urlencode({name: value for name, value in values.items() if value and value != USUAL[name]})

    @property
    def narrows(self) -> bool:
        """Whether somebody chose less than all; the state and the order are no choice of that kind."""
        return any(getattr(self, name) for name in USUAL if name not in ("state", "sort", "pipeline_id"))

    def filters(self, user_id: int, now: datetime, zone: ZoneInfo) -> DealFilters:
        """Raises Invalid for what no form of ours sends."""
        if self.sort not in DEAL_SORTS:
            raise Invalid("A filter has a value it cannot have")
        since, until = _period(self.period, now, zone)
        owner = user_id if self.owner_id == ME else None if self.owner_id == NOBODY else id_typed(self.owner_id)
        return DealFilters(
            open=self.state == "open", search=self.search or None, owner_id=owner, source=self.source or None,
            pipeline_id=id_typed(self.pipeline_id), stage_id=id_typed(self.stage_id), work_type_id=id_typed(self.work_type_id),
            unowned=self.owner_id == NOBODY, without_task=bool(self.without_task), stuck_at=now if self.stuck else None,
            opened_since=since, opened_until=until,
        )  # fmt: skip


USUAL: dict[str, Any] = {one.name: one.default for one in fields(Asked)}


def asked_again(query: str) -> Asked:
    """The filters of a saved address; raises Invalid. What is no filter of ours is left out."""
    given = {name: value[:300] for name, value in parse_qsl(query, max_num_fields=50) if name in USUAL}
    if given.get("state", "open") not in ("open", "closed"):
        raise Invalid("A filter has a value it cannot have")
    return Asked(**given)  # type: ignore[arg-type]


def filters_of(visit: Visit, asked: Asked) -> DealFilters:
    return asked.filters(visit.actor.user_id, visit.now, visit.context.settings.zone)


async def choices(visit: Visit) -> dict[str, Any]:
    """What the form offers."""
    owners = await on_duty(visit.connection, visit.actor.people(Noun.DEALS))
    return {
        "owners": owners, "pipelines": await list_pipelines(visit.connection),
        "sources": await known_sources(visit.connection, visit.actor),
        "work_types": await list_work_types(visit.connection),
    }  # fmt: skip


def _period(name: str, now: datetime, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """From the first day of this week, month, quarter or year on."""
    if not name:
        return None, None
    if name not in PERIODS:
        raise Invalid("A filter has a value it cannot have")
    return bounds(_first_day(name, day_of(now, zone)), zone)[0], None


def _first_day(name: str, today: date) -> date:
    first_days = {
        "week": today - timedelta(days=today.weekday()), "month": today.replace(day=1),
        "quarter": today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1), "year": today.replace(month=1, day=1),
    }  # fmt: skip
    return first_days[name]
