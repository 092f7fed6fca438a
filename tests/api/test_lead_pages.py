"""Pages of lead rules, working hours, request forms and requests: what is typed, what is refused, what is shown."""

import re

from sqlalchemy import insert, select, update

from crm_core.deals.tables import deals
from crm_core.leads.tables import lead_rules, working_hours
from crm_core.requests.tables import request_forms, requests
from crm_core.users.tables import users
from tests.api.test_requests import rows
from tests.api.world import NOW, House

EVIL = "<script>alert(1)</script>"


async def test_a_rule_is_written_in_the_browser_shown_in_words_and_changed(house: House) -> None:
    igor = house.world.people["igor"]
    async with house.client("admin") as client:
        typed = {
            "name": f"Опт {EVIL}", "known": "no", "in_hours": "no", "answered": "no", "dids": "8 495 111-22-45, 84951112246",
            "owner_id": str(igor), "task_kind": "call_back", "task_title": "Утром", "task_within": "30", "task_in_hours": "1",
        }  # fmt: skip
        made = await client.post("/lead-rules", data=typed)
        listed = (await client.get("/lead-rules")).text
        rule = (await rows(house, lead_rules))[-1]
        form = (await client.get(f"/lead-rules/{rule.id}")).text
        changed = await client.post(f"/lead-rules/{rule.id}", data={**typed, "name": "Опт", "answered": ""})

    assert (made.status_code, changed.status_code) == (303, 303)
    assert EVIL not in listed + form
    assert "74951112245, 74951112246" in listed
    assert "Igor" in listed
    kept = (await rows(house, lead_rules))[-1]
    assert (kept.name, kept.when["answered"], kept.then["owner_id"]) == ("Опт", None, igor)
    assert kept.then["task"] == {"kind": "call_back", "title": "Утром", "within_minutes": 30, "in_hours": True}


async def test_what_cannot_be_is_refused_beside_what_was_typed(house: House) -> None:
    async with house.client("admin") as client:
        for wrong in ({"owner_id": "999"}, {"stage_id": "999"}, {"task_kind": "other"}, {"task_within": "x"}, {"way": "pigeon"}):
            answer = await client.post("/lead-rules", data={"name": "Typed", **wrong})
            assert (answer.status_code, 'value="Typed"' in answer.text) == (422, True), wrong
        nameless = await client.post("/lead-rules", data={"name": " "})
    assert nameless.status_code == 422
    assert len(await rows(house, lead_rules)) == 1


async def test_rules_are_put_in_order_by_steps_and_a_stale_order_is_told(house: House) -> None:
    async with house.client("admin") as client:
        await client.post("/lead-rules", data={"name": "second"})
        first, second = [row.id for row in await rows(house, lead_rules)]
        await client.post("/lead-rules/order", data={"ids": [str(first), str(second)], "step": f"up:{second}"})
        stale = await client.post("/lead-rules/order", data={"ids": [str(first)]})
        page = (await client.get("/lead-rules")).text

    assert stale.status_code == 409
    assert re.findall(r'name="ids" value="(\d+)"', page) == [str(second), str(first)]


async def test_a_broken_rule_says_what_is_no_more(house: House) -> None:
    leaver = house.world.people["leaver"]
    async with house.database.write() as tx:
        row = {"name": "Gone", "position": 5, "when": {}, "then": {"owner_id": leaver}, "created_at": NOW}
        await tx.execute(insert(lead_rules).values(row))
        await tx.execute(update(users).where(users.c.id == leaver).values(active=False))
    async with house.client("admin") as client:
        page = (await client.get("/lead-rules")).text

    assert page.count("alert-triangle") >= 1  # a sign, and words beside it


async def test_a_rule_is_tried_before_it_is_kept(house: House) -> None:
    async with house.client("admin") as client:
        tried = await client.post("/lead-rules/dry-run", data={"name": "Черновик", "known": "no"})
        wrong = await client.post("/lead-rules/dry-run", data={"name": "Черновик", "owner_id": "999"})
        whole = await client.get("/lead-rules/dry-run")

    assert (tried.status_code, wrong.status_code, whole.status_code) == (200, 422, 200)
    assert "Черновик" in tried.text
    assert len(await rows(house, lead_rules)) == 1


async def test_working_hours_are_kept_as_typed_or_refused(house: House) -> None:
    typed = {"mon-from": "10:00", "mon-to": "19:00", "sat-from": "", "sat-to": "", "days": "2026-12-31 09:00-15:00\n2027-01-01"}
    async with house.client("admin") as client:
        kept = await client.post("/lead-rules/hours", data=typed)
        wrong = await client.post("/lead-rules/hours", data={**typed, "mon-to": "9"})
        page = (await client.get("/lead-rules")).text

    async with house.database.read() as connection:
        found = {row.day: (row.begins, row.ends) for row in await connection.execute(select(working_hours))}
    assert (kept.status_code, wrong.status_code) == (303, 422)
    assert (found["mon"], found["sat"], found["2026-12-31"], found["2027-01-01"]) == (
        ("10:00", "19:00"), (None, None), ("09:00", "15:00"), (None, None),
    )  # fmt: skip
    assert "2026-12-31 09:00-15:00" in page


async def test_a_form_shows_what_to_put_on_the_site(house: House) -> None:
    async with house.client("admin") as client:
        made = await client.post(
            "/request-forms", data={"name": "Контакты", "origins": "https://firma.ru https://b.ru", "source": "сайт"}
        )
        wrong = await client.post("/request-forms", data={"name": "x", "origins": "firma.ru"})
        page = (await client.get(made.headers["location"])).text
        off = await client.post(f"{made.headers['location']}/active", data={"active": ""})

    form = (await rows(house, request_forms))[-1]
    assert (made.status_code, wrong.status_code, off.status_code) == (303, 422, 303)
    assert f"http://firstring.test/api/v1/requests?form={form.key}" in page
    assert (form.origins, form.active) == (["https://firma.ru", "https://b.ru"], False)


async def test_spam_is_listed_apart_and_rescued_into_a_deal(house: House) -> None:
    async with house.database.write() as tx:
        row = {
            "sender": "form:1",
            "body_hash": "x",
            "at": NOW,
            "name": EVIL,
            "phone": "79165550001",
            "text": EVIL,
            "state": "spam",
        }
        await tx.execute(insert(requests).values({**row, "why": "links"}))
    spam = (await rows(house, requests))[-1].id
    async with house.client("olga") as client:
        page = (await client.get("/requests", params={"state": "spam"})).text
        rescued = await client.post(f"/requests/{spam}/rescue")
        deal = (await rows(house, deals))[-1].id
        card, again = (await client.get(f"/deals/{deal}")).text, await client.post(f"/requests/{spam}/rescue")
        pop = (await client.get("/requests/fresh")).text

    assert EVIL not in page + card + pop
    assert page.count("&lt;script&gt;") >= 2
    assert (rescued.status_code, rescued.headers["location"]) == (303, f"/deals/{deal}")
    assert again.headers["location"] == f"/deals/{deal}"
    assert "&lt;script&gt;alert(1)" in card
    assert f'data-fresh="{spam}"' in pop


async def test_a_new_request_pops_up_for_whom_it_concerns_until_somebody_takes_it_up(house: House) -> None:
    async with house.client("olga") as olga, house.client("igor") as igor, house.client("qa") as quality:
        await olga.post("/api/v1/requests", json={"phone": "79160000001", "text": "Когда?"})  # hers
        seen = [(await client.get("/requests/fresh")).text for client in (olga, igor, quality)]
        house.pass_by(minutes=11)
        later = (await olga.get("/requests/fresh")).text

    assert ["data-fresh=" in text for text in (*seen, later)] == [True, False, False, False]
