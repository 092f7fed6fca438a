"""Who may be one and the same is found by what they have in common, however many there are."""

import random
import time
from datetime import timedelta

import pytest

from crm_core.access import Actor
from crm_core.contacts.tables import companies, contacts
from crm_core.fields.history import Noun
from crm_core.jobs import JobRunner
from crm_core.merging import finding, queries
from crm_core.merging.likeness import NEIGHBOURS, Firm, Person, Why, like_firms, like_people, plain_company
from crm_core.merging.merges import merge
from crm_core.merging.tables import duplicates
from crm_core.users.tables import Role
from tests.office import NOW, Office

LATER = NOW + timedelta(hours=1)


BARE = (None, None)  # neither mail nor company


def person(
    person_id: int, name: str | None = None, email: str | None = None, company: int | None = None, *numbers: str
) -> Person:
    return Person(person_id, name, email, company, numbers)


@pytest.mark.parametrize(
    ("people", "why"),
    [
        ((person(1, "Иван", "Ivan@Example.com"), person(2, None, " ivan@example.com")), [Why.EMAIL]),
        ((person(1, "Пётр Иванов", None, 7), person(2, "Иванов Петр", None, 7)), [Why.NAME_AND_COMPANY]),
        ((person(1, "Наталья Сергеева", None, 7), person(2, "Наталия Сергеева", None, 7)), [Why.NAME_AND_COMPANY]),
        ((person(1, "Анна Белова", *BARE, "74951234501"), person(2, "Белова Анна", *BARE, "74951234502")), [Why.NAME_AND_NUMBER]),
        ((person(1, "Анна Попова", *BARE, "74951234567"), person(2, "Анна Попова", *BARE, "84991234567")), [Why.NAME_AND_NUMBER]),
        ((person(1, "Анна Попова", None, 7), person(2, "Анна Попова", None, 8)), None),
        ((person(1, "Анна Попова", None, 7), person(2, "Олег Сидоров", None, 7)), None),
        ((person(1, None, None, 7, "74951234501"), person(2, None, None, 7, "74951234502")), None),
    ],
)  # fmt: skip
def test_contacts_are_alike_by_mail_or_by_name_and_company_or_number(people: tuple[Person, ...], why: list[Why] | None) -> None:
    assert like_people(people) == ({} if why is None else {(1, 2): why})


@pytest.mark.parametrize(
    ("firms", "why"),
    [
        ((Firm(1, "Ромашка", "7701234567"), Firm(2, "Совсем другая", "7701234567")), [Why.INN]),
        ((Firm(1, 'ООО "Ромашка-Сервис"'), Firm(2, "Ромашка Сервис, ООО")), [Why.NAME]),
        ((Firm(1, "Ромашка", "7701234567"), Firm(2, "ООО Ромашка", "7707654321")), None),
        ((Firm(1, "Ромашка", *BARE, "74951234567"), Firm(2, "Василёк", *BARE, "74951234567")), [Why.PHONE]),
        ((Firm(1, "Ромашка"), Firm(2, "Одуванчик")), None),
    ],
)  # fmt: skip
def test_companies_are_alike_by_inn_phone_or_name_unless_their_inns_differ(
    firms: tuple[Firm, ...], why: list[Why] | None
) -> None:
    assert like_firms(firms) == ({} if why is None else {(1, 2): why})


def test_a_name_of_nothing_but_a_legal_form_stays_as_it_is() -> None:
    assert plain_company("ООО «Компания»") == "компания ооо"


def test_an_offices_mail_makes_no_pairs_of_people_with_other_names() -> None:
    names = ["Анна Попова", "Олег Сидоров", "Ирина Белова", "Павел Кузьмин", "Глеб Орлов", "Вера Зайцева", "Анна Попова"]

    found = like_people([person(number, name, "info@example.com") for number, name in enumerate(names)])

    assert found == {(0, 6): [Why.EMAIL]}


def test_fifty_thousand_contacts_of_one_company_are_compared_in_seconds_not_hours() -> None:
    letters = random.Random(5)
    words = ["".join(letters.choices("абвгдежзиклмнопрст", k=7)) for _ in range(3000)]
    people = [person(number, f"{letters.choice(words)} {letters.choice(words)}", None, 7) for number in range(50_000)]

    began = time.process_time()
    found = like_people(people)

    assert len(found) <= 50_000 * NEIGHBOURS
    assert time.process_time() - began < 30


class TestJob:
    async def test_what_the_job_finds_is_listed_until_it_is_merged_set_aside_or_no_more_so(self, office: Office) -> None:
        nina = await office.person("Нина", None, Role.HEAD)
        ids = [
            await office.contact(f"7916111223{digit}", name) for digit, name in enumerate(("Иван Петров", "Петров Иван", "Олег"))
        ]
        await office.set(contacts, ids[2], email="ivan@example.com")
        await office.set(contacts, ids[1], email="ivan@example.com")
        await self._look(office, NOW)
        actor = Actor(nina, Role.HEAD, "Нина")

        async with office.database.read() as connection:
            page = await queries.list_duplicates(connection, actor, Noun.CONTACT)
            twins = await queries.likely_twins(connection, actor, Noun.CONTACT, ids[0])
        assert [(pair.one.id, pair.other.id) for pair in page.items] == [(ids[1], ids[2]), (ids[0], ids[1])]
        assert [side.id for side in twins] == [ids[1]]

        async with office.database.write() as tx:
            await queries.set_aside(tx, page.items[0].id, by=nina, now=NOW)
            await merge(tx, Noun.CONTACT, ids[0], ids[1], by=nina, now=NOW)
        await self._look(office, LATER)

        async with office.database.read() as connection:
            assert (await queries.list_duplicates(connection, actor, Noun.CONTACT)).items == ()
        kept = await office.the(duplicates)
        assert (kept.one_id, kept.other_id, kept.set_aside_by) == (ids[1], ids[2], nina)

    async def test_of_a_pair_one_must_see_both(self, office: Office) -> None:
        olga, oleg = await office.person("Ольга", "101"), await office.person("Олег", "102")
        mine = await office.contact("79161112233", "Иван Петров", owner=olga)
        his = await office.contact("79161112234", "Петров Иван", owner=oleg)
        await self._look(office, NOW)

        async with office.database.read() as connection:
            seen = await queries.list_duplicates(connection, Actor(olga, Role.MANAGER, "Ольга"), Noun.CONTACT)
            head = await queries.list_duplicates(connection, Actor(olga, Role.HEAD, "Ольга"), Noun.CONTACT)

        assert seen.items == ()
        assert [(pair.one.id, pair.other.id) for pair in head.items] == [(mine, his)]

    async def test_companies_are_found_by_their_inn(self, office: Office) -> None:
        for number, name in enumerate(("Ромашка", "Цветы")):
            await office.contact(f"7916111223{number}", company=name)
        for firm in await office.rows(companies):
            await office.set(companies, firm.id, inn="7701234567")

        await self._look(office, NOW, Noun.COMPANY)

        assert (await office.the(duplicates)).why == ["inn"]

    async def _look(self, office: Office, now: object, noun: Noun = Noun.CONTACT) -> None:
        moment = NOW if now is NOW else LATER
        kind = finding.job_kind(office.database, lambda: moment)
        async with office.database.write() as tx:
            await finding.ask(tx, noun, now=moment)
        await JobRunner(office.database, {kind.name: kind}, lambda: moment).run_due()
