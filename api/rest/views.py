"""`views`: saved filters of the board and of the list of deals."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.deps import Context, CurrentActor, ReadDb
from api.paths import PathId
from api.rest.models import Answer, Page, PersonOut
from api.web.deal_filters import asked_again
from crm_core.views.saved import LONGEST_NAME, LONGEST_QUERY, Section, list_views, remove_view, save_view

router = APIRouter(tags=["deals"])


class ViewOut(Answer):
    """`query` stands after the question mark of the page's address."""

    id: int
    section: str
    name: str
    query: str
    shared: bool
    owner: PersonOut


class ViewIn(BaseModel):
    """What is no filter of deals is left out of `query`."""

    section: Section
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    query: str = Field("", max_length=LONGEST_QUERY)
    shared: bool = Field(False, description="everybody sees his own deals by it")


@router.get("/views", response_model=Page[ViewOut])
async def list_of_views(actor: CurrentActor, connection: ReadDb, section: Section = Section.DEALS) -> Page[ViewOut]:
    """Your own and the shared ones."""
    found = await list_views(connection, actor, section)
    return Page(items=[ViewOut.model_validate(view) for view in found], next_cursor=None)


@router.post("/views", response_model=ViewOut, status_code=201)
async def keep_view(new: ViewIn, actor: CurrentActor, context: Context) -> ViewOut:
    """Under a name you have already it takes the old one's place."""
    kept = asked_again(new.query).query()
    async with context.database.write() as tx:
        view_id = await save_view(tx, actor, new.section, new.name, kept, shared=new.shared, now=context.now())
        found = await list_views(tx, actor, new.section)
    return ViewOut.model_validate(next(view for view in found if view.id == view_id))


@router.delete("/views/{view_id}", status_code=204)
async def forget_view(view_id: PathId, actor: CurrentActor, context: Context) -> Response:
    async with context.database.write() as tx:
        await remove_view(tx, actor, view_id, now=context.now())
    return Response(status_code=204)
