"""What people do with deals, tasks, contacts and calls; each deed tells its event and leaves its line in the audit trail."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from crm_core.calls.review import mark_reviewed, remark, take_back_remark, unmark_reviewed
from crm_core.calls.tables import call_remarks, calls
from crm_core.contacts.edits import add_contact, add_number, edit_contact
from crm_core.contacts.not_customer import mark_not_customer, unmark_not_customer
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.edits import NewDeal, assign_deal, edit_deal, lose_deal, open_deal, reopen_deal
from crm_core.deals.moves import move
from crm_core.deals.notes import note_deal
from crm_core.deals.tables import deals, notes, stage_history, stages
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.event_log import events
from crm_core.tasks.deeds import NewTask, assign_task, do_task, put_off, reopen_task, set_task
from crm_core.tasks.tables import tasks
from crm_core.users.accounts import deactivate
from crm_core.users.tables import audit
from tests.builders import MORNING, inbound
from tests.office import NOW, Office

LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def olga(office: Office) -> int:
    return await office.person("Ольга", "101")


@pytest.fixture
async def deal(office: Office, olga: int) -> int:
    return await office.deal(await office.contact("79161112233"), stage=1, owner=olga)


async def stage_ids(office: Office) -> Sequence[int]:
    return [stage.id for stage in sorted(await office.rows(stages), key=lambda stage: stage.position)]


async def told(office: Office) -> list[str]:
    return [row.kind for row in await office.rows(events) if row.kind not in ("user_changed", "exchange_changed")]


async def audited(office: Office) -> list[str]:
    return [row.deed for row in await office.rows(audit) if row.noun not in ("user", "exchange")]


class TestMoves:
    async def test_deal_moves_to_a_stage_and_its_way_is_kept(self, office: Office, olga: int, deal: int) -> None:
        ids = await stage_ids(office)
        async with office.database.write() as tx:
            await move(tx, deal, ids[3], by=olga, now=LATER, expected_stage=ids[1], override="Торопится")

        row, step = await office.the(deals), await office.the(stage_history)
        assert (row.stage_id, row.stage_since, row.closed_at) == (ids[3], LATER, None)
        assert (step.from_stage_id, step.stage_id, step.user_id, step.reason) == (ids[1], ids[3], olga, "Торопится")
        assert (await told(office), await audited(office)) == (["deal_moved"], ["deal_moved"])

    async def test_whoever_was_second_is_told_where_the_deal_is_now(self, office: Office, deal: int) -> None:
        ids = await stage_ids(office)
        async with office.database.write() as tx:
            with pytest.raises(Conflict) as refused:
                await move(tx, deal, ids[3], by=None, now=LATER, expected_stage=ids[0])

        assert refused.value.facts == {"moved_to": {"id": ids[1], "name": "Классификация"}}

    async def test_move_to_where_it_stands_is_no_move(self, office: Office, deal: int) -> None:
        async with office.database.write() as tx:
            await move(tx, deal, (await stage_ids(office))[1], by=None, now=LATER)

        assert await office.count(stage_history) == 0

    async def test_last_stage_closes_the_deal_and_moving_back_opens_it(self, office: Office, deal: int) -> None:
        ids = await stage_ids(office)
        async with office.database.write() as tx:
            await move(tx, deal, ids[10], by=None, now=NOW)
        closed_at = (await office.the(deals)).closed_at
        async with office.database.write() as tx:
            await move(tx, deal, ids[9], by=None, now=LATER)

        assert (closed_at, (await office.the(deals)).closed_at) == (NOW, None)

    async def test_moving_a_lead_on_does_its_task_to_classify(self, office: Office, olga: int) -> None:
        await office.take(inbound())
        async with office.database.write() as tx:
            await move(tx, (await office.the(deals)).id, (await stage_ids(office))[1], by=olga, now=LATER)

        task = await office.the(tasks)
        assert (task.done_at, task.done_by) == (LATER, olga)

    async def test_stage_of_no_pipeline_and_deal_of_nowhere_are_refused(self, office: Office, deal: int) -> None:
        async with office.database.write() as tx:
            with pytest.raises(Invalid):
                await move(tx, deal, 999, by=None, now=NOW)
            with pytest.raises(NotFound):
                await move(tx, 999, 1, by=None, now=NOW)


class TestDeals:
    async def test_deal_is_opened_by_hand_on_the_first_stage(self, office: Office, olga: int) -> None:
        contact = await office.contact("79161112233", company="ООО «Уют»")
        async with office.database.write() as tx:
            opened = await open_deal(tx, NewDeal(contact, "Сайт", 13_000_000, owner_id=olga), by=olga, now=NOW)

        row = await office.the(deals, id=opened)
        assert (row.title, row.amount, row.stage_id, row.company_id) == ("Сайт", 13_000_000, (await stage_ids(office))[0], 1)
        assert await told(office) == ["deal_opened"]

    async def test_edit_changes_what_is_given_and_keeps_the_rest(self, office: Office, olga: int, deal: int) -> None:
        async with office.database.write() as tx:
            await edit_deal(tx, deal, {"title": " Сайт "}, by=olga, now=NOW)
            await edit_deal(tx, deal, {"amount": 100}, by=olga, now=NOW)
            await edit_deal(tx, deal, {"amount": 100}, by=olga, now=NOW)

        row = await office.the(deals)
        assert (row.title, row.amount, row.currency) == ("Сайт", 100, "RUB")
        assert [line.facts for line in await office.rows(audit, deed="deal_edited")] == [
            {"title": [None, "Сайт"]},
            {"amount": [None, 100]},
        ]

    @pytest.mark.parametrize("changes", [{"amount": -1}, {"amount": 10**16}, {"currency": "рубли"}, {"currency": "rub"}])
    async def test_amount_and_currency_that_cannot_be_are_refused(self, office: Office, deal: int, changes: object) -> None:
        async with office.database.write() as tx:
            with pytest.raises(Invalid):
                await edit_deal(tx, deal, changes, by=None, now=NOW)  # type: ignore[arg-type]

    async def test_deal_is_given_with_its_open_tasks(self, office: Office, olga: int, deal: int) -> None:
        igor = await office.person("Игорь", "102")
        async with office.database.write() as tx:
            await set_task(tx, NewTask("Позвонить", LATER, deal_id=deal, owner_id=olga), by=olga, now=NOW)
            await assign_deal(tx, deal, igor, by=olga, now=NOW)

        assert ((await office.the(deals)).owner_id, (await office.the(tasks)).owner_id) == (igor, igor)
        assert (await office.the(events, kind="deal_changed")).receivers == [olga, igor]

    async def test_deal_is_not_given_to_who_left(self, office: Office, deal: int) -> None:
        igor = await office.person("Игорь", "102")
        async with office.database.write() as tx:
            await deactivate(tx, igor, now=NOW, by=None)
            with pytest.raises(NotFound):
                await assign_deal(tx, deal, igor, by=None, now=NOW)

    async def test_lost_deal_keeps_its_stage_and_the_reason_and_can_be_opened_again(self, office: Office, deal: int) -> None:
        async with office.database.write() as tx:
            await lose_deal(tx, deal, 1, " всё дорого ", by=None, now=NOW)
        lost = await office.the(deals)
        async with office.database.write() as tx:
            await reopen_deal(tx, deal, by=None, now=LATER)

        assert (lost.closed_at, lost.stage_id) == (NOW, (await stage_ids(office))[1])
        assert [step.reason for step in await office.rows(stage_history)] == ["Дорого, нет бюджета: всё дорого", None]
        assert (await office.the(deals)).closed_at is None

    async def test_a_note_stands_on_its_deal_and_says_something(self, office: Office, olga: int, deal: int) -> None:
        contact = (await office.the(deals)).contact_id
        async with office.database.write() as tx:
            await note_deal(tx, deal, "Просил скидку", by=olga, now=NOW)
            with pytest.raises(Invalid):
                await note_deal(tx, deal, " \0 ", by=olga, now=NOW)

        note = await office.the(notes)
        assert (note.deal_id, note.contact_id, note.text) == (deal, contact, "Просил скидку")


class TestTasks:
    async def test_task_is_set_done_and_opened_again(self, office: Office, olga: int, deal: int) -> None:
        async with office.database.write() as tx:
            task = await set_task(tx, NewTask("Позвонить", LATER, deal_id=deal), by=olga, now=NOW)
            await do_task(tx, task, by=olga, now=NOW)
            await do_task(tx, task, by=None, now=LATER)
        done = await office.the(tasks)
        async with office.database.write() as tx:
            await reopen_task(tx, task, by=olga, now=LATER)

        assert (done.done_at, done.done_by, done.contact_id) == (NOW, olga, (await office.the(deals)).contact_id)
        assert (await office.the(tasks)).done_at is None
        assert await told(office) == ["task_opened", "task_done", "task_opened"]

    async def test_call_back_is_not_opened_beside_another_of_its_number(self, office: Office) -> None:
        await office.take(inbound().rings("101").ends())
        task = (await office.the(tasks, kind="call_back")).id
        async with office.database.write() as tx:
            await do_task(tx, task, by=None, now=NOW)
        await office.take(inbound(at=MORNING + 60).rings("101").ends())

        async with office.database.write() as tx:
            with pytest.raises(Conflict):
                await reopen_task(tx, task, by=None, now=NOW)

    async def test_task_is_given_and_put_off(self, office: Office, olga: int, deal: int) -> None:
        async with office.database.write() as tx:
            task = await set_task(tx, NewTask("Позвонить", NOW, deal_id=deal), by=olga, now=NOW)
            await assign_task(tx, task, olga, by=olga, now=NOW)
            await put_off(tx, task, LATER, by=olga, now=NOW)

        row = await office.the(tasks)
        assert (row.owner_id, row.due_at) == (olga, LATER)
        assert await audited(office) == ["task_set", "task_assigned", "task_put_off"]

    async def test_task_that_says_nothing_or_hangs_on_nothing_is_refused(self, office: Office) -> None:
        async with office.database.write() as tx:
            with pytest.raises(Invalid):
                await set_task(tx, NewTask(" ", NOW), by=None, now=NOW)
            for year in (1, 1999, 2200, 9999):
                with pytest.raises(Invalid):
                    await set_task(tx, NewTask("x", NOW.replace(year=year)), by=None, now=NOW)
            for nowhere in (NewTask("x", NOW, deal_id=9), NewTask("x", NOW, contact_id=9), NewTask("x", NOW, owner_id=9)):
                with pytest.raises(NotFound):
                    await set_task(tx, nowhere, by=None, now=NOW)


class TestContacts:
    async def test_contact_is_named_and_his_company_found_or_made(self, office: Office, olga: int) -> None:
        one, other = await office.contact("79160000001", company="ООО «Северный склад»"), await office.contact("79160000002")
        async with office.database.write() as tx:
            named = {"name": "Павел", "position": "директор", "company": "ооо  «северный СКЛАД»", "owner_id": olga}
            await edit_contact(tx, other, named, by=olga, now=NOW)  # type: ignore[arg-type]
            await edit_contact(tx, one, {"company": "ИП Лапина"}, by=olga, now=NOW)

        row = await office.the(contacts, id=other)
        assert (row.name, row.position, row.owner_id) == ("Павел", "директор", olga)
        assert [company.name for company in await office.rows(companies)] == ["ООО «Северный склад»", "ИП Лапина"]
        assert row.company_id == 1

    async def test_company_is_taken_away_by_no_name(self, office: Office) -> None:
        contact = await office.contact("79160000001", company="ООО «Уют»")
        async with office.database.write() as tx:
            await edit_contact(tx, contact, {"company": None}, by=None, now=NOW)

        assert (await office.the(contacts)).company_id is None

    async def test_contact_is_added_with_numbers_as_people_write_them(self, office: Office, olga: int) -> None:
        async with office.database.write() as tx:
            added = await add_contact(tx, {"name": "Анна"}, ["8 (921) 400-18-77"], "RU", by=olga, now=NOW)

        number = await office.the(contact_numbers)
        assert (number.number, number.raw, number.contact_id) == ("79214001877", "8 (921) 400-18-77", added)

    async def test_number_of_another_contact_is_refused_and_says_whose_it_is(self, office: Office) -> None:
        one, other = await office.contact("79160000001"), await office.contact("79160000002")
        async with office.database.write() as tx:
            await add_number(tx, one, "+7 916 000-00-01", "RU", by=None, now=NOW)
            with pytest.raises(Conflict) as refused:
                await add_number(tx, other, "+7 916 000-00-01", "RU", by=None, now=NOW)
            with pytest.raises(Invalid):
                await add_number(tx, other, "позвонить", "RU", by=None, now=NOW)

        assert refused.value.facts == {"contact_id": one}


class TestNotACustomer:
    async def test_mark_closes_what_the_number_opened(self, office: Office, olga: int) -> None:
        await office.take(inbound("79161112233").rings("101").ends())
        async with office.database.write() as tx:
            await mark_not_customer(tx, "79161112233", by=olga, now=NOW)

        assert (await office.the(deals)).closed_at == NOW
        assert [task.done_by for task in await office.rows(tasks)] == [olga, olga]
        assert (await office.rows(stage_history))[-1].reason == "not_customer"
        assert "contact_changed" in await told(office)
        assert await audited(office) == ["marked_not_customer"]

    async def test_marked_number_creates_nothing_from_then_on(self, office: Office) -> None:
        await office.take(inbound("79161112233").rings("101").ends())
        async with office.database.write() as tx:
            await mark_not_customer(tx, "79161112233", by=None, now=NOW)
        before = [await office.count(table) for table in (contacts, deals, tasks)]

        await office.take(inbound("79161112233", at=MORNING + 60).rings("101").ends())

        assert [await office.count(table) for table in (contacts, deals, tasks)] == before

    async def test_mark_in_mid_call_holds_for_the_rest_of_the_call(self, office: Office, olga: int) -> None:
        call = inbound("79161112233").rings("101")
        await office.take(call)
        async with office.database.write() as tx:
            await mark_not_customer(tx, "79161112233", by=olga, now=NOW)

        await office.take(call.ends())

        assert [task.kind for task in await office.rows(tasks)] == ["classify"]

    async def test_unmarking_leaves_a_number_with_one_open_call_back(self, office: Office, olga: int) -> None:
        await office.take(inbound("79161112233").rings("101").ends())
        first = (await office.the(tasks, kind="call_back")).id
        async with office.database.write() as tx:
            await do_task(tx, first, by=olga, now=NOW)
        await office.take(inbound("79161112233", at=MORNING + 60).rings("101").ends())
        async with office.database.write() as tx:
            await mark_not_customer(tx, "79161112233", by=olga, now=LATER)
            await reopen_task(tx, first, by=olga, now=LATER)
            await unmark_not_customer(tx, "79161112233", by=olga, now=LATER)

        assert [task.id for task in await office.rows(tasks, kind="call_back") if task.done_at is None] == [first]

    async def test_unmarking_opens_again_what_the_mark_closed_and_no_more(self, office: Office, olga: int) -> None:
        await office.take(inbound("79161112233").rings("101").ends())
        async with office.database.write() as tx:
            await do_task(tx, (await office.the(tasks, kind="classify")).id, by=olga, now=NOW - timedelta(minutes=1))
            await mark_not_customer(tx, "79161112233", by=olga, now=NOW)
            await unmark_not_customer(tx, "79161112233", by=olga, now=LATER)

        assert (await office.the(deals)).closed_at is None
        assert {task.kind: task.done_at is None for task in await office.rows(tasks)} == {"classify": False, "call_back": True}
        assert (await office.the(contact_numbers)).not_customer_at is None

    async def test_deals_that_others_opened_stay_open(self, office: Office, deal: int) -> None:
        await office.take(inbound("79161112233").rings("101").ends())
        async with office.database.write() as tx:
            await mark_not_customer(tx, "79161112233", by=None, now=NOW)

        assert (await office.the(deals)).closed_at is None

    async def test_short_number_can_be_marked_too(self, office: Office) -> None:
        async with office.database.write() as tx:
            await mark_not_customer(tx, "900", by=None, now=NOW)

        await office.take(inbound("900").rings("101").ends())

        assert await office.count(tasks) == 0


class TestReview:
    async def test_call_is_marked_reviewed_once(self, office: Office, olga: int) -> None:
        await office.take(inbound().rings("101").answers("101").ends())
        async with office.database.write() as tx:
            await mark_reviewed(tx, 1, by=olga, now=NOW)
            await mark_reviewed(tx, 1, by=olga, now=LATER)

        assert ((await office.the(calls)).reviewed_at, (await office.the(calls)).reviewed_by) == (NOW, olga)
        assert (await office.the(events, kind="call_reviewed")).receivers == [olga]

    async def test_mark_is_kept_when_the_call_is_told_again_and_can_be_withdrawn(self, office: Office, olga: int) -> None:
        call = inbound().rings("101").answers("101").ends()
        await office.take(call)
        async with office.database.write() as tx:
            await mark_reviewed(tx, 1, by=olga, now=NOW)
        await office.take(call)
        kept = (await office.the(calls)).reviewed_at
        async with office.database.write() as tx:
            await unmark_reviewed(tx, 1, by=olga, now=NOW)

        assert (kept, (await office.the(calls)).reviewed_at) == (NOW, None)

    async def test_remark_points_to_a_second_and_is_taken_back_by_its_author_alone(self, office: Office, olga: int) -> None:
        igor = await office.person("Игорь")
        await office.take(inbound().rings("101").answers("101").ends())
        async with office.database.write() as tx:
            made = await remark(tx, 1, "Перебил клиента", 12.5, by=olga, now=NOW)
        kept = await office.the(call_remarks)
        async with office.database.write() as tx:
            with pytest.raises(Forbidden):
                await take_back_remark(tx, 1, made, by=igor, now=NOW)
            with pytest.raises(NotFound):
                await take_back_remark(tx, 2, made, by=olga, now=NOW)
            await take_back_remark(tx, 1, made, by=olga, now=NOW)

        assert (kept.second, kept.text) == (12.5, "Перебил клиента")
        assert await office.count(call_remarks) == 0

    @pytest.mark.parametrize(("text", "second"), [("", None), ("x", -1.0), ("x", float("nan")), ("x", 1e9)])
    async def test_remark_that_says_nothing_or_points_nowhere_is_refused(
        self, office: Office, olga: int, text: str, second: float | None
    ) -> None:
        await office.take(inbound())
        async with office.database.write() as tx:
            with pytest.raises(Invalid):
                await remark(tx, 1, text, second, by=olga, now=NOW)

    async def test_call_that_is_not_there_is_not_reviewed(self, office: Office, olga: int) -> None:
        async with office.database.write() as tx:
            with pytest.raises(NotFound):
                await mark_reviewed(tx, 1, by=olga, now=NOW)
