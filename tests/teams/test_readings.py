"""What is personal is read by few, and each reading is noted: who, whose card, when."""

from datetime import timedelta

import pytest

from crm_core.access import Access, Actor, Right
from crm_core.errors import Forbidden, Invalid
from crm_core.fields import reading
from crm_core.users.tables import Role, audit
from tests.office import NOW, Office


async def read(office: Office, actor: Actor, noun: str, noun_id: int, minutes: float = 0) -> bool:
    async with office.database.write() as tx:
        return await reading.personal(tx, actor, noun, noun_id, now=NOW + timedelta(minutes=minutes))


async def test_the_right_or_the_record_opens_what_is_personal(office: Office) -> None:
    olga, igor, head = [await office.person(name, phone) for name, phone in (("O", "101"), ("I", "102"), ("H", "103"))]
    contact = await office.contact("79160000001", "Customer", owner=olga)

    assert await read(office, Actor(olga, Role.MANAGER, "O"), "contact", contact)
    assert not await read(office, Actor(igor, Role.MANAGER, "I"), "contact", contact)
    assert await read(office, Actor(head, Role.HEAD, "H"), "contact", contact)
    stripped = Access(rights=frozenset({(Right.SEE_PERSONAL.value, False)}))
    assert not await read(office, Actor(head, Role.HEAD, "H", access=stripped), "contact", contact)
    assert not await read(office, Actor(igor, Role.MANAGER, "I"), "deal", 10**6)

    assert [(row.user_id, row.noun, row.noun_id) for row in await office.rows(audit, deed=reading.READ)] == [
        (olga, "contact", contact), (head, "contact", contact),
    ]  # fmt: skip


async def test_a_page_that_refreshes_itself_is_one_view(office: Office) -> None:
    olga = await office.person("Olga", "101")
    contact = await office.contact("79160000001", "Customer", owner=olga)

    for minutes in (0, 1, 14, 16, 17):
        assert await read(office, Actor(olga, Role.MANAGER, "O"), "contact", contact, minutes)

    assert len(await office.rows(audit, deed=reading.READ)) == 2


async def test_readings_are_told_to_administrators_and_heads_newest_first_page_by_page(office: Office) -> None:
    olga, head, admin = await office.person("Olga", "101"), await office.person("H", "102"), await office.person("A", "103")
    cards = [await office.contact(f"7916000000{number}", f"Customer {number}", owner=olga) for number in range(3)]
    for number, card in enumerate(cards):
        await read(office, Actor(olga, Role.MANAGER, "O"), "contact", card, number)
    await read(office, Actor(head, Role.HEAD, "H"), "deal", 10**6, 5)

    administrator = Actor(admin, Role.ADMIN, "A")
    async with office.database.read() as connection:
        first = await reading.list_readings(connection, administrator, limit=3)
        rest = await reading.list_readings(connection, administrator, limit=3, cursor=first.next_cursor)
        own = await reading.list_readings(connection, administrator, reader_id=head)
        with pytest.raises(Forbidden):
            await reading.list_readings(connection, Actor(olga, Role.MANAGER, "O"))
        with pytest.raises(Invalid):
            await reading.list_readings(connection, administrator, cursor="forged")

    told = [(one.reader.name, one.noun, one.name, one.may_open) for one in (*first.items, *rest.items)]
    assert told == [
        ("H", "deal", None, False), ("Olga", "contact", "Customer 2", True), ("Olga", "contact", "Customer 1", True),
        ("Olga", "contact", "Customer 0", True),
    ]  # fmt: skip
    assert [one.reader.id for one in own.items] == [head]


async def test_a_head_of_a_team_is_told_of_his_people_and_not_what_another_card_is_called(office: Office) -> None:
    olga, igor, head = [await office.person(name, phone) for name, phone in (("O", "101"), ("I", "102"), ("H", "103"))]
    foreign = await office.contact("79160000002", "Customer of Igor", owner=igor)
    allowed = Access(rights=frozenset({(Right.SEE_PERSONAL.value, True)}))
    for user in (olga, igor):
        await read(office, Actor(user, Role.MANAGER, "M", access=allowed), "contact", foreign)

    scopes = frozenset({("figures", "team"), ("contacts", "team")})
    async with office.database.read() as connection:
        page = await reading.list_readings(connection, Actor(head, Role.HEAD, "H", access=Access(scopes, team=frozenset({olga}))))

    assert [(one.reader.id, one.name, one.may_open) for one in page.items] == [(olga, None, False)]
