"""`me`: who asks."""

from fastapi import APIRouter

from api.deps import CurrentActor, ReadDb
from api.rest.models import UserOut
from crm_core.users import queries

router = APIRouter(tags=["me"])


@router.get("/me", response_model=UserOut)
async def me(actor: CurrentActor, connection: ReadDb) -> UserOut:
    return UserOut.of(await queries.user(connection, actor, actor.user_id))
