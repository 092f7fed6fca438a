"""Imports of companies and deals, and the job that carries them: cut off anywhere, it doubles and loses nothing."""

import asyncio
import sys
from typing import Any

import pytest
from sqlalchemy import update

from crm_core.access import Actor
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.tables import deals, stages
from crm_core.errors import Conflict, NotFound
from crm_core.fields.history import Noun
from crm_core.importing import deeds, job, openings
from crm_core.importing.queries import list_imports
from crm_core.importing.tables import imports
from crm_core.jobs import JobState, free_running, jobs
from crm_core.users.tables import Role
from tests.import_desk import ROWS, Desk, counted, desk
from tests.office import NOW, Office

__all__ = ["desk"]


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


async def reached(office: Office, more_than: int) -> int:
    """How far the import is, as soon as it is further than that."""
    async with asyncio.timeout(60):
        while (row := await office.the(imports)).row_reached <= more_than and row.state == "running":
            await asyncio.sleep(0.02)
    return int(row.row_reached)


class TestJob:
    async def test_killed_again_and_again_it_doubles_and_loses_nothing(self, office: Office, desk: Desk) -> None:
        """`kill -9` of the process that carries it, wherever it is just then; errors stand all along the table."""
        rows = 1_000
        text = "Имя;Телефон\n" + "".join(
            f"Человек {number};{'нет' if number % 50 == 7 else f'+7916{number:07}'}\n" for number in range(rows)
        )
        import_id = await desk.put(text)
        async with office.database.write() as tx:
            await deeds.start(tx, desk.actor, import_id, now=NOW)
        words = [sys.executable, "-m", "tests.import_child", office.database.url, str(desk.folder)]

        places = [0]
        for _ in range(3):
            process = await asyncio.create_subprocess_exec(*words)
            places.append(await reached(office, places[-1] + 60))
            process.kill()
            await process.wait()
        last = await asyncio.create_subprocess_exec(*words)
        await last.wait()

        told = await office.the(imports)
        assert places == sorted(set(places))
        assert places[-1] < rows  # it was still under way
        assert (told.state, told.rows, told.created, told.changed, told.refused) == ("done", rows, rows - 20, 0, 20)
        assert (await office.count(contacts), await office.count(contact_numbers)) == (rows - 20, rows - 20)
        assert [row for row, _ in await desk.refused(import_id)] == [number + 2 for number in range(rows) if number % 50 == 7]

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
