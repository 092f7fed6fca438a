"""F12–F14: what a request becomes; once, however often and with whatever it comes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from crm_core.calls.ledger import IntakeRules
from crm_core.calls.tables import calls
from crm_core.contacts.not_customer import mark_not_customer
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.errors import Conflict, Invalid
from crm_core.event_log import events
from crm_core.requests.limits import OF_ADDRESS, TooManyRequests
from crm_core.requests.tables import request_forms, requests
from crm_core.requests.taking import Sender, Sent, Taken, rescue, take_request
from crm_core.requests.words import Asked, fitted
from crm_core.tasks.tables import tasks
from crm_core.users.tables import Role
from tests.builders import inbound
from tests.lead_rules import lead_rule, pipeline, team
from tests.office import NOW, Office

RULES = IntakeRules()
SITE = Sender(form_id=1, source="site", address="home")
PROGRAM = Sender(user_id=1)
EVERYTHING = {
    "name": "Павел Ремизов", "phone": "8 (916) 111-22-33", "email": "Pavel@Firma.RU", "text": "Нужен сайт\nк осени",
    "consent": "Согласен на обработку персональных данных", "page": "https://firma.ru/contacts",
}  # fmt: skip


def asked(**given: str) -> Asked:
    utm = {name.removeprefix("utm_"): given.pop(name) for name in list(given) if name.startswith("utm_")}
    return fitted(given, utm, "RU")


async def take(
    office: Office, sender: Sender = SITE, *, at: timedelta = timedelta(0), key: str | None = None, trap: str | None = None,
    seconds: float | None = None, **given: str,
) -> Taken:  # fmt: skip
    async with office.database.write() as tx:
        return await take_request(tx, Sent(asked(**given), sender, key, trap, seconds), RULES, now=NOW + at)


@pytest.fixture(autouse=True)
async def senders(office: Office) -> None:
    """The form and the program that send."""
    assert await office.person("Программа", role=Role.ADMIN) == PROGRAM.user_id
    async with office.database.write() as tx:
        await tx.execute(request_forms.insert().values(id=1, name="Сайт", key="k", source="site", created_at=NOW))


async def test_a_request_becomes_a_contact_a_deal_in_the_first_stage_and_a_task_to_classify(office: Office) -> None:
    taken = await take(office, utm_source="ya", utm_campaign="осень", **EVERYTHING)

    request, contact, deal = await office.the(requests), await office.the(contacts), await office.the(deals)
    assert (taken.id, taken.contact_id, taken.deal_id, taken.state) == (request.id, contact.id, deal.id, "taken")
    assert (contact.name, contact.email, contact.consent_at) == ("Павел Ремизов", "pavel@firma.ru", NOW)
    assert (await office.the(contact_numbers)).number == "79161112233"
    first = await office.the(stages, position=0)
    assert (deal.stage_id, deal.owner_id, deal.source, deal.utm) == (
        first.id,
        None,
        "site",
        {"source": "ya", "campaign": "осень"},
    )
    assert (await office.the(stage_history)).stage_id == first.id
    task = await office.the(tasks)
    assert (task.kind, task.deal_id, task.due_at) == ("classify", deal.id, NOW + timedelta(minutes=15))
    assert (request.text, request.consent) == ("Нужен сайт\nк осени", EVERYTHING["consent"])
    told = await office.the(events, kind="request_taken")
    assert (told.deal_id, told.receivers, told.facts) == (deal.id, None, {"request_id": request.id, "known": False})


async def test_whoever_wrote_and_then_rings_is_one_contact_with_one_deal(office: Office) -> None:
    await take(office, phone="+7 916 111-22-33")

    await office.take(inbound("79161112233").rings("101").ends())

    assert [await office.count(table) for table in (contacts, deals, calls)] == [1, 1, 1]
    assert (await office.the(calls)).deal_id == (await office.the(deals)).id


async def test_a_request_and_calls_with_one_new_number_at_once_make_one_contact_and_one_deal(office: Office) -> None:
    stories = [inbound("79161112233", linkedid=f"9.{number}").rings("101") for number in range(3)]

    await asyncio.gather(
        *(office.take(story) for story in stories),
        *(take(office, PROGRAM, phone="89161112233", text=f"words {number}") for number in range(3)),
    )

    assert [await office.count(table) for table in (contacts, contact_numbers, deals, calls, requests)] == [1, 1, 1, 3, 3]
    assert len(await office.rows(tasks, kind="classify")) == 1


class TestKnownPeople:
    async def test_by_number_his_open_deal_gets_the_request_and_somebody_is_to_call_back(self, office: Office) -> None:
        olga = await office.person("Ольга", "101")
        contact = await office.contact("79161112233", "Павел", owner=olga)
        deal = await office.deal(contact, stage=3, owner=olga)

        taken = await take(office, **EVERYTHING)

        assert (taken.contact_id, taken.deal_id, await office.count(deals)) == (contact, deal, 1)
        task = await office.the(tasks)
        assert (task.kind, task.owner_id, task.deal_id) == ("call_back", olga, deal)
        assert (await office.the(events, kind="request_taken")).receivers == [olga]
        assert ((await office.the(contacts)).name, (await office.the(contacts)).email) == ("Павел", "pavel@firma.ru")

    @pytest.mark.parametrize("kept", ["pavel@firma.ru", "Pavel@Firma.Ru"])
    async def test_by_mail_however_it_is_capitalised(self, office: Office, kept: str) -> None:
        contact = await office.contact("79031112233")
        await office.set(contacts, contact, email=kept)
        await office.deal(contact)

        taken = await take(office, email="PAVEL@firma.ru")

        assert taken.contact_id == contact
        assert (await office.the(tasks)).kind == "request"

    async def test_without_an_open_deal_a_new_one_is_opened_for_his_manager(self, office: Office) -> None:
        olga = await office.person("Ольга", "101")
        contact = await office.contact("79161112233", owner=olga)
        await office.deal(contact, owner=olga, closed=True)

        taken = await take(office, phone="79161112233")

        assert ((await office.the(deals, id=taken.deal_id)).owner_id, (await office.the(tasks)).owner_id) == (olga, olga)

    async def test_a_stranger_who_knows_a_customers_mail_puts_no_number_beside_his(self, office: Office) -> None:
        contact = await office.contact("79031112233")
        await office.set(contacts, contact, email="pavel@firma.ru")

        await take(office, phone="+79169998877", email="pavel@firma.ru")
        assert [row.number for row in await office.rows(contact_numbers)] == ["79031112233"]
        assert (await office.the(requests)).phone == "79169998877"

        await take(office, PROGRAM, phone="+79169998877", email="pavel@firma.ru")
        assert {row.number for row in await office.rows(contact_numbers, contact_id=contact)} == {"79031112233", "79169998877"}

    async def test_known_by_mail_alone_he_gets_the_number_he_tells(self, office: Office) -> None:
        await take(office, email="pavel@firma.ru")

        await take(office, phone="+79169998877", email="pavel@firma.ru")

        assert (await office.the(contact_numbers)).number == "79169998877"
        assert await office.count(contacts) == 1

    async def test_what_is_known_of_him_is_not_overwritten(self, office: Office) -> None:
        contact = await office.contact("79161112233", "Павел Ремизов")
        await office.set(contacts, contact, email="old@firma.ru")

        await take(office, **EVERYTHING)

        kept = await office.the(contacts)
        assert (kept.name, kept.email, kept.consent_at) == ("Павел Ремизов", "old@firma.ru", NOW)


async def test_lead_rules_count_for_requests_as_for_calls(office: Office) -> None:
    anna, boris = await office.person("Анна", "110"), await office.person("Борис", "111")
    _, _, price = await pipeline(office, "Заявка", "Прайс")
    await lead_rule(office, {"way": "call"}, {})
    await lead_rule(office, {"forms": [2]}, {})
    then = {"stage_id": price, "team_id": await team(office, anna, boris), "task": {"kind": "call_back", "within_minutes": 5}}
    rule = await lead_rule(office, {"forms": [1], "in_hours": False}, then)

    for number in range(3):
        await take(office, phone=f"+7916000000{number}")

    assert [(deal.stage_id, deal.owner_id, deal.lead_rule_id) for deal in await office.rows(deals)] == [
        (price, anna, rule), (price, boris, rule), (price, anna, rule),
    ]  # fmt: skip
    assert {task.due_at for task in await office.rows(tasks, kind="call_back")} == {NOW + timedelta(minutes=5)}
    assert len(await office.rows(tasks, kind="classify")) == 3
    assert {contact.owner_id for contact in await office.rows(contacts)} == {anna, boris}


class TestRepetition:
    async def test_the_same_key_with_the_same_words_is_answered_alike_and_does_nothing(self, office: Office) -> None:
        first = await take(office, key="a", **EVERYTHING)
        events_then = await office.count(events)

        again = await take(office, key="a", at=timedelta(days=3), **EVERYTHING)

        assert (again, again.again, await office.count(events)) == (first, True, events_then)
        assert [await office.count(table) for table in (requests, deals, tasks)] == [1, 1, 1]

    async def test_the_same_key_with_other_words_is_refused(self, office: Office) -> None:
        await take(office, key="a", **EVERYTHING)

        with pytest.raises(Conflict, match="other words"):
            await take(office, key="a", phone="89161112233")

    async def test_keys_belong_to_their_sender(self, office: Office) -> None:
        await take(office, key="a", phone="89161112233")

        await take(office, PROGRAM, key="a", phone="89161112299")

        assert await office.count(requests) == 2

    async def test_six_at_once_with_one_key_are_one(self, office: Office) -> None:
        taken = await asyncio.gather(*(take(office, key="a", **EVERYTHING) for _ in range(6)))

        assert len(set(taken)) == 1
        assert [await office.count(table) for table in (requests, contacts, deals)] == [1, 1, 1]

    async def test_without_a_key_the_same_words_count_once_for_ten_minutes(self, office: Office) -> None:
        first = await take(office, **EVERYTHING)

        assert await take(office, at=timedelta(minutes=9), **EVERYTHING) == first
        assert (await take(office, at=timedelta(minutes=11), **EVERYTHING)).id != first.id
        assert await office.count(deals) == 1


class TestSpam:
    @pytest.mark.parametrize(
        ("why", "given"),
        [
            ("trap", {"trap": "http://x"}),
            ("too_fast", {"seconds": 0.4}),
            ("links", {"text": "http://a http://b https://c"}),
            ("links", {"name": "Buy https://casino.example"}),
        ],
    )
    async def test_it_is_kept_apart_and_makes_nothing(self, office: Office, why: str, given: dict[str, Any]) -> None:
        taken = await take(office, phone="+79161112233", **given)

        assert (taken.state, taken.deal_id, (await office.the(requests)).why) == ("spam", None, why)
        assert [await office.count(table) for table in (contacts, deals, tasks)] == [0, 0, 0]
        assert {told.kind for told in await office.rows(events)} <= {"user_changed", "exchange_changed"}

    async def test_one_text_from_many_senders(self, office: Office) -> None:
        text = "Продвижение сайтов в топ-10 недорого"

        states = [(await take(office, phone=f"+7916000000{number}", text=text)).state for number in range(5)]

        assert states == ["taken", "taken", "taken", "spam", "spam"]

    async def test_a_program_with_a_token_is_trusted(self, office: Office) -> None:
        taken = await take(office, PROGRAM, phone="+79161112233", text="http://a http://b http://c", trap="x", seconds=0.1)

        assert taken.state == "taken"

    async def test_a_person_rescues_it_and_it_becomes_a_lead(self, office: Office) -> None:
        olga = await office.person("Ольга", "101")
        spam = await take(office, trap="x", key="a", phone="+49 151 23456789", text="Это я")

        async with office.database.write() as tx:
            first = await rescue(tx, spam.id, RULES, "RU", by=olga, now=NOW)
        async with office.database.write() as tx:
            again = await rescue(tx, spam.id, RULES, "RU", by=olga, now=NOW)

        assert (first, again.again) == (again, True)
        assert (await office.the(deals)).id == first.deal_id
        assert (await office.the(contact_numbers)).number == "4915123456789"
        assert (await take(office, key="a", phone="+49 151 23456789", text="Это я")).id == spam.id

    async def test_a_number_marked_as_no_customer_waits_there_too_and_its_rescue_takes_the_mark_away(
        self, office: Office
    ) -> None:
        async with office.database.write() as tx:
            await mark_not_customer(tx, "79161112233", by=None, now=NOW)
        kept = await take(office, PROGRAM, phone="+79161112233")
        assert (kept.state, (await office.the(requests)).why) == ("spam", "not_a_customer")

        async with office.database.write() as tx:
            await rescue(tx, kept.id, RULES, "RU", by=None, now=NOW)

        assert (await office.the(contact_numbers)).not_customer_at is None
        assert await office.count(deals) == 1


async def test_one_address_may_send_so_many_and_no_more_and_is_told_when_to_come_back(office: Office) -> None:
    for number in range(OF_ADDRESS.most):
        await take(office, at=timedelta(seconds=number), phone=f"+7916000{number:04}")

    with pytest.raises(TooManyRequests) as refused:
        await take(office, at=timedelta(seconds=60), phone="+79169999999")

    assert refused.value.seconds == 540
    assert (await take(office, Sender(form_id=1, address="elsewhere"), at=timedelta(seconds=60), phone="+79169999999")).deal_id
    assert (await take(office, at=timedelta(minutes=10, seconds=1), phone="+79169999998")).deal_id


class TestHostileWords:
    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({}, "phone"),
            ({"phone": "abc"}, "phone"),
            ({"phone": "101"}, "phone"),
            ({"phone": "--"}, "phone"),
            ({"email": "nobody"}, "email"),
            ({"email": "a@b"}, "email"),
            ({"email": "a@b.c\r\nBcc: d@e.f"}, "email"),
            ({"phone": "1" * 81}, "phone"),
            ({"phone": "89161112233", "text": "x" * 10_001}, "text"),
            ({"phone": "89161112233", "name": "x" * 201}, "name"),
        ],
    )
    def test_what_nobody_could_answer_is_refused_by_the_fields_name(self, given: dict[str, str], field: str) -> None:
        with pytest.raises(Invalid) as refused:
            asked(**given)

        assert refused.value.facts == {"field": field}

    def test_one_way_to_answer_is_enough_and_the_other_is_kept_as_it_came(self) -> None:
        one = asked(phone="звоните вечером", email="pavel@firma.ru")

        assert (one.number, one.phone, one.address) == (None, "звоните вечером", "pavel@firma.ru")

    async def test_markup_control_signs_and_broken_characters_are_only_text(self, office: Office) -> None:
        name = "<script>alert(1)</script>\r\nSet-Cookie: a=b\x00\u202e\ud800"
        text = "строка\r\nдругая\x07\x00 \U0001f600 'quoted'; DROP TABLE deals;--"

        await take(office, phone="89161112233", name=name, text=text, page="javascript:alert(1)", utm_source="\x00<b>")

        request = await office.the(requests)
        assert request.name == "<script>alert(1)</script> Set-Cookie: a=b ?"
        assert request.text == "строка\nдругая  \U0001f600 'quoted'; DROP TABLE deals;--"
        assert (await office.the(deals)).utm == {"source": "<b>"}
