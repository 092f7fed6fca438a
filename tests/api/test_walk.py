"""Every route × {a stranger, each role} × {his own, a colleague's}: answered as the policy says, and no route forgotten."""

import re
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from crm_core.users.tables import Role
from tests.api.expectations import Needs, all_needs
from tests.api.world import House

NEEDS = all_needs()
# Whoever may do least comes first, so that a deed does not change what the next one is expected to find.
WALKERS = (
    ("olga", Role.MANAGER, "foreign"), ("admin", Role.ADMIN, "foreign"), ("qa", Role.QA, "foreign"),
    ("olga", Role.MANAGER, "own"), ("head", Role.HEAD, "foreign"),
)  # fmt: skip
STREAM = "GET /api/v1/stream"


def test_every_route_has_an_entry_and_every_entry_a_route(house: House) -> None:
    served = {f"{method} {route.path}" for route in iter_route_contexts(house.app.routes) for method in route.methods or ()}

    assert served - NEEDS.keys() == set(), "say in tests/api/expectations.py who may use these"
    assert NEEDS.keys() - served == set(), "these routes are gone"


@pytest.mark.parametrize("route", sorted(NEEDS.keys() - {STREAM}))
async def test_a_route_answers_each_as_the_policy_says(house: House, route: str) -> None:
    needs = NEEDS[route]
    expected: dict[str, int] = {"a stranger": _for_stranger(route, needs)}
    seen = {"a stranger": await _status(house, None, route, needs, house.world.own)}
    for who, role, whose in WALKERS:
        ids = house.world.own if whose == "own" else house.world.foreign
        name = f"{role.value}, {whose}"
        expected[name] = needs.status_for(role, own=whose == "own")
        seen[name] = await _status(house, who, route, needs, ids)

    assert seen == expected


@pytest.mark.parametrize("route", sorted(key for key, needs in NEEDS.items() if not needs.public and not key.startswith("GET")))
async def test_no_deed_is_done_for_another_sites_page(house: House, route: str) -> None:
    async with house.client("head", Origin="http://evil.test") as client:
        answer = await _ask(client, route, NEEDS[route], house.world.own)

    assert answer.status_code == (403 if not route.startswith("HEAD") else 200)


LISTS = sorted(
    route for route in NEEDS if route.startswith("GET") and "{" not in route and "more" not in route and route != STREAM
)


@pytest.mark.parametrize("route", LISTS)
async def test_no_list_tells_a_manager_of_a_colleagues_customer(house: House, route: str) -> None:
    async with house.client("olga") as client:
        answer = await _ask(client, route, NEEDS[route], house.world.own)

    assert re.findall(r"(?:Customer|Company) of 102|9160000002|916.000-00-02", answer.text) == []


def _for_stranger(route: str, needs: Needs) -> int:
    if needs.public:
        return needs.ok
    return 401 if "/api/" in route else 303


async def _status(house: House, who: str | None, route: str, needs: Needs, ids: Any) -> int:
    async with house.client(who) as client:
        answer = await _ask(client, route, needs, ids)
    if who is None and not needs.public and answer.status_code == 303:
        assert answer.headers["location"].startswith("/login")
    return answer.status_code


async def _ask(client: httpx.AsyncClient, route: str, needs: Needs, ids: Any) -> httpx.Response:
    method, path = route.split()
    url = path.format(**ids, link="no-such-link", role="qa")
    if needs.body is not None:
        return await client.request(method, url, json={key: _filled(value, ids) for key, value in needs.body.items()})
    form = {key: _filled(value, ids) for key, value in needs.form.items()}
    return await client.request(method, url, data=form or None)


def _filled(value: Any, ids: Any) -> Any:
    return value.format(**ids) if isinstance(value, str) else value
