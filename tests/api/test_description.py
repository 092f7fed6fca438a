"""`/api/openapi.json` says what is really answered: programs are made from it."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate

from tests.api.world import House


@pytest.fixture
async def described(house: House) -> dict[str, Any]:
    async with house.client() as client:
        answer: dict[str, Any] = (await client.get("/api/openapi.json")).json()
        return answer


def _against(described: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": described["components"]})


def _answer(operation: dict[str, Any], status: str, media: str) -> dict[str, Any]:
    schema: dict[str, Any] = operation["responses"][status]["content"][media]["schema"]
    return schema


def test_it_is_openapi(described: dict[str, Any]) -> None:
    validate(described)


def test_every_operation_names_its_place_its_ids_and_its_refusals(described: dict[str, Any]) -> None:
    names: list[str] = []
    for path, methods in described["paths"].items():
        for operation in methods.values():
            named = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), path
            assert _answer(operation, "4XX", "application/problem+json")["required"], path
            assert "422" not in operation["responses"], path
            assert {key for way in operation["security"] for key in way} == {"HTTPBearer", "APIKeyCookie"}, path
            names.append(operation["operationId"])

    assert len(names) == len(set(names))


async def test_every_answer_is_of_the_shape_that_is_described(house: House, described: dict[str, Any]) -> None:
    checked = 0
    async with house.client("head") as head, house.client("admin") as admin:
        for path, methods in described["paths"].items():
            if "application/json" not in methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {}):
                continue
            wanted = {one["name"] for one in methods["get"].get("parameters", ()) if one["in"] == "query" and one.get("required")}
            query = {name: value for name, value in _asked(house).items() if name in wanted}
            answers = [await client.get(path.format_map(house.world.own), params=query) for client in (head, admin)]
            answer = next((one for one in answers if one.status_code == 200), answers[0])  # some are the administrator's
            _against(described, _answer(methods["get"], "200", "application/json")).validate(answer.json())
            checked += 1

    assert checked > 15


def _asked(house: House) -> dict[str, Any]:
    """What goes into a query that cannot do without."""
    return {"to": house.world.own["stage_id"], "noun": "deal", "id": house.world.own["deal_id"]}


@pytest.mark.parametrize(("who", "path"), [(None, "me"), ("head", "calls/0"), ("head", "deals/9999"), ("olga", "exchanges")])
async def test_every_refusal_is_of_the_shape_that_is_described(
    house: House, described: dict[str, Any], who: str | None, path: str
) -> None:
    async with house.client(who) as client:
        answer = await client.get(f"/api/v1/{path}")

    assert 400 <= answer.status_code < 500
    schema = _answer(described["paths"]["/api/v1/me"]["get"], "4XX", answer.headers["content-type"])
    _against(described, schema).validate(answer.json())
