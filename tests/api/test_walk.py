"""Every route × {a stranger, each role} × {his own, a colleague's}: answered as the policy says, and no route forgotten."""

import re
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from crm_core.access import POLICY, Noun, Scope
from crm_core.teams.deeds import put_into_team
from crm_core.teams.policies import set_policy
from crm_core.users.tables import Role
from tests.api.expectations import all_needs
from tests.api.needs import Needs
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
    url = path.format(**ids, link="no-such-link", role="qa", form="csv", which="edit")
    if needs.body is not None:
        return await client.request(method, url, json={key: _filled(value, ids) for key, value in needs.body.items()})
    form = {key: _filled(value, ids) for key, value in needs.form.items()}
    return await client.request(method, url, data=form or None)


def _filled(value: Any, ids: Any) -> Any:
    return value.format(**ids) if isinstance(value, str) else value


SCOPED = sorted(route for route, needs in NEEDS.items() if needs.scoped)
CARDS = [route for route in SCOPED if route.startswith(("GET", "HEAD"))]


@pytest.mark.parametrize("route", SCOPED)
async def test_a_route_answers_by_the_scope_of_the_role(house: House, route: str) -> None:
    """A colleague's is nobody's business while one sees one's own, or a team he is not in; in his team, or everybody's, it is."""
    needs, foreign = NEEDS[route], house.world.foreign
    may_not = 404 if needs.right is None or needs.right in POLICY[Role.MANAGER].rights or needs.hidden or needs.or_owner else 403
    may = needs.status_for_seen(Role.MANAGER)
    seen = [await _status(house, "olga", route, needs, foreign)]
    await _managers_see(house, dict.fromkeys(Noun, Scope.TEAM))
    seen.append(await _status(house, "olga", route, needs, foreign))
    await _in_one_team(house, "olga", "igor")
    seen.append(await _status(house, "olga", route, needs, foreign))

    assert seen == [may_not, may_not, may]


@pytest.mark.parametrize("route", CARDS)
async def test_the_scope_of_each_kind_of_record_opens_that_kind_alone(house: House, route: str) -> None:
    needs, foreign = NEEDS[route], house.world.foreign
    opened = set()
    for noun in Noun:
        await _managers_see(house, {**dict.fromkeys(Noun, Scope.OWN), noun: Scope.EVERYBODY})
        if await _status(house, "olga", route, needs, foreign) == needs.status_for_seen(Role.MANAGER):
            opened.add(noun)

    assert opened == {_noun_of(route)}


async def test_a_cursor_of_somebody_who_sees_more_gives_what_is_ones_own(house: House) -> None:
    async with house.client("head") as head, house.client("olga") as olga:
        for noun in ("calls", "contacts", "companies", "deals", "tasks"):
            cursor = (await head.get(f"/api/v1/{noun}?limit=1")).json()["next_cursor"]
            page = (await olga.get(f"/api/v1/{noun}", params={"cursor": cursor})).json()
            assert house.world.foreign[f"{SINGULAR[noun]}_id"] not in {item["id"] for item in page["items"]}
            forged = await olga.get(f"/api/v1/{noun}", params={"cursor": cursor[:-2] + "zz"})
            assert forged.status_code in (200, 422)


SINGULAR = {"calls": "call", "contacts": "contact", "companies": "company", "deals": "deal", "tasks": "task"}


def _noun_of(route: str) -> Noun:
    """Of what the address names first by its id: a recording goes with its call, a meeting and a request with their deal."""
    named = re.findall(r"{(\w+)_id}", route)[0]
    plural = {one: many for many, one in SINGULAR.items()}
    plural |= {"attempt": "calls", "recording": "calls", "meeting": "deals", "request": "deals"}
    with_it = {"attempt": "calls", "recording": "calls", "meeting": "deals", "request": "deals"}
    plural = {one: many for many, one in SINGULAR.items()} | with_it
    return Noun(plural[named])


async def _managers_see(house: House, scopes: dict[Noun, Scope]) -> None:
    async with house.database.write() as tx:
        await set_policy(tx, Role.MANAGER, scopes=scopes, now=house.time, by=None)


async def _in_one_team(house: House, *names: str) -> None:
    async with house.database.write() as tx:
        for name in names:
            await put_into_team(tx, house.world.own["team_id"], house.world.people[name], now=house.time, by=None)
