"""In houses by chance nobody gets an id outside his scope, by any list or card, and everybody gets all that is within it."""

import re
from random import Random
from typing import Any

import httpx
import pytest

from crm_core.recordings.tables import recordings
from tests.api.scoped_house import NOUNS, Seen, Someone, furnished, seen_by
from tests.api.test_walk import LISTS, NEEDS
from tests.api.world import House

HOUSES = 2

SINGULAR = {"call": "calls", "contact": "contacts", "company": "companies", "deal": "deals", "task": "tasks"}
IN_PAGES = (
    (re.compile(r"/(calls|contacts|companies|deals|tasks|recordings)/(\d+)\b"), {}),
    (re.compile(r"\b(call|contact|company|deal|task):(\d+)\b"), SINGULAR),
    (re.compile(r'id="(deal|task)-(\d+)"'), SINGULAR),
)
CARDS = {
    noun: [f"{way}/{noun}/{{}}" for way in ("/api/v1", "") if f"GET {way}/{noun}/{{{one}_id}}" in NEEDS]
    for one, noun in SINGULAR.items()
}
KEYS = {f"{one}_id": many for one, many in SINGULAR.items()}


@pytest.mark.parametrize("seed", range(HOUSES))
async def test_nobody_gets_an_id_outside_his_scope_by_any_list_or_card(house: House, seed: int) -> None:
    furniture = await furnished(house.database, Random(seed))
    leaks: list[str] = []
    for someone in furniture.people:
        seen = await seen_by(house.database, furniture, someone)
        async with client_of(house, someone) as client:
            await lists_are_whole(client, await without_merged(house, seen), f"{someone.role} {someone.id}")
            asked = [path for path in (route.split()[1] for route in LISTS) if "/static" not in path]
            for path in [*asked, "/missed?show=all", "/tasks?show=all", "/tasks?show=free", "/deals?state=closed"]:
                answer = await client.get(path)
                leaks += [f"{someone.role} {path}: {leak}" for leak in outside(answer, seen)]
            leaks += [f"{someone.role} {leak}" for leak in await cards(client, seen, await every_id(house))]
            leaks += [f"{someone.role} {leak}" for leak in await recorded(client, seen, await every_recording(house))]

    assert leaks == [], "\n".join(leaks)


def client_of(house: House, someone: Someone) -> httpx.AsyncClient:
    client = house.client()
    client.cookies.set("firstring_session", someone.token)
    return client


async def lists_are_whole(client: httpx.AsyncClient, seen: Seen, who: str) -> None:
    """Page by page over REST, exactly what is his."""
    for noun in NOUNS:
        found: set[int] = set()
        cursor: str | None = ""
        while cursor is not None:
            filters = {"limit": 5, **({"cursor": cursor} if cursor else {}), **({"done": "false"} if noun == "tasks" else {})}
            page = (await client.get(f"/api/v1/{noun}", params=filters)).json()
            found |= {item["id"] for item in page["items"]}
            cursor = page["next_cursor"]
        assert found == seen[noun], f"{who}: {noun}"


async def cards(client: httpx.AsyncClient, seen: Seen, every: Seen) -> list[str]:
    """What is his opens and tells nothing else; what is not is answered like what does not exist."""
    leaks: list[str] = []
    for noun, ids in every.items():
        for row_id in sorted(ids):
            for path in [place.format(row_id) for place in CARDS[noun]]:
                answer = await client.get(path)
                if row_id in seen[noun]:
                    leaks += [f"{path}: {leak}" for leak in outside(answer, seen)] or (
                        [] if answer.status_code in (200, 303) else [f"{path}: {answer.status_code}"]
                    )
                else:
                    nothing = await client.get(path.removesuffix(str(row_id)) + "2000000000")
                    if without_id(answer) != without_id(nothing) or answer.status_code != 404:
                        leaks.append(f"{path}: told from what does not exist ({answer.status_code})")
    return leaks


async def recorded(client: httpx.AsyncClient, seen: Seen, every: dict[int, int]) -> list[str]:
    """What was said is heard of the calls that are his, and not of one that only rang on his phone."""
    leaks: list[str] = []
    nothing = await client.get("/api/v1/recordings/2000000000/peaks")
    for audio, call in every.items():
        answer = await client.get(f"/api/v1/recordings/{audio}/peaks")
        told = await client.get(f"/api/v1/calls/{call}/transcript")
        if audio in seen["recordings"]:
            leaks += [f"recording {audio}: {answer.status_code}"] if answer.status_code != 200 else []
        elif without_id(answer) != without_id(nothing):
            leaks.append(f"recording {audio}: told from what does not exist")
        elif told.status_code == 200 and told.json()["status"] != "not_allowed":
            leaks.append(f"transcript of {call}")
    return leaks


async def every_recording(house: House) -> dict[int, int]:
    """The call of each."""
    async with house.database.read() as connection:
        return {row.id: row.call_id for row in await connection.execute(recordings.select())}


def without_id(answer: httpx.Response) -> tuple[int, str]:
    """Answers name the address they are for; ids apart they are to be the same."""
    return answer.status_code, re.sub(r"\d+", "0", answer.text)


async def every_id(house: House) -> Seen:
    """Of all records but those that were merged into another: whose card is the other's."""
    everything: Seen = {}
    async with house.database.read() as connection:
        for name, table in NOUNS.items():
            rows = (await connection.execute(table.select())).all()
            everything[name] = {row.id for row in rows if getattr(row, "merged_into", None) is None}
    return everything


async def without_merged(house: House, seen: Seen) -> Seen:
    return {noun: seen[noun] & ids for noun, ids in (await every_id(house)).items()}


def outside(answer: httpx.Response, seen: Seen) -> list[str]:
    """Ids in an answer that its reader may not have."""
    kind = answer.headers.get("content-type", "")
    named = _in_json(answer.json()) if "json" in kind and "openapi" not in str(answer.url) else _in_page(answer.text)
    return sorted({f"{noun} {row_id}" for noun, row_id in named if row_id not in seen.get(noun, {row_id})})


def _in_page(text: str) -> list[tuple[str, int]]:
    return [
        (plural.get(found[1], found[1]), int(found[2])) for pattern, plural in IN_PAGES for found in pattern.finditer(text)
    ]  # fmt: skip


def _in_json(told: Any) -> list[tuple[str, int]]:
    if isinstance(told, list):
        return [one for item in told for one in _in_json(item)]
    if not isinstance(told, dict):
        return []
    named = [(KEYS[key], value) for key, value in told.items() if key in KEYS and isinstance(value, int)]
    company = told.get("company")
    if isinstance(company, dict) and isinstance(company.get("id"), int):
        named.append(("companies", company["id"]))
    named += [("recordings", one["id"]) for one in told.get("recordings", ()) if isinstance(one, dict)]
    return named + [one for value in told.values() for one in _in_json(value)]
