"""Tables are taken in piece by piece: nothing doubled, nothing lost, whatever is in them and whatever ends the work."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_core.access import Actor
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.errors import Invalid
from crm_core.fields.definitions import FieldKind, NewField, add_field, definitions
from crm_core.fields.history import Noun
from crm_core.fields.tables import field_changes
from crm_core.importing import options
from crm_core.importing.drafts import Known
from crm_core.importing.queries import Import, one_import
from crm_core.importing.targets import guessed
from crm_core.merging.merges import merge
from crm_core.users.tables import Role
from tests.import_desk import ROWS, Desk, counted, desk
from tests.office import NOW, Office

__all__ = ["desk"]


class TestGuesses:
    @pytest.mark.parametrize(
        ("heading", "becomes"),
        [
            (("Фамилия", "Имя", "Отчество", "Мобильный телефон", "E-mail:", "Компания"),
             {0: "name", 1: "name", 2: "name", 3: "number", 4: "email", 5: "company"}),
            (("Full name", "Phone 1", "Phone 2", "Job title", "Company", "Something"),
             {0: "name", 1: "number", 2: "number", 3: "position", 4: "company"}),
            (("E-mail", "Email"), {0: "email"}),
        ],
    )  # fmt: skip
    def test_columns_are_guessed_by_their_headings_in_russian_and_english(
        self, heading: Sequence[str], becomes: dict[int, str]
    ) -> None:
        assert guessed(Noun.CONTACT, (), heading) == becomes

    async def test_a_field_of_the_companys_own_is_guessed_by_its_name(self, office: Office) -> None:
        async with office.database.write() as tx:
            field_id = await add_field(tx, NewField(Noun.CONTACT, "Размер обуви", FieldKind.NUMBER), by=None, now=NOW)
            fields = await definitions(tx, Noun.CONTACT)

        assert guessed(Noun.CONTACT, fields, ("размер обуви",)) == {0: f"custom.{field_id}"}

    @pytest.mark.parametrize("columns", [{}, {0: "email", 1: "email", 2: "name"}, {3: "position"}])
    async def test_columns_that_make_nothing_of_the_rows_are_refused(self, desk: Desk, columns: dict[int, str]) -> None:
        import_id = await desk.put(ROWS)
        asked = replace((await self._one(desk, import_id)).options, columns=columns)

        with pytest.raises(Invalid):
            options.require_whole(asked, ())

    async def _one(self, desk: Desk, import_id: int) -> Import:
        async with desk.office.database.read() as connection:
            return await one_import(connection, desk.actor, import_id)


class TestContacts:
    async def test_people_come_in_with_their_numbers_and_one_company(self, office: Office, desk: Desk) -> None:
        told = await desk.take(ROWS)

        assert counted(told) == ("done", 2, 0, 0, 0)
        firm = await office.the(companies)
        people = [(row.name, row.email, row.position, row.company_id) for row in await office.rows(contacts)]
        assert people == [("Иван Петров", "ivan@example.com", "Директор", firm.id), ("Анна", None, None, firm.id)]
        assert [row.number for row in await office.rows(contact_numbers)] == ["79161112233", "79162223344"]

    @pytest.mark.parametrize("encoding", ["cp1251", "utf-16", "utf-8-sig"])
    async def test_whatever_the_encoding(self, office: Office, desk: Desk, encoding: str) -> None:
        await desk.take(ROWS.encode(encoding))

        assert [row.name for row in await office.rows(contacts)] == ["Иван Петров", "Анна"]

    async def test_the_same_table_again_changes_nothing(self, office: Office, desk: Desk) -> None:
        await desk.take(ROWS)
        before = await office.rows(contacts), await office.rows(contact_numbers), await office.rows(companies)

        desk.now += timedelta(days=1)
        told = await desk.take(ROWS, known=Known.CHANGE)

        assert counted(told) == ("done", 0, 0, 2, 0)
        assert (await office.rows(contacts), await office.rows(contact_numbers), await office.rows(companies)) == before
        assert await office.count(field_changes) == 0

    @pytest.mark.parametrize(
        ("known", "becomes"),
        [
            (Known.FILL, ("Ваня", "ivan@example.com")),
            (Known.CHANGE, ("Иван Петров", "ivan@example.com")),
            (Known.LEAVE, ("Ваня", None)),
        ],
    )
    async def test_a_known_contact_is_filled_changed_or_left(
        self, office: Office, desk: Desk, known: Known, becomes: Any
    ) -> None:
        contact = await office.contact("79161112233", "Ваня")

        told = await desk.take(ROWS, known=known)

        row = await office.the(contacts, id=contact)
        assert ((row.name, row.email), told.created) == (becomes, 1)
        fields = {one.field for one in await office.rows(field_changes, noun_id=contact)}
        filled = {"email", "position", "company_id"}
        assert fields == {Known.FILL: filled, Known.LEAVE: set(), Known.CHANGE: {"name", *filled}}[known]

    async def test_rows_with_errors_in_the_middle_are_refused_with_their_reasons_and_the_others_come_in(
        self, office: Office, desk: Desk
    ) -> None:
        text = "ФИО;Телефон;E-mail;Ответственный\n" + "\n".join((
            "Иван;8 916 111-22-33;;", "Пётр;не звонить;;", "Олег;+7 916 222-33-44;олег;Никто", "Сдвиг;;8 916 333-44-55;;Лишнее",
            "Коротко;8 916 333-44-55", ";;;Нина", "Анна;8 916 444-55-66;;нина",
        ))  # fmt: skip

        told = await desk.take(text)

        assert counted(told) == ("done", 2, 0, 0, 5)
        assert await desk.refused(told.id) == [
            (3, ["“%(cell)s” is no telephone number"]),
            (4, ["“%(cell)s” is no e-mail address", "nobody here is called “%(cell)s”"]),
            (5, ["the row has %(cells)s cells and the heading %(width)s: it is shifted", "“%(cell)s” is no e-mail address"]),
            (6, ["the row has %(cells)s cells and the heading %(width)s: it is shifted"]),
            (7, ["nothing in the row says who it is"]),
        ]
        assert [(row.name, row.owner_id) for row in await office.rows(contacts)] == [("Иван", None), ("Анна", desk.actor.user_id)]

    async def test_two_rows_of_one_person_make_one_contact(self, office: Office, desk: Desk) -> None:
        text = "Имя;Телефон;Почта\nИван;8 916 111-22-33;\nИван П.;89161112233, 8 916 222-33-44;i@example.com\nИ;;I@example.com\n"

        told = await desk.take(text, chunk=10)

        assert counted(told) == ("done", 1, 1, 1, 0)
        row = await office.the(contacts)
        assert (row.name, row.email) == ("Иван", "i@example.com")
        assert {one.contact_id for one in await office.rows(contact_numbers)} == {row.id}

    async def test_names_alone_are_recognised_within_their_company(self, office: Office, desk: Desk) -> None:
        text = "Имя;Компания\nИван;Ромашка\nИван;Василёк\nИван;ромашка\n"

        first, again = await desk.take(text), await desk.take(text)

        assert (counted(first), counted(again)) == (("done", 2, 0, 1, 0), ("done", 0, 0, 3, 0))

    async def test_what_is_known_of_two_is_refused_and_a_number_is_not_taken_away(self, office: Office, desk: Desk) -> None:
        await office.contact("79161112233", "Иван")
        await office.contact("79162223344", "Анна")

        told = await desk.take("Имя;Телефон\nКто;8 916 111-22-33, 8 916 222-33-44\n")
        other = await desk.take("Имя;Телефон;Почта\nКто;8 916 111-22-33;kto@example.com\n", identify=frozenset({"email"}))

        assert await desk.refused(told.id) == [(2, ["what the row says is known of two different records"])]
        assert await desk.refused(other.id) == [(2, ["another contact has the number %(number)s"])]

    async def test_a_merged_contact_is_recognised_as_the_one_that_was_kept(self, office: Office, desk: Desk) -> None:
        kept, gone = await office.contact("79161112233", "Иван"), await office.contact("79162223344", "Ваня")
        await office.set(contacts, gone, email="ivan@example.com", external_id="A-7")
        await office.set(contacts, kept, email="petrov@example.com")
        async with office.database.write() as tx:
            await merge(tx, Noun.CONTACT, kept, gone, by=desk.actor.user_id, now=NOW)

        told = await desk.take("ID;Имя;Почта;Должность\nA-7;Ваня;;Директор\n;Ваня;ivan@example.com;\n")

        assert counted(told) == ("done", 0, 1, 1, 0)
        assert (await office.the(contacts, id=kept)).position == "Директор"

    async def test_added_fields_are_read_as_people_write_them(self, office: Office, desk: Desk) -> None:
        kinds = [
            ("Рост", FieldKind.NUMBER, ()), ("Чек", FieldKind.MONEY, ()), ("Родился", FieldKind.DATE, ()),
            ("Цвет", FieldKind.CHOICE, ("Синий", "Красный")), ("Любит", FieldKind.CHOICES, ("Чай", "Кофе")),
            ("Друг", FieldKind.YES_NO, ()),
        ]  # fmt: skip
        async with office.database.write() as tx:
            ids = [str(await add_field(tx, NewField(Noun.CONTACT, *one), by=None, now=NOW)) for one in kinds]
        text = "\n".join((
            "Имя;Телефон;Рост;Чек;Родился;Цвет;Любит;Друг", "Иван;89161112233;1,85;12 500,50 ₽;22.11.1990;синий;чай, кофе;да",
            "Анна;89162223344;высокая;;31.02.1990;зелёный;;",
        ))  # fmt: skip

        told = await desk.take(text)

        row = await office.the(contacts)
        assert row.custom == dict(zip(ids, (1.85, 1_250_050, "1990-11-22", "Синий", ["Чай", "Кофе"], True), strict=True))
        assert await desk.refused(told.id) == [(3, ["“%(cell)s” is not %(wanted)s"] * 3)]

    async def test_a_colleagues_contact_is_not_changed_by_whom_it_is_hidden_from(self, office: Office, tmp_path: Path) -> None:
        olga, oleg = await office.person("Ольга", "101"), await office.person("Олег", "102")
        await office.contact("79161112233", "Иван", owner=oleg)
        from crm_core.access import Access

        desk = Desk(office, Actor(olga, Role.MANAGER, "Ольга", access=Access(rights=frozenset({("import", True)}))), tmp_path)
        await self._allow(office)

        told = await desk.take(ROWS, known=Known.CHANGE)

        assert await desk.refused(told.id) == [(2, ["the record that is known already belongs to a colleague"])]
        assert (await office.the(contacts, name="Иван")).owner_id == oleg

    async def _allow(self, office: Office) -> None:
        from sqlalchemy import insert

        from crm_core.teams.tables import role_rights

        async with office.database.write() as tx:
            await tx.execute(insert(role_rights).values(role="manager", right="import", granted=True))
