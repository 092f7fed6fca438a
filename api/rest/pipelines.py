"""`pipelines` with their stages, in order."""

from fastapi import APIRouter

from api.deps import CurrentActor, ReadDb
from api.paths import PathId
from api.rest.models import Page, PipelineOut
from crm_core.deals import queries

router = APIRouter(tags=["pipelines"])


@router.get("/pipelines", response_model=Page[PipelineOut])
async def list_of_pipelines(_actor: CurrentActor, connection: ReadDb) -> Page[PipelineOut]:
    found = await queries.list_pipelines(connection)
    return Page(items=[PipelineOut.model_validate(one) for one in found], next_cursor=None)


@router.get("/pipelines/{pipeline_id}", response_model=PipelineOut)
async def one_pipeline(pipeline_id: PathId, _actor: CurrentActor, connection: ReadDb) -> PipelineOut:
    return PipelineOut.model_validate(await queries.pipeline(connection, pipeline_id))
