"""Two contacts or companies become one without loss, and two again if it was wrong."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Float, Integer, Table, insert, select

from crm_core.access import Actor
from crm_core.calls.tables import calls
from crm_core.contacts.edits import company_named, edit_contact
from crm_core.contacts.queries import contact, list_companies, list_contacts
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.db import UtcTime
from crm_core.deals.tables import deal_contacts, deals, notes
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.event_log import events
from crm_core.fields.history import Noun
from crm_core.fields.tables import field_changes
from crm_core.merging import moving
from crm_core.merging.kept import kept_of
from crm_core.merging.merges import Undone, gather_late, merge, undo
from crm_core.merging.tables import merges
from crm_core.tables import metadata
from crm_core.tasks.tables import tasks
from crm_core.users.tables import Role, audit
from tests.builders import inbound
from tests.office import LONG_AGO, NOW, Office

LATER = NOW + timedelta(hours=1)
LATER_STILL = NOW + timedelta(hours=3)
NUMBER, OTHER_NUMBER = "79161112233", "79162223344"


@pytest.fixture
async def head(office: Office) -> int:
    return await office.person("Нина", None, Role.HEAD)


async def merged(office: Office, kept: int, gone: int, by: int, noun: Noun = Noun.CONTACT, now: datetime = LATER) -> int:
    async with office.database.write() as tx:
        return await merge(tx, noun, kept, gone, by=by, now=now)


async def undone(office: Office, merge_id: int, by: int) -> Undone:
    async with office.database.write() as tx:
        return await undo(tx, merge_id, by=by, now=LATER_STILL)


async def _added(office: Office, table: Table, **values: Any) -> int:
    async with office.database.write() as tx:
        return int((await tx.execute(insert(table).values(values).returning(table.c.id))).scalar_one())


class TestNothingIsForgotten:
    """A table that is added tomorrow is covered as well: the walk goes over all tables there are."""

    @pytest.mark.parametrize("noun", list(moving.HOMES))
    def test_every_foreign_key_to_the_record_is_moved(self, noun: Noun) -> None:
        home = moving.HOMES[noun]
        to_it = {
            f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.c
            if any(key.column.table is home for key in column.foreign_keys)
        }  # fmt: skip
        moved = {f"{column.table.name}.{column.name}" for column in moving.pointers(noun)}

        assert to_it - moved == {f"{home.name}.merged_into"}

    @pytest.mark.parametrize("noun", list(moving.HOMES))
    def test_every_table_that_points_at_the_record_has_rows_with_ids(self, noun: Noun) -> None:
        assert [column.table.name for column in moving.pointers(noun) if [*column.table.primary_key] != [column.table.c.id]] == []

    @pytest.mark.parametrize("noun", list(moving.HOMES))
    async def test_a_row_of_every_such_table_goes_over_and_comes_back(self, office: Office, head: int, noun: Noun) -> None:
        home = moving.HOMES[noun]
        row = {"name": "Ромашка", "created_at": LONG_AGO}
        kept, gone = await _added(office, home, **row), await _added(office, home, **row)
        async with office.database.write() as tx:
            rows = {
                (pointer.table, pointer.name): await any_row(tx, pointer.table, {pointer.name: gone})
                for pointer in moving.pointers(noun)
            }

        merge_id = await merged(office, kept, gone, head, noun)
        over = {key: await pointed(office, *key, row_id) for key, row_id in rows.items()}
        told = await undone(office, merge_id, head)
        again = {key: await pointed(office, *key, row_id) for key, row_id in rows.items()}

        assert set(over.values()) == {kept}
        assert set(again.values()) == {gone}
        assert (sum(told.back.values()), told.elsewhere) == (len(rows), {})


async def pointed(office: Office, table: Table, name: str, row_id: int) -> int:
    return int((await office.the(table, id=row_id))._mapping[name])


async def any_row(tx: Any, table: Table, given: dict[str, Any]) -> int:
    """A row of any table, with the least that its columns ask for, made along with the rows it points at."""
    values = dict(given)
    for column in table.columns:
        if column.name in values or column.nullable or column.default is not None or column.server_default is not None:
            continue
        if column.foreign_keys:
            home = next(iter(column.foreign_keys)).column.table
            known = await tx.scalar(select(home.c.id).limit(1))
            values[column.name] = known if known is not None else await any_row(tx, home, {})
        elif not column.primary_key:
            values[column.name] = _sample(column.type)
    return int((await tx.execute(insert(table).values(values).returning(table.c.id))).scalar_one())


def _sample(kind: Any) -> Any:
    samples = [
        (UtcTime, LONG_AGO),
        (DateTime, LONG_AGO),
        (Date, date(2026, 11, 1)),
        (Boolean, False),
        ((Integer, BigInteger, Float), 1),
    ]
    return next((value for types, value in samples if isinstance(kind, types)), "7")


class TestMerge:
    async def test_numbers_deals_calls_tasks_and_notes_are_the_kept_ones(self, office: Office, head: int) -> None:
        kept, gone = await office.contact(NUMBER, "Иван Петров"), await office.contact(OTHER_NUMBER, "Петров")
        deal = await office.deal(gone)
        await office.take(inbound(OTHER_NUMBER).rings("101").ends())
        note = await _added(office, notes, contact_id=gone, user_id=head, at=NOW, text="Перезвонит сам")

        merge_id = await merged(office, kept, gone, head)

        assert {row.contact_id for row in await office.rows(contact_numbers)} == {kept}
        assert (await office.the(deals, id=deal)).contact_id == kept
        assert (await office.the(calls)).contact_id == kept
        assert (await office.the(notes, id=note)).contact_id == kept
        assert {row.contact_id for row in await office.rows(tasks)} == {kept}
        assert (await office.the(merges)).moved["rows"]["deals.contact_id"] == [deal]
        facts = [row.facts for row in await office.rows(events, kind="records_merged")]
        assert facts == [{"noun": "contact", "kept_id": kept, "gone_id": gone, "merge_id": merge_id, "undone": False}] * 2
        assert [row.deed for row in await office.rows(audit, noun="contact", noun_id=kept)] == ["merged"]

    async def test_the_next_call_of_the_gone_ones_number_is_the_kept_ones(self, office: Office, head: int) -> None:
        kept, gone = await office.contact(NUMBER, "Иван"), await office.contact(OTHER_NUMBER, "Ваня")
        await merged(office, kept, gone, head)

        await office.take(inbound(OTHER_NUMBER).rings("101").answers("101").ends())

        assert (await office.the(calls)).contact_id == kept
        assert len(await office.rows(contacts)) == 2

    async def test_the_kept_ones_fields_win_and_the_others_fill_gaps(self, office: Office, head: int) -> None:
        kept, gone = (
            await office.contact(NUMBER, "Иван Петров"),
            await office.contact(OTHER_NUMBER, "Петров И.", company="Ромашка"),
        )
        await office.set(contacts, kept, note="Любит кофе", custom={"1": "a"})
        await office.set(contacts, gone, email="ivan@example.com", note="Не звонить до 10", custom={"1": "b", "2": 5})
        firm = (await office.the(contacts, id=gone)).company_id

        await merged(office, kept, gone, head)

        row = await office.the(contacts, id=kept)
        assert (row.name, row.email, row.company_id, row.custom) == ("Иван Петров", "ivan@example.com", firm, {"1": "a", "2": 5})
        assert row.note == "Любит кофе\n\nНе звонить до 10"
        changed = {one.field: (one.old, one.new) for one in await office.rows(field_changes, noun="contact", noun_id=kept)}
        assert set(changed) == {"email", "company_id", "note", "custom.2"}
        assert changed["email"] == (None, "ivan@example.com")

    async def test_both_parts_in_one_deal_become_one_part_with_what_each_knew(self, office: Office, head: int) -> None:
        kept, gone, other = [await office.contact(number) for number in (NUMBER, OTHER_NUMBER, "79163334455")]
        deal, second = await office.deal(other), await office.deal(other)
        await _added(office, deal_contacts, deal_id=deal, contact_id=kept, influence="decides", added_at=NOW)
        await _added(office, deal_contacts, deal_id=deal, contact_id=gone, role="Бухгалтер", influence="uses", added_at=NOW)
        await _added(office, deal_contacts, deal_id=second, contact_id=gone, role="Директор", added_at=NOW)

        merge_id = await merged(office, kept, gone, head)
        one = [(row.deal_id, row.contact_id, row.role, row.influence) for row in await office.rows(deal_contacts)]
        told = await undone(office, merge_id, head)
        two = {(row.deal_id, row.contact_id, row.role, row.influence) for row in await office.rows(deal_contacts)}

        assert one == [(deal, kept, "Бухгалтер", "decides"), (second, kept, "Директор", None)]
        assert two == {(deal, kept, None, "decides"), (deal, gone, "Бухгалтер", "uses"), (second, gone, "Директор", None)}
        assert told.back["deal_contacts"] == 2

    async def test_companies_merge_with_their_people_and_deals(self, office: Office, head: int) -> None:
        person = await office.contact(NUMBER, "Иван", company="ООО Ромашка")
        gone = (await office.the(contacts, id=person)).company_id
        kept = await _added(office, companies, name="Ромашка", created_at=LONG_AGO)
        await office.set(companies, gone, inn="7701234567")

        await merged(office, kept, gone, head, Noun.COMPANY)

        assert (await office.the(contacts, id=person)).company_id == kept
        assert (await office.the(companies, id=kept)).inn == "7701234567"
        async with office.database.write() as tx:
            assert await company_named(tx, "ооо ромашка", now=LATER) == kept

    async def test_what_is_gone_is_hidden_from_lists_and_leads_to_the_kept_one(self, office: Office, head: int) -> None:
        first, second, third = [
            await office.contact(number, name) for number, name in ((NUMBER, "А"), (OTHER_NUMBER, "Б"), ("79163334455", "В"))
        ]
        await merged(office, second, first, head)
        await merged(office, third, second, head)
        actor = Actor(head, Role.HEAD, "Нина")

        async with office.database.read() as connection:
            assert [line.id for line in (await list_contacts(connection, actor)).items] == [third]
            assert (await list_companies(connection, actor)).items == ()
            assert await kept_of(connection, Noun.CONTACT, first) == third
            with pytest.raises(NotFound):
                await contact(connection, actor, first)
        async with office.database.write() as tx:
            with pytest.raises(Conflict):
                await edit_contact(tx, first, {"name": "Я"}, by=head, now=LATER)

    @pytest.mark.parametrize("which", ["itself", "nobody", "gone"])
    async def test_what_cannot_be_merged_is_refused(self, office: Office, head: int, which: str) -> None:
        kept, gone = await office.contact(NUMBER), await office.contact(OTHER_NUMBER)
        third = await office.contact("79163334455")
        await merged(office, kept, gone, head)
        other, error = {"itself": (kept, Invalid), "nobody": (10_000, NotFound), "gone": (gone, Conflict)}[which]

        with pytest.raises(error):
            await merged(office, kept if which != "gone" else third, other, head)

        assert len(await office.rows(merges)) == 1


class TestUndo:
    async def test_what_moved_goes_back_and_what_came_since_stays(self, office: Office, head: int) -> None:
        kept, gone = await office.contact(NUMBER, "Иван"), await office.contact(OTHER_NUMBER, "Пётр")
        before = await office.deal(gone)
        await office.set(contacts, gone, email="p@example.com")
        merge_id = await merged(office, kept, gone, head, now=NOW - timedelta(days=1))
        since = await office.deal(kept)
        await office.set(deals, since, created_at=NOW)
        await office.take(inbound(OTHER_NUMBER).rings("101").ends())

        told = await undone(office, merge_id, head)

        assert (await office.the(deals, id=before)).contact_id == gone
        assert (await office.the(deals, id=since)).contact_id == kept
        assert (await office.the(calls)).contact_id == kept
        assert (await office.the(contact_numbers, number=OTHER_NUMBER)).contact_id == gone
        assert ((await office.the(contacts, id=gone)).merged_into, (await office.the(contacts, id=kept)).email) == (None, None)
        assert (told.back, told.elsewhere) == ({"contact_numbers": 1, "deals": 1}, {})
        assert (told.since["deals"], told.since["calls"]) == (1, 1)
        assert (await office.the(merges)).undone_by == head

    async def test_a_field_that_was_changed_since_and_a_deal_given_to_another_stay(self, office: Office, head: int) -> None:
        kept, gone, third = [await office.contact(number) for number in (NUMBER, OTHER_NUMBER, "79163334455")]
        deal = await office.deal(gone)
        await office.set(contacts, gone, email="p@example.com", position="Директор")
        merge_id = await merged(office, kept, gone, head)
        await office.set(contacts, kept, email="new@example.com")
        await office.set(deals, deal, contact_id=third)

        told = await undone(office, merge_id, head)

        row = await office.the(contacts, id=kept)
        assert (row.email, row.position) == ("new@example.com", None)
        assert (told.fields, told.elsewhere) == (("email",), {"deals": 1})
        assert (await office.the(deals, id=deal)).contact_id == third

    async def test_a_merge_of_the_kept_one_must_be_undone_first(self, office: Office, head: int) -> None:
        first, second, third = [await office.contact(number) for number in (NUMBER, OTHER_NUMBER, "79163334455")]
        inner = await merged(office, second, first, head)
        outer = await merged(office, third, second, head)

        with pytest.raises(Conflict) as refused:
            await undone(office, inner, head)
        assert refused.value.facts == {"merge_first": third}
        await undone(office, outer, head)
        await undone(office, inner, head)

        owners = {row.number: row.contact_id for row in await office.rows(contact_numbers)}
        assert owners == {NUMBER: first, OTHER_NUMBER: second, "79163334455": third}

    async def test_a_merge_is_undone_once_and_can_be_made_again(self, office: Office, head: int) -> None:
        kept, gone = await office.contact(NUMBER), await office.contact(OTHER_NUMBER)
        merge_id = await merged(office, kept, gone, head)
        await undone(office, merge_id, head)

        with pytest.raises(Conflict):
            await undone(office, merge_id, head)
        await merged(office, gone, kept, head, now=LATER_STILL)

        assert await numbers_of(office, gone) == [NUMBER, OTHER_NUMBER]

    async def test_a_call_written_while_its_contact_was_merged_is_gathered_and_goes_back_too(
        self, office: Office, head: int
    ) -> None:
        kept, gone = await office.contact(NUMBER), await office.contact(OTHER_NUMBER)
        merge_id = await merged(office, kept, gone, head)
        note = await _added(office, notes, contact_id=gone, user_id=head, at=NOW, text="Как раз тогда")

        async with office.database.write() as tx:
            gathered = await gather_late(tx, LATER + timedelta(minutes=1))
        then = (await office.the(notes, id=note)).contact_id
        await undone(office, merge_id, head)

        assert (gathered, then) == (1, kept)
        assert (await office.the(notes, id=note)).contact_id == gone


async def numbers_of(office: Office, contact_id: int) -> Sequence[str]:
    return sorted(row.number for row in await office.rows(contact_numbers, contact_id=contact_id))
