"""`trust`: of each exchange's day, how many of our calls agree with what the exchange keeps itself, and what differs."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.deps import CurrentActor, ReadDb, RowId
from api.paths import PathId
from api.rest.models import Answer, Moment, Page
from crm_core.trust import queries
from crm_core.trust.queries import DayLine, DifferenceLine
from crm_core.trust.told import Witness

router = APIRouter(tags=["trust"])


class ReadOut(Answer):
    """What was read of one of the exchange's own records; `why`: why it could not judge the whole day, if it could not."""

    rows: int
    broken: int
    why: str | None


class TrustOut(Answer):
    """`share`: 0..1; null where there was nothing to compare with. `differences`: those that are not mended."""

    id: int
    exchange_id: int
    exchange: str
    day: date
    calls: int
    agreeing: int
    share: float | None
    differences: int
    mended: int
    records: dict[str, ReadOut]
    notes: list[str]
    audited_at: Moment

    @staticmethod
    def of(line: DayLine) -> "TrustOut":
        return TrustOut(
            id=line.id, exchange_id=line.exchange_id, exchange=line.exchange, day=line.day, calls=line.calls,
            agreeing=line.agreeing, share=line.share, differences=line.open, mended=line.mended,
            records={name: ReadOut(**read) for name, read in line.sources.items()},
            notes=(line.note or "").splitlines(), audited_at=line.audited_at,
        )  # fmt: skip


class SaidOut(Answer):
    answered: bool | None
    outcome: str | None
    talk_seconds: float | None


class DifferenceOut(Answer):
    """`says`: what `ours`, `cel`, `cdr` and `queue_log` say of the call. File names stay inside."""

    id: int
    kind: str
    at: Moment
    call_id: int | None
    linkedid: str | None
    says: dict[str, SaidOut]
    mended_at: Moment | None
    mended_how: str | None

    @staticmethod
    def of(line: DifferenceLine) -> "DifferenceOut":
        said = {witness.value: line.facts[witness] for witness in Witness if isinstance(line.facts.get(witness), dict)}
        return DifferenceOut(
            id=line.id, kind=line.kind, at=line.at, call_id=line.call_id, linkedid=line.linkedid,
            says={name: _said(one) for name, one in said.items()}, mended_at=line.mended_at, mended_how=line.mended_how,
        )  # fmt: skip


@router.get("/trust", response_model=Page[TrustOut])
async def list_of_days(
    actor: CurrentActor,
    connection: ReadDb,
    exchange_id: RowId | None = None,
    since: Annotated[date | None, Query(description="the first day")] = None,
    until: Annotated[date | None, Query(description="the last day")] = None,
) -> Page[TrustOut]:
    """The newest days first, sixty at most."""
    found = await queries.audited(connection, actor, since=since, until=until, exchange_id=exchange_id)
    return Page(items=[TrustOut.of(line) for line in found], next_cursor=None)


@router.get("/trust/{day_id}/differences", response_model=Page[DifferenceOut])
async def differences_of_a_day(day_id: PathId, actor: CurrentActor, connection: ReadDb) -> Page[DifferenceOut]:
    """Open ones first, two hundred at most."""
    await queries.audited_day(connection, actor, day_id)
    found = await queries.differences_of(connection, actor, day_id)
    return Page(items=[DifferenceOut.of(line) for line in found], next_cursor=None)


def _said(said: dict[str, Any]) -> SaidOut:
    return SaidOut(answered=said.get("answered"), outcome=said.get("outcome"), talk_seconds=said.get("talk"))
