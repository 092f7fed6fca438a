"""Calls by a click over REST and in the browser: what is answered, refused, and told in whose language."""

import asyncio

import pytest
from sqlalchemy import func, select, update

from crm_core.calls.tables import exchanges
from crm_core.dialling.rules import DialRules
from crm_core.dialling.settings import set_dialler, set_rules
from crm_core.dialling.tables import dial_attempts
from crm_core.users.tables import audit, users
from tests.api.world import NOW, House

OWN, FOREIGN = "+7 916 000-00-01", "+7 916 000-00-02"


@pytest.fixture
async def dialling(house: House) -> House:
    """The house with a dialler; it is Saturday, three in the afternoon in Moscow."""
    async with house.database.write() as tx:
        await set_dialler(tx, 1, "dialler", "its secret", house.context.box, now=NOW, by=None)
    return house


async def test_a_call_is_ordered_and_its_going_can_be_followed(dialling: House) -> None:
    async with dialling.client("olga") as olga:
        answer = await olga.post("/api/v1/calls", json={"to": OWN, "extension": "101"})
        told = answer.json()
        followed = await olga.get(answer.headers["location"])

    assert answer.status_code == 202
    assert (told["stage"], told["to"], told["extension"], told["call_id"], told["reason"]) == (
        "ordered",
        "79160000001",
        "101",
        None,
        None,
    )
    assert told["channel_id"].startswith("firstring-")
    assert answer.headers["location"] == f"/api/v1/calls/attempts/{told['id']}"
    assert followed.json() == told


REFUSED = [
    ("olga", {"to": FOREIGN}, 403, "unknown_number"), ("olga", {"to": OWN, "extension": "102"}, 403, "not_your_extension"),
    ("head", {"to": OWN}, 409, "no_extension"),
    ("olga", {"to": "112"}, 403, "emergency"), ("olga", {"to": "204"}, 403, "short_number"),
    ("olga", {"to": "+12125551234"}, 403, "country"), ("olga", {"to": "+78091234567"}, 403, "costly"),
    ("olga", {"to": "+70001234567"}, 422, "not_allotted"), ("olga", {"to": "x"}, 422, "not_a_number"),
    ("olga", {"to": "79160000001\r\nApplication: System\r\nData: id"}, 422, "not_a_number"),
    ("olga", {"to": "79160000001\0"}, 422, "not_a_number"), ("olga", {"to": "79160000001\n"}, 422, "not_a_number"),
    ("olga", {"to": OWN, "extension": "101\r\nApplication: System"}, 403, "not_your_extension"),
    ("olga", {"to": OWN, "extension": "101&PJSIP/trunk/+7900"}, 403, "not_your_extension"),
    ("olga", {"to": OWN, "extension": "\0"}, 403, "not_your_extension"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "body", "status", "reason"), REFUSED, ids=lambda one: ascii(one)[:40])
async def test_a_refusal_says_why_in_a_code_and_a_sentence(
    dialling: House, who: str, body: dict[str, str], status: int, reason: str
) -> None:
    async with dialling.client(who) as client:
        answer = await client.post("/api/v1/calls", json=body)

    told = answer.json()
    assert (answer.status_code, told["reason"]) == (status, reason)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(told["detail"]) > 15
    assert await _count(dialling, dial_attempts.c.verdict == reason) == 1


@pytest.mark.parametrize(("body", "where"), [
    ({}, "to"), ({"to": 5}, "to"), ({"to": "1" * 81}, "to"), ({"to": OWN, "extension": "1" * 81}, "extension"),
    ({"to": OWN, "exchange_id": 2**40}, "exchange_id"), ({"to": None}, "to"),
])  # fmt: skip
async def test_a_body_of_another_shape_is_refused(dialling: House, body: dict[str, object], where: str) -> None:
    async with dialling.client("olga") as olga:
        answer = await olga.post("/api/v1/calls", json=body)

    assert answer.status_code == 422
    assert where in answer.json()["detail"]


async def test_half_a_character_is_no_number(dialling: House) -> None:
    async with dialling.client("olga", **{"Content-Type": "application/json"}) as olga:
        answer = await olga.post("/api/v1/calls", content=b'{"to": "\\ud83d", "extension": "\\ud83d"}')

    assert answer.status_code in (403, 422)


@pytest.mark.parametrize("who", ["qa", "admin"])
async def test_who_sells_nothing_may_not(dialling: House, who: str) -> None:
    async with dialling.client(who) as client:
        answer = await client.post("/api/v1/calls", json={"to": OWN})

    assert answer.status_code == 403


async def test_the_sentence_is_in_the_users_own_language(dialling: House) -> None:
    async with dialling.client("olga") as olga:
        russian = (await olga.post("/api/v1/calls", json={"to": "112"})).json()
        async with dialling.database.write() as tx:
            await tx.execute(update(users).where(users.c.id == dialling.world.people["olga"]).values(language="en"))
        english = (await olga.post("/api/v1/calls", json={"to": "112"})).json()

    assert russian["detail"].startswith("Экстренные номера")
    assert english["detail"].startswith("Emergency numbers")


async def test_a_cap_says_when_there_is_room_again_and_two_at_once_do_not_pass_it_both(dialling: House) -> None:
    async with dialling.database.write() as tx:
        await set_rules(tx, 1, DialRules(countries=("RU",), per_hour=1), now=NOW, by=None)
        await tx.execute(update(users).values(may_dial_unknown=True, may_dial_for_others=True))
    async with dialling.client("olga") as olga:
        answers = await asyncio.gather(
            olga.post("/api/v1/calls", json={"to": OWN, "extension": "101"}),
            olga.post("/api/v1/calls", json={"to": FOREIGN, "extension": "102"}),
        )

    placed, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert (placed.status_code, refused.status_code, refused.json()["reason"]) == (202, 429, "cap_hour")
    assert refused.headers["retry-after"] == "3600"


async def test_the_same_idempotency_key_is_the_same_call(dialling: House) -> None:
    async with dialling.client("olga", **{"Idempotency-Key": "7c1"}) as olga:
        first = await olga.post("/api/v1/calls", json={"to": OWN})
        dialling.pass_by(minutes=5)
        again = await olga.post("/api/v1/calls", json={"to": OWN})

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]


async def test_the_description_tells_of_the_order_and_its_answers(house: House) -> None:
    async with house.client() as stranger:
        described = (await stranger.get("/api/openapi.json")).json()

    route = described["paths"]["/api/v1/calls"]["post"]
    assert {"202", "429", "4XX"} <= route["responses"].keys()
    assert "Idempotency-Key".lower() in {one["name"].lower() for one in route["parameters"]}
    fields = described["components"]["schemas"]["AttemptOut"]["properties"]
    assert {"id", "stage", "reason", "say", "channel_id", "call_id"} <= fields.keys()


async def test_the_button_answers_with_the_bar_and_without_scripts_with_a_page(dialling: House) -> None:
    async with dialling.client("olga") as olga:
        bar = await olga.post("/dial", data={"to": OWN}, headers={"HX-Request": "true"})
        refused = await olga.post("/dial", data={"to": "112"}, headers={"HX-Request": "true"})
        plain = await olga.post("/dial", data={"to": OWN, "back": "/contacts/1"})
        page = await olga.post("/dial", data={"to": "112", "back": "//evil.test"})

    assert (bar.status_code, refused.status_code, plain.status_code, page.status_code) == (200, 403, 303, 403)
    assert "101" in bar.text
    assert "+7\xa0916\xa0000-00-01" in bar.text
    assert "Экстренные номера" in refused.text
    assert plain.headers["location"] == "/contacts/1"
    assert "<html" in page.text
    assert "evil.test" not in page.text


RULES = {"countries": "ru, kz", "short_numbers": "112", "per_hour": "5", "per_day": "20", "at_night": "0",
         "night_from": "22:30",
         "night_until": "07:00", "phone": "PJSIP/{extension}", "context": "firstring-outbound", "prefix": "",
         "ring_seconds": "20"}  # fmt: skip


async def test_the_admin_sets_what_may_be_dialled(house: House) -> None:
    async with house.client("admin") as admin:
        saved = await admin.post("/exchange/1/dialling", data=RULES)
        dialler = await admin.post("/exchange/1/dialler", data={"user": "firstring-dialler", "secret": "tell nobody"})
        page = await admin.get("/exchange/1/dialling")
        gone = await admin.post("/exchange/1/dialler", data={"user": ""})

    assert (saved.status_code, dialler.status_code, gone.status_code) == (303, 303, 303)
    assert 'value="RU, KZ"' in page.text
    assert 'value="22:30"' in page.text
    assert "firstring-dialler" in page.text
    assert "tell nobody" not in page.text
    async with house.database.read() as connection:
        row = (await connection.execute(select(exchanges))).one()
        deeds = list((await connection.scalars(select(audit.c.deed).order_by(audit.c.id.desc()).limit(3))).all())
    assert (row.dial_user, row.dial_secret, row.dial_rules["countries"], row.dial_rules["at_night"]) == (
        None,
        None,
        ["RU", "KZ"],
        0,
    )
    assert deeds == ["dialler_removed", "dialler_set", "dial_rules_set"]


@pytest.mark.parametrize(("field", "value", "say"), [
    ("countries", "XX", "Страны"), ("countries", "", "Страны"), ("per_hour", "many", "Пределы"), ("per_hour", "²", "Пределы"),
    ("at_night", "-1", "Пределы"), ("night_from", "25:00", "Ночь"), ("phone", "PJSIP/101", "Телефон записывается"),
    ("phone", "PJSIP/{extension}\r\nApplication: System", "Телефон записывается"), ("context", "a b", "Контекст"),
    ("prefix", "9\n1", "Перед номером"), ("ring_seconds", "1", "Телефон звонит"),
    ("short_numbers", "12345678", "В коротком номере"),
])  # fmt: skip
async def test_a_rule_that_cannot_be_meant_is_told_and_nothing_is_kept(house: House, field: str, value: str, say: str) -> None:
    async with house.client("admin") as admin:
        answer = await admin.post("/exchange/1/dialling", data={**RULES, field: value})

    told = answer.text.partition('<div class="tell bad"')[2]
    assert answer.status_code == 422
    assert say in told
    async with house.database.read() as connection:
        assert (await connection.execute(select(exchanges.c.dial_rules))).scalar_one() == {}


async def test_the_reader_is_not_to_be_the_dialler(house: House) -> None:
    async with house.client("admin") as admin:
        answer = await admin.post("/exchange/1/dialler", data={"user": "firstring", "secret": "x"})

    assert answer.status_code == 422
    assert "отдельный пользователь" in answer.text


async def test_grants_are_given_by_the_admin_and_seen_in_rest(dialling: House) -> None:
    olga = dialling.world.people["olga"]
    async with dialling.client("admin") as admin, dialling.client("olga") as manager:
        refused = await manager.post("/api/v1/calls", json={"to": "+79035557788"})
        await admin.post(f"/people/{olga}/dialling", data={"may_dial_unknown": "1"})
        granted = await manager.post("/api/v1/calls", json={"to": "+79035557788"})
        told = (await admin.get(f"/api/v1/users/{olga}")).json()
        await admin.patch(f"/api/v1/users/{olga}", json={"may_dial_unknown": False, "may_dial_for_others": True})
        changed = (await admin.get(f"/api/v1/users/{olga}")).json()

    assert (refused.status_code, granted.status_code) == (403, 202)
    assert (told["may_dial_unknown"], told["may_dial_for_others"]) == (True, False)
    assert (changed["may_dial_unknown"], changed["may_dial_for_others"]) == (False, True)


async def _count(house: House, claim: object) -> int:
    async with house.database.read() as connection:
        return await connection.scalar(select(func.count()).where(claim)) or 0  # type: ignore[arg-type]
