"""The benchmark's yardstick of lists answers what ours does, to whom ours does: else it measures something else."""

import httpx

from api.rest.models import CallOut
from crm_core.users import api_tokens
from tests.api.world import House
from tests.benchmarks.orm_route import orm_app


async def test_the_orm_route_tells_the_same_calls_to_the_same_reader_and_none_to_a_stranger(house: House) -> None:
    async with house.database.write() as tx:
        token = await api_tokens.create_token(tx, house.world.people["head"], now=house.time, by=None)
    told = []
    for app in (house.app, orm_app(house.database)):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            assert (await client.get("/api/v1/calls")).status_code == 401
            answer = await client.get("/api/v1/calls", headers={"Authorization": f"Bearer {token}"})
            told.append([CallOut.model_validate(call) for call in answer.raise_for_status().json()["items"]])

    assert told[0]
    assert told[0] == told[1]
