"""What REST answers: shapes, filters, pages, and what it refuses."""

import asyncio
from datetime import UTC, datetime

import pytest

from api.rest.models import written
from crm_core.blobs import Blobs
from tests.api.world import AUDIO, House

CALL_KEYS = {
    "id", "exchange", "linkedids", "direction", "started_at", "ended_at", "caller", "caller_name", "did", "callee", "outcome",
    "wait_seconds", "talk_seconds", "hold_seconds", "answered_by", "rang", "transfers", "voicemail", "forwarded_to", "queue",
    "click_to_call", "recordings", "source", "partial", "contact_id", "deal_id", "stage", "tags",
}  # fmt: skip


async def test_a_call_has_every_key_of_the_contract_and_where_it_belongs(house: House) -> None:
    ids = house.world.own
    async with house.client("olga") as client:
        call = (await client.get(f"/api/v1/calls/{ids['call_id']}")).json()

    assert call.keys() >= CALL_KEYS
    assert (call["caller"], call["outcome"], call["contact_id"]) == ("79160000001", "answered", ids["contact_id"])
    assert call["deal_id"] == ids["deal_id"]
    assert call["stage"] == {"id": house.world.stages[1], "name": "Классификация"}
    assert call["tags"] == ["greeting"]
    assert call["recordings"] == [{"id": ids["recording_id"], "seconds": 6.0, "sides": 2}]
    assert [person["extension"] for person in call["answered_by"]] == ["101"]
    assert call["started_at"].endswith("Z")
    assert len(call["started_at"]) == len("2026-11-21T23:43:56.199Z")


async def test_a_manager_lists_his_own_calls_and_the_head_everybodys(house: House) -> None:
    async with house.client("olga") as olga, house.client("head") as head:
        own, all_calls = (await olga.get("/api/v1/calls")).json(), (await head.get("/api/v1/calls")).json()

    assert [call["id"] for call in own["items"]] == [house.world.own["call_id"]]
    assert {call["id"] for call in all_calls["items"]} == {house.world.own["call_id"], house.world.foreign["call_id"]}


async def test_remarks_are_listed_by_their_seconds_and_taken_back_by_their_author(house: House) -> None:
    remarks = f"/api/v1/calls/{house.world.own['call_id']}/remarks"
    async with house.client("qa") as quality, house.client("head") as head, house.client("olga") as olga:
        for remark in ({"text": "в целом хорошо"}, {"text": "перебил", "second": 7.5}):
            await quality.post(remarks, json=remark)
        said = (await head.get(remarks)).json()["items"]
        first = f"{remarks}/{said[0]['id']}"
        refused = [(await who.delete(first)).status_code for who in (head, olga)]
        gone, again = await quality.delete(first), await quality.delete(first)
        left = (await quality.get(remarks)).json()["items"]

    assert [(one["second"], one["text"]) for one in said] == [
        (7.5, "перебил"), (None, "well begun"), (None, "в целом хорошо"),
    ]  # fmt: skip
    assert (refused, gone.status_code, again.status_code) == ([403, 403], 204, 404)
    assert left == said[1:]


async def test_pages_follow_each_other_without_gap_or_repetition(house: House) -> None:
    async with house.client("head") as client:
        for sort in ("-started_at", "started_at", "-talk_seconds", "wait_seconds"):
            first = (await client.get("/api/v1/calls", params={"limit": 1, "sort": sort})).json()
            query = {"limit": 1, "sort": sort, "cursor": first["next_cursor"]}
            second = (await client.get("/api/v1/calls", params=query)).json()

            assert {call["id"] for page in (first, second) for call in page["items"]} == {
                house.world.own["call_id"], house.world.foreign["call_id"],
            }  # fmt: skip
            assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "916 000-00-01"}, "own"), ({"search": "CUSTOMER OF 102"}, "foreign"), ({"search": "%"}, None),
        ({"direction": "outbound"}, None), ({"outcome": "answered", "search": "company of 101"}, "own"),
        ({"until": "2001-01-01T00:00:00Z"}, None), ({"tag": "no such"}, None), ({"recorded": "false"}, None),
    ],
)  # fmt: skip
async def test_calls_are_narrowed_by_each_filter(house: House, query: dict[str, str], found: str | None) -> None:
    async with house.client("head") as client:
        items = (await client.get("/api/v1/calls", params=query)).json()["items"]

    assert [call["id"] for call in items] == ([getattr(house.world, found)["call_id"]] if found else [])


@pytest.mark.parametrize("noun", ["calls", "contacts", "companies", "deals", "tasks", "users"])
@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "garbage"}, {"cursor": "bnVsbA"}, {"cursor": "WyItc3RhcnRlZF9hdCIsIDEsIDFd"}, {"cursor": "é"},
        {"sort": "password_hash"}, {"sort": "id; DROP TABLE calls"}, {"limit": "0"}, {"limit": "100000"}, {"limit": "x"},
    ],
)  # fmt: skip
async def test_what_no_list_can_mean_is_refused_with_a_problem(house: House, noun: str, query: dict[str, str]) -> None:
    async with house.client("head") as client:
        answer = await client.get(f"/api/v1/{noun}", params=query)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() >= {"type", "title", "status", "detail"}


@pytest.mark.parametrize("path", ["calls/0", "calls/-1", "calls/x", "calls/99999999999999999999", "deals/%00", "contacts/1e3"])
async def test_an_id_that_cannot_be_one_is_refused(house: House, path: str) -> None:
    async with house.client("head") as client:
        answer = await client.get(f"/api/v1/{path}")

    assert answer.status_code == 422


async def test_what_is_not_there_and_what_is_not_mine_are_answered_alike(house: House) -> None:
    async with house.client("olga") as client:
        foreign = await client.get(f"/api/v1/deals/{house.world.foreign['deal_id']}")
        nowhere = await client.get("/api/v1/deals/424242")

    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.content == nowhere.content


async def test_the_transcript_tells_who_said_what_and_its_tags_point_to_their_quotes(house: House) -> None:
    async with house.client("olga") as client:
        said = (await client.get(f"/api/v1/calls/{house.world.own['call_id']}/transcript")).json()

    recording = house.world.own["recording_id"]
    assert said["status"] == "ready"
    assert said["segments"] == [{"side": "manager", "start": 0.5, "end": 2.0, "text": "Добрый день", "recording_id": recording}]
    assert said["tags"] == [{"tag": "greeting", "quote": "Добрый день", "start": 0.5, "end": 2.0, "recording_id": recording}]


async def test_an_admin_without_the_grant_sees_the_call_and_none_of_its_words(house: House) -> None:
    ids = house.world.own
    async with house.client("admin") as client:
        call = (await client.get(f"/api/v1/calls/{ids['call_id']}")).json()
        said = await client.get(f"/api/v1/calls/{ids['call_id']}/transcript")
        audio = await client.get(f"/api/v1/recordings/{ids['recording_id']}/audio")

    assert (call["recordings"], call["tags"]) == ([], [])
    assert (said.status_code, audio.status_code) == (403, 404)


@pytest.mark.parametrize("query", [{"tag": "greeting"}, {"recorded": "true"}])
async def test_no_filter_finds_a_call_by_what_one_may_not_hear(house: House, query: dict[str, str]) -> None:
    async with house.client("admin") as admin, house.client("head") as head:
        hidden = (await admin.get("/api/v1/calls", params=query)).json()["items"]
        found = (await head.get("/api/v1/calls", params=query)).json()["items"]

    assert (len(hidden), len(found)) == (0, 2)


@pytest.mark.parametrize(
    ("wanted", "status", "start", "end"),
    [
        (None, 200, 0, 10240), ("bytes=0-99", 206, 0, 100), ("bytes=100-", 206, 100, 10240),
        ("bytes=-40", 206, 10200, 10240), ("bytes=0-999999", 206, 0, 10240), ("lines=1-2", 200, 0, 10240),
    ],
)  # fmt: skip
async def test_audio_is_answered_in_the_ranges_a_player_asks_for(
    house: House, wanted: str | None, status: int, start: int, end: int
) -> None:
    headers = {"Range": wanted} if wanted else {}
    async with house.client("olga") as client:
        answer = await client.get(f"/api/v1/recordings/{house.world.own['recording_id']}/audio", headers=headers)

    assert answer.status_code == status
    assert answer.content == AUDIO[start:end]
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers.get("content-range") == (f"bytes {start}-{end - 1}/10240" if status == 206 else None)


async def test_a_store_that_does_not_answer_leaves_all_else_its_connections(house: House) -> None:
    asked = 0

    class Silent(Blobs):
        async def size(self, key: str) -> int:
            nonlocal asked
            asked += 1
            await asyncio.Event().wait()
            return await super().size(key)

    house.context.blobs = Silent(house.context.settings.data_dir / "blobs")
    url = f"/api/v1/recordings/{house.world.own['recording_id']}/audio"
    async with house.client("olga") as client:
        waiting = [asyncio.create_task(client.get(url)) for _ in range(40)]
        async with asyncio.timeout(20):
            while asked < len(waiting):
                await asyncio.sleep(0.01)
        answer = await asyncio.wait_for(client.get("/api/v1/calls"), 10)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert answer.status_code == 200


async def test_a_range_beyond_the_end_is_told_the_size(house: House) -> None:
    async with house.client("olga") as client:
        url = f"/api/v1/recordings/{house.world.own['recording_id']}/audio"
        answer = await client.get(url, headers={"Range": "bytes=20000-"})

    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10240")


async def test_each_listening_is_logged_once_however_many_ranges_it_takes(house: House) -> None:
    from sqlalchemy import func, select

    from crm_core.recordings.tables import listenings

    url = f"/api/v1/recordings/{house.world.own['recording_id']}/audio"
    async with house.client("head") as client:
        for first in (0, 100, 200):
            await client.get(url, headers={"Range": f"bytes={first}-{first + 99}"})
    async with house.database.read() as connection:
        counted = await connection.scalar(select(func.count()).where(listenings.c.user_id == house.world.people["head"]))

    assert counted == 1


async def test_a_deal_moves_and_whoever_comes_second_is_told_where_it_is(house: House) -> None:
    here, there, beyond = house.world.stages[1:4]
    url = f"/api/v1/deals/{house.world.own['deal_id']}/move"
    async with house.client("olga") as client:
        moved = await client.post(url, json={"stage": there, "expected_stage": here})
        late = await client.post(url, json={"stage": beyond, "expected_stage": here})

    assert (moved.status_code, moved.json()["stage_id"]) == (200, there)
    assert (late.status_code, late.json()["moved_to"]["id"]) == (409, there)


async def test_a_contact_is_written_down_found_and_changed(house: House) -> None:
    async with house.client("olga") as client:
        body = {"name": "Анна", "company": "Кофейня", "numbers": ["8 (921) 400-18-77"]}
        made = (await client.post("/api/v1/contacts", json=body)).json()
        await client.patch(f"/api/v1/contacts/{made['id']}", json={"position": "директор"})
        found = (await client.get("/api/v1/contacts", params={"search": "кофЕЙня"})).json()["items"]

    assert [one["id"] for one in found] == [made["id"]]
    assert found[0]["numbers"] == [{"number": "79214001877", "not_customer": False}]
    assert (found[0]["position"], found[0]["owner"]["id"]) == ("директор", house.world.people["olga"])


async def test_a_manager_gives_no_deal_away_and_his_head_does(house: House) -> None:
    url, igor = f"/api/v1/deals/{house.world.own['deal_id']}", house.world.people["igor"]
    new = {"contact_id": house.world.own["contact_id"], "owner_id": igor}
    async with house.client("olga") as client:
        refused = [(await client.patch(url, json={"owner_id": owner})).status_code for owner in (igor, None)]
        refused.append((await client.post("/api/v1/deals", json=new)).status_code)
        kept = await client.patch(url, json={"owner_id": house.world.people["olga"], "title": "Сайт"})
    async with house.client("head") as client:
        given = await client.patch(url, json={"owner_id": igor})
    async with house.client("olga") as client:
        unseen = await client.get(url)

    assert refused == [403, 403, 403]
    assert (kept.status_code, kept.json()["title"]) == (200, "Сайт")
    assert (given.status_code, given.json()["owner"]["id"], unseen.status_code) == (200, igor, 404)


async def test_the_description_names_every_route_and_the_docs_page_runs_no_script(house: House) -> None:
    async with house.client() as client:
        described = (await client.get("/api/openapi.json")).json()
        page = (await client.get("/api/docs")).text

    assert "/api/v1/calls/{call_id}/transcript" in described["paths"]
    assert all(path in page for path in described["paths"])
    assert "<script" not in page
    assert "://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api", 404), ("GET", "/api/v1", 404), ("GET", "/api/v1/nothing", 404), ("GET", "/api/v1/reports/none", 404),
        ("DELETE", "/api/v1/calls", 405), ("PUT", "/api/v1/deals/1", 405), ("POST", "/api/v1/stream", 405),
    ],
)  # fmt: skip
async def test_every_refusal_under_the_interface_is_a_problem(house: House, method: str, path: str, status: int) -> None:
    async with house.client("head") as client:
        answer = await client.request(method, path)

    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() >= {"type", "title", "status", "detail"}


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000, b'{"a":' * 50_000, b'{"contact_id":1,"amount":' + b"9" * 5000 + b"}", b'{"contact_id":1,"amount":NaN}',
        b'{"contact_id":1,"amount":9223372036854775808}', b'{"contact_id":1,"title":"\\ud800"}', b"", b"null", b"\xff\xfe",
    ],
)  # fmt: skip
async def test_a_body_made_to_break_readers_is_refused_as_a_problem(house: House, body: bytes) -> None:
    async with house.client("olga") as client:
        answer = await client.post("/api/v1/deals", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_password_of_broken_characters_is_refused(house: House) -> None:
    body = b'{"email": "new@office.test", "name": "N", "role": "qa", "password": "\\ud800 long enough"}'
    async with house.client("admin") as client:
        answer = await client.post("/api/v1/users", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


def test_moments_of_any_year_are_written_alike() -> None:
    assert written(datetime(1, 1, 2, 0, 0, 0, 500_999, UTC)) == "0001-01-02T00:00:00.500Z"
    assert written(datetime(2026, 11, 21, 23, 43, 56, tzinfo=UTC)) == "2026-11-21T23:43:56.000Z"
