"""`exchanges`: what each is set to and how it stands. They are added on the command line or the Exchange page."""

from fastapi import APIRouter

from api.deps import CurrentActor, ReadDb
from api.paths import PathId
from api.rest.models import ExchangeOut, Page
from crm_core.calls import exchange_queries

router = APIRouter(tags=["exchanges"])


@router.get("/exchanges", response_model=Page[ExchangeOut])
async def list_of_exchanges(actor: CurrentActor, connection: ReadDb) -> Page[ExchangeOut]:
    found = await exchange_queries.list_exchanges(connection, actor)
    return Page(items=[ExchangeOut.model_validate(one) for one in found], next_cursor=None)


@router.get("/exchanges/{exchange_id}", response_model=ExchangeOut)
async def one_exchange(exchange_id: PathId, actor: CurrentActor, connection: ReadDb) -> ExchangeOut:
    return ExchangeOut.model_validate(await exchange_queries.exchange(connection, actor, exchange_id))
