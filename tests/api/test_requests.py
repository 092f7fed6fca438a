"""The door for requests: what comes by a token, by a form of another site, and by who means no good."""

from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, update

from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals
from crm_core.requests.limits import OF_ADDRESS
from crm_core.requests.tables import request_forms, requests
from crm_core.users.api_tokens import create_token
from tests.api.world import NOW, House

URL = "/api/v1/requests"
SITE = "https://firma.test"
PERSON = {"name": "Павел", "phone": "8 (916) 555-11-22", "text": "Нужен сайт"}


@pytest.fixture
async def form(house: House) -> str:
    """The key of a form that only pages of SITE may send."""
    async with house.database.write() as tx:
        row = {"name": "Contacts", "key": "site-key", "source": "site", "origins": [SITE], "created_at": NOW}
        await tx.execute(insert(request_forms).values(row))
    return "site-key"


async def program(house: House, who: str = "olga") -> dict[str, str]:
    async with house.database.write() as tx:
        token = await create_token(tx, house.world.people[who], now=NOW, by=None)
    return {"Authorization": f"Bearer {token}"}


async def rows(house: House, table: Any) -> list[Any]:
    async with house.database.read() as connection:
        return list((await connection.execute(select(table).order_by(table.c.id))).all())


def site(house: House, **headers: str) -> httpx.AsyncClient:
    """A browser on a page of the site."""
    return house.client(None, Origin=SITE, **headers)


async def test_a_program_with_a_token_opens_a_lead_and_is_told_which(house: House) -> None:
    async with house.client(None, **await program(house)) as client:
        del client.headers["Origin"]
        answer = await client.post(URL, json={**PERSON, "utm": {"source": "ya"}, "source": "avito"})

    told = answer.json()
    deal = next(row for row in await rows(house, deals) if row.id == told["deal_id"])
    assert (answer.status_code, told["state"], deal.source, deal.utm) == (201, "taken", "avito", {"source": "ya"})
    async with house.client("olga") as client:
        kept = (await client.get(f"{URL}/{told['id']}")).json()
        assert (kept["text"], kept["phone"], kept["deal_id"]) == ("Нужен сайт", "79165551122", told["deal_id"])


async def test_a_program_is_not_told_of_a_colleagues_customer(house: House) -> None:
    async with house.client(None, **await program(house)) as client:
        told = (await client.post(URL, json={"phone": "79160000002"})).json()

    assert (told["contact_id"], told["deal_id"]) == (None, None)
    assert (await rows(house, requests))[-1].deal_id == house.world.foreign["deal_id"]


class TestForms:
    async def test_a_page_of_the_site_sends_json_and_learns_nothing_but_that_it_came(self, house: House, form: str) -> None:
        async with site(house) as client:
            asked = await client.options(URL, params={"form": form}, headers={"Access-Control-Request-Method": "POST"})
            answer = await client.post(URL, params={"form": form}, json=PERSON)

        for one in (asked, answer):
            assert one.headers["access-control-allow-origin"] == SITE
            assert "access-control-allow-credentials" not in one.headers
            assert "Origin" in one.headers["vary"]
        assert "idempotency-key" in asked.headers["access-control-allow-headers"].lower()
        assert (answer.status_code, answer.json().keys()) == (201, {"id"})
        assert (await rows(house, deals))[-1].source == "site"

    @pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://firma.test", "https://firma.test.evil.test"])
    async def test_another_site_is_refused_and_may_not_read_why(self, house: House, form: str, origin: str) -> None:
        async with house.client("olga", Origin=origin) as client:
            asked = await client.options(URL, params={"form": form})
            answer = await client.post(URL, params={"form": form}, json=PERSON)

        assert (answer.status_code, len(await rows(house, requests))) == (403, 2)
        for one in (asked, answer):
            assert "access-control-allow-origin" not in one.headers

    async def test_who_comes_from_nowhere_is_no_page_of_the_site(self, house: House, form: str) -> None:
        async with house.client(None) as client:
            del client.headers["Origin"]
            assert (await client.post(URL, params={"form": form}, json=PERSON)).status_code == 403

    async def test_another_sites_page_cannot_use_the_visitors_session(self, house: House) -> None:
        async with house.client("head", Origin=SITE) as client:
            assert (await client.post(URL, json=PERSON)).status_code == 403
        async with house.client("head", Origin=SITE) as client:
            assert (await client.post("/api/v1/contacts", json={"name": "N"})).status_code == 403

    @pytest.mark.parametrize("key", ["nothing", "", "x" * 41, "\u0000", "form-key"])
    async def test_a_key_that_opens_nothing(self, house: House, key: str) -> None:
        async with house.database.write() as tx:
            await tx.execute(update(request_forms).values(active=False))
        async with site(house) as client:
            answer = await client.post(URL, params={"form": key}, json=PERSON)

        assert answer.status_code in (401, 403, 422)
        assert len(await rows(house, requests)) == 2

    @pytest.mark.parametrize("files", [None, {"photo": ("a.png", b"\x89PNG")}])
    async def test_an_ordinary_form_is_thanked_by_a_page(self, house: House, form: str, files: Any) -> None:
        async with site(house, Accept="text/html,*/*") as client:
            sent = {**PERSON, "form": form, "email": "", "consent": "Согласен на обработку", "seconds": "14.2"}
            answer = await client.post(URL, data=sent) if files is None else await client.post(URL, data=sent, files=files)

        if files is None:
            assert (answer.status_code, answer.headers["content-type"]) == (201, "text/html; charset=utf-8")
            assert (await rows(house, contacts))[-1].consent_at == NOW
        else:  # a form that sends files is told so, as a page
            assert answer.status_code == 422
            assert "text/html" in answer.headers["content-type"]

    async def test_or_led_to_the_forms_own_page_of_thanks(self, house: House, form: str) -> None:
        async with house.database.write() as tx:
            await tx.execute(update(request_forms).values(thanks_url="https://firma.test/thanks"))
        async with site(house, Accept="text/html") as client:
            answer = await client.post(URL, data={**PERSON, "form": form})
            wrong = await client.post(URL, data={"form": form, "phone": "<b>нет</b>"})

        assert (answer.status_code, answer.headers["location"]) == (303, "https://firma.test/thanks")
        assert (wrong.status_code, "<b>нет</b>" in wrong.text) == (422, False)

    async def test_spam_is_answered_as_everything_else_and_waits_for_a_person(self, house: House, form: str) -> None:
        async with site(house) as client:
            answer = await client.post(URL, params={"form": form}, json={**PERSON, "website": "http://x"})
        assert (answer.status_code, answer.json().keys()) == (201, {"id"})

        async with house.client("olga") as client:
            (spam,) = (await client.get(URL, params={"state": "spam"})).json()["items"]
            assert (spam["why"], spam["deal_id"]) == ("trap", None)
            rescued = (await client.post(f"{URL}/{spam['id']}/rescue")).json()
        assert (rescued["state"], (await rows(house, deals))[-1].id) == ("taken", rescued["deal_id"])

    async def test_too_many_from_one_address_are_told_when_to_come_back(self, house: House, form: str) -> None:
        async with site(house) as client:
            for number in range(OF_ADDRESS.most):
                await client.post(URL, params={"form": form}, json={"phone": f"+7916555{number:04}"})
            answer = await client.post(URL, params={"form": form}, json={"phone": "+79165559999"})
        async with house.client(None, address="192.0.2.9", Origin=SITE) as client:
            other = await client.post(URL, params={"form": form}, json={"phone": "+79165559999"})

        assert (answer.status_code, answer.headers["retry-after"], other.status_code) == (429, "600", 201)
        assert answer.headers["access-control-allow-origin"] == SITE


async def test_a_key_makes_it_one_request_however_often_it_is_sent(house: House) -> None:
    headers = await program(house)
    async with house.client(None, **headers) as client:
        first, again = [await client.post(URL, json=PERSON, headers={"Idempotency-Key": "order-7"}) for _ in range(2)]
        in_body = await client.post(URL, json={**PERSON, "key": "order-7"})
        other = await client.post(URL, json={**PERSON, "text": "Другое"}, headers={"Idempotency-Key": "order-7"})

    assert first.json() == again.json() == in_body.json()
    assert (other.status_code, other.headers["content-type"]) == (409, "application/problem+json")
    assert len(await rows(house, requests)) == 3


class TestBadInput:
    @pytest.mark.parametrize(
        ("sent", "status", "says"),
        [
            ({"json": {}}, 422, "phone or email"),
            ({"json": {"phone": "нет"}}, 422, "no telephone number"),
            ({"json": {"phone": ["1"]}}, 422, "body.phone"),
            ({"json": {"phone": "89161112233", "text": "x" * 10_001}}, 422, "body.text"),
            ({"json": {"phone": "89161112233", "utm": {"source": "x" * 301}}}, 422, "body.utm.source"),
            ({"json": {"phone": "89161112233", "key": "a\nb"}}, 422, "key has"),
            ({"json": [1]}, 422, "body"),
            ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 422, "body"),
            ({"content": b"[" * 30_000, "headers": {"Content-Type": "application/json"}}, 422, "body"),
            ({"content": b"\xff\xfe", "headers": {"Content-Type": "application/json"}}, 422, "body"),
            ({"content": b"phone=1", "headers": {"Content-Type": "text/plain"}}, 415, "application/json"),
            ({"content": b"x" * 70_000, "headers": {"Content-Type": "application/json"}}, 413, "65536"),
            (
                {"content": b"phone=" + b"1" * 70_000, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
                413,
                "65536",
            ),
            ({"content": b"--b\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 422, ""),
            ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 422, "form cannot be read"),
        ],
    )
    async def test_is_told_what_is_wrong_with_it(self, house: House, sent: dict[str, Any], status: int, says: str) -> None:
        headers = await program(house)
        async with house.client(None, **headers) as client:
            answer = await client.post(URL, **{**sent, "headers": {**headers, **sent.get("headers", {})}})

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert says in answer.json()["detail"]
        assert len(await rows(house, requests)) == 2

    async def test_numbers_as_numbers_and_fields_nobody_knows_do_no_harm(self, house: House) -> None:
        async with house.client(None, **await program(house)) as client:
            answer = await client.post(URL, json={"phone": 79165551122, "_wpcf7": 12, "seconds": "NaN", "website": None})

        assert answer.status_code == 201

    async def test_line_ends_in_a_name_reach_no_header_and_markup_no_page(self, house: House, form: str) -> None:
        evil = "<img src=x onerror=alert(1)>\r\nSet-Cookie: a=b"
        async with site(house, Accept="text/html") as client:
            answer = await client.post(URL, data={"form": form, "phone": "89165551122", "name": evil, "text": evil})

        assert (answer.status_code, "set-cookie" in answer.headers, "onerror" in answer.text) == (201, False, False)
        assert (await rows(house, requests))[-1].name == "<img src=x onerror=alert(1)> Set-Cookie: a=b"


async def test_lead_rules_are_written_tried_ordered_and_deleted_over_rest(house: House) -> None:
    async with house.client("admin") as client:
        new = {"name": "Опт", "when": {"dids": ["8 495 111-22-45"], "answered": False}, "then": {"owner_id": 1, "task": {}}}
        tried = (await client.post("/api/v1/lead-rules/dry-run", json={"rule": new})).json()
        made = (await client.post("/api/v1/lead-rules", json=new)).json()
        known = (await client.get("/api/v1/lead-rules")).json()["items"]
        turned = await client.post("/api/v1/lead-rules/order", json={"ids": [made["id"], known[0]["id"]]})
        wrong = await client.post("/api/v1/lead-rules", json={"name": "x", "then": {"stage_id": 999}})
        gone = await client.delete(f"/api/v1/lead-rules/{made['id']}")

    assert (made["when"]["dids"], made["broken"], made["then"]["task"]["kind"]) == (["74951112245"], [], "classify")
    assert [rule["id"] for rule in turned.json()["items"]] == [made["id"], known[0]["id"]]
    assert (wrong.status_code, wrong.json()["field"], gone.status_code) == (422, "stage_id", 204)
    assert {share["rule_id"] for share in tried["shares"]} >= {0, None}


async def test_forms_are_made_and_changed_over_rest(house: House) -> None:
    async with house.client("admin") as client:
        new = {"name": "Сайт", "origins": ["HTTPS://Фирма.рф/contacts", "https://b.test:443"], "source": "site"}
        made = (await client.post("/api/v1/request-forms", json=new)).json()
        changed = (await client.patch(f"/api/v1/request-forms/{made['id']}", json={"active": False})).json()
        wrong = [
            await client.post("/api/v1/request-forms", json={"name": "x", **bad})
            for bad in ({"origins": ["firma.ru"]}, {"origins": ["https://*"]}, {"thanks_url": "javascript:alert(1)"})
        ]

    assert made["origins"] == ["https://xn--80apmps.xn--p1ai", "https://b.test"]
    assert (changed["active"], changed["name"], len(changed["key"])) == (False, "Сайт", 24)
    assert {answer.status_code for answer in wrong} == {422}


async def test_what_somebody_asked_stands_on_his_card_for_those_who_see_its_deal(house: House) -> None:
    async with house.client("olga") as olga, house.client("igor") as igor:
        known = {**PERSON, "phone": "8 916 000-00-01", "text": "<b>Лендинг</b>"}  # a customer of hers
        taken = (await olga.post(URL, json=known)).json()
        card = (await olga.get(f"/contacts/{taken['contact_id']}")).text
        elsewhere = await igor.get(f"/contacts/{taken['contact_id']}")

    assert "&lt;b&gt;Лендинг&lt;/b&gt;" in card
    assert "Лендинг" not in elsewhere.text
