"""Tables are taken in piece by piece: nothing doubled, nothing lost, whatever is in them and whatever ends the work."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from crm_core.access import Actor
from crm_core.blobs import Blobs
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.tables import deals, stages
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.fields.definitions import FieldKind, NewField, add_field, definitions
from crm_core.fields.history import Noun
from crm_core.fields.tables import field_changes
from crm_core.importing import deeds, job, openings, options, table
from crm_core.importing.drafts import Known
from crm_core.importing.options import begun
from crm_core.importing.queries import Import, all_refused, list_imports, one_import
from crm_core.importing.tables import imports
from crm_core.importing.targets import guessed
from crm_core.jobs import JobRunner, JobState, free_running, jobs
from crm_core.merging.merges import merge
from crm_core.users.tables import Role
from tests.office import NOW, Office

ROWS = """ФИО;Телефон;E-mail;Компания;Должность
Иван Петров;8 916 111-22-33;ivan@example.com;Ромашка;Директор
Анна;+7 916 222-33-44;;ромашка;
"""


class Desk:
    """Somebody who imports: puts tables down, and has the job carried out."""

    def __init__(self, office: Office, actor: Actor, folder: Path) -> None:
        self.office, self.actor = office, actor
        self.blobs = Blobs(folder / "blobs")
        self.folder = folder
        self.now = NOW

    async def put(self, content: str | bytes, noun: Noun = Noun.CONTACT, **changed: Any) -> int:
        """A table with its columns guessed; options by name are changed."""
        data = content.encode() if isinstance(content, str) else content
        file = self.folder / "upload"
        file.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        await self.blobs.put(f"imports/{digest}", file)
        shape = table.detected(file)
        heading, _ = table.heading_and_rows(file, shape)
        async with self.office.database.write() as tx:
            asked = replace(begun(noun, shape, heading, await definitions(tx, noun)), **changed)
            return await deeds.add(tx, self.actor, "table.csv", f"imports/{digest}", digest, asked, now=self.now)

    async def run(self, import_id: int, chunk: int = 2) -> Import:
        async with self.office.database.write() as tx:
            await deeds.start(tx, self.actor, import_id, now=self.now)
        return await self.go_on(import_id, chunk)

    async def go_on(self, import_id: int, chunk: int = 2, region: str = "RU") -> Import:
        kind = job.job_kind(self.office.database, self.blobs, self.folder / "scratch", region, lambda: self.now, chunk)
        runner = JobRunner(self.office.database, {kind.name: kind}, lambda: self.now)
        await runner.run_due()
        async with self.office.database.read() as connection:
            return await one_import(connection, self.actor, import_id)

    async def take(self, content: str | bytes, noun: Noun = Noun.CONTACT, chunk: int = 2, **changed: Any) -> Import:
        return await self.run(await self.put(content, noun, **changed), chunk)

    async def refused(self, import_id: int) -> list[tuple[int, list[str]]]:
        async with self.office.database.read() as connection:
            return [(row.row, [say for _, say, _ in row.why]) async for row in all_refused(connection, import_id)]


@pytest.fixture
async def desk(office: Office, tmp_path: Path) -> Desk:
    return Desk(office, Actor(await office.person("Нина", None, Role.HEAD), Role.HEAD, "Нина"), tmp_path)


def counted(told: Import) -> tuple[str, int, int, int, int]:
    return told.state, told.created, told.changed, told.unchanged, told.refused


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


class TestCompanies:
    async def test_companies_come_in_are_recognised_by_inn_and_filled(self, office: Office, desk: Desk) -> None:
        text = "Название;ИНН;Телефон;Сайт\nРомашка;7707083893;8 495 123-45-67;romashka.ru\nВасилёк;123;;\nЛютик;;;\n"
        told = await desk.take(text, Noun.COMPANY)
        again = await desk.take("Организация;ИНН;Адрес\nООО Ромашка;7707083893;Москва\n", Noun.COMPANY)

        assert (counted(told), counted(again)) == (("done", 2, 0, 0, 1), ("done", 0, 1, 0, 0))
        row = await office.the(companies, inn="7707083893")
        assert (row.name, row.phone, row.site, row.address) == ("Ромашка", "74951234567", "romashka.ru", "Москва")

    async def test_two_firms_of_one_name_with_other_inns_stay_two(self, office: Office, desk: Desk) -> None:
        told = await desk.take("Название;ИНН\nРомашка;7707083893\nРомашка;7736050003\n", Noun.COMPANY, chunk=10)

        assert (counted(told), await office.count(companies)) == (("done", 2, 0, 0, 0), 2)


class TestDeals:
    async def test_deals_come_in_with_their_contacts_and_the_same_table_again_changes_nothing(
        self, office: Office, desk: Desk
    ) -> None:
        known = await office.contact("79161112233", "Иван")
        text = "\n".join((
            "Сделка;Сумма;ФИО;Телефон;Этап", "Крыша;240 000;Иван;8 916 111-22-33;",
            "Забор;10000,50;Анна;89162223344;Входящая заявка", "Ничья;5;;;", "Нет такого;1;Олег;89163334455;Мимо",
        ))  # fmt: skip

        told, again = await desk.take(text, Noun.DEAL), await desk.take(text, Noun.DEAL)

        assert (counted(told), counted(again)) == (("done", 2, 0, 0, 2), ("done", 0, 0, 2, 2))
        rows = [(row.title, row.amount, row.contact_id == known) for row in await office.rows(deals)]
        assert rows == [("Крыша", 24_000_000, True), ("Забор", 1_000_050, False)]
        assert [say for _, says in await desk.refused(told.id) for say in says] == [
            openings.NO_CONTACT, "there is no stage “%(cell)s”"
        ]  # fmt: skip

    async def test_a_deal_that_would_stand_past_a_gate_is_refused_unless_the_gate_is_set_aside(
        self, office: Office, desk: Desk
    ) -> None:
        first = (await office.rows(stages))[0]
        await office.set(stages, first.id, gates=[{"gate": "fields", "settings": {"fields": ["amount"]}}])
        text = "Сделка;ФИО;Телефон;Этап\nКрыша;Иван;8 916 111-22-33;Классификация\n"

        refused = await desk.take(text, Noun.DEAL)
        let_in = await desk.take(text, Noun.DEAL, override="Из старой программы")

        assert (counted(refused), counted(let_in)) == (("done", 0, 0, 0, 1), ("done", 1, 0, 0, 0))
        assert await desk.refused(refused.id) == [(2, ["the deal would stand on a stage whose conditions nothing proves"])]


class TestJob:
    async def test_it_goes_on_where_it_was_and_doubles_nothing(self, office: Office, desk: Desk) -> None:
        """Killed between two pieces, as `kill -9` leaves it: the last commit stands, the job counts as running."""
        text = "Имя;Телефон\n" + "".join(f"Человек {number};+7916{number:07}\n" for number in range(10)) + "Кто;нет\n"
        import_id = await desk.put(text)
        async with office.database.write() as tx:
            await deeds.start(tx, desk.actor, import_id, now=NOW)
        await self._killed_after(desk, pieces=2)

        half = await office.the(imports)
        async with office.database.write() as tx:
            await free_running(tx, NOW)
        told = await desk.go_on(import_id, chunk=3)

        assert (half.row_reached, half.created, half.state) == (7, 6, "running")
        assert (counted(told), await office.count(contacts)) == (("done", 10, 0, 0, 1), 10)

    async def test_two_processes_at_one_import_do_not_double_a_row(self, office: Office, desk: Desk) -> None:
        import_id = await desk.put(ROWS)
        async with office.database.write() as tx:
            await deeds.start(tx, desk.actor, import_id, now=NOW)
            await tx.execute(update(imports).values(row_reached=0))
        kind = job.job_kind(office.database, desk.blobs, desk.folder / "s", "RU", lambda: NOW, 1)
        told = await desk.go_on(import_id)
        async with office.database.write() as tx:
            await tx.execute(update(imports).values(state="running"))
        await kind.work(await self._as_claimed(office), _no_progress)

        assert (counted(told), await office.count(contacts)) == (("done", 2, 0, 0, 0), 2)

    @pytest.mark.parametrize("gone", ["the file", "the right", "the person"])
    async def test_what_cannot_go_on_says_why(self, office: Office, desk: Desk, gone: str) -> None:
        import_id = await desk.put(ROWS)
        if gone == "the file":
            await desk.blobs.delete((await office.the(imports)).blob)
        elif gone == "the right":
            await office.set(contacts.metadata.tables["users"], desk.actor.user_id, role="qa")
        else:
            await office.set(contacts.metadata.tables["users"], desk.actor.user_id, active=False)

        told = await desk.run(import_id)

        assert (told.state, told.created) == ("failed", 0)
        assert told.note in (job.FILE_GONE, job.NOT_ALLOWED)

    async def test_a_table_that_breaks_off_in_the_middle_is_failed_with_what_came_in_counted(
        self, office: Office, desk: Desk
    ) -> None:
        import_id = await desk.put(ROWS + "x;" * 300)

        told = await desk.run(import_id)

        assert told.state == "failed"
        assert told.note == "The table has more than 200 columns. Is the delimiter right?"

    async def test_an_import_is_its_starters_own_and_is_started_once(self, office: Office, desk: Desk) -> None:
        import_id = await desk.put(ROWS)
        other = Actor(await office.person("Вера", None, Role.HEAD), Role.HEAD, "Вера")
        await desk.run(import_id)

        async with office.database.write() as tx:
            with pytest.raises(NotFound):
                await deeds.start(tx, other, import_id, now=NOW)
            with pytest.raises(Conflict):
                await deeds.start(tx, desk.actor, import_id, now=NOW)
            assert (await list_imports(tx, other)).items == ()
            assert await deeds.remove(tx, desk.actor, import_id, now=NOW)
        assert await office.count(contacts) == 2

    async def _killed_after(self, desk: Desk, pieces: int) -> None:
        class Killed(BaseException):
            pass

        done = 0

        async def progress(_share: float) -> None:
            nonlocal done
            done += 1
            if done == pieces:
                raise Killed

        kind = job.job_kind(desk.office.database, desk.blobs, desk.folder / "scratch", "RU", lambda: NOW, 3)
        claimed = await self._as_claimed(desk.office)
        async with desk.office.database.write() as tx:
            await tx.execute(update(jobs).where(jobs.c.kind == "import").values(state=JobState.RUNNING, attempts=1))
        with pytest.raises(Killed):
            await kind.work(claimed, progress)

    async def _as_claimed(self, office: Office) -> Any:
        from crm_core.jobs import Job

        row = await office.the(jobs, kind="import")
        return Job(row.id, row.kind, row.payload, 1, None, row.created_at)


async def _no_progress(_share: float) -> None:
    return
