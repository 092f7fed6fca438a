"""What comes back from browsers may be anything: both databases answer it alike, with rows or with a refusal of ours."""

import base64
import json
from typing import Any

import pytest

from crm_core import event_log
from crm_core.access import Actor
from crm_core.calls.queries import CallFilters, list_calls
from crm_core.contacts.queries import list_contacts
from crm_core.deals.filters import DealFilters
from crm_core.deals.queries import list_deals
from crm_core.errors import Invalid
from crm_core.searching import digits_of, words_of
from crm_core.users.accounts import by_email
from crm_core.users.queries import list_users
from crm_core.users.tables import Role
from tests.office import Office

HEAD = Actor(1, Role.HEAD, "Head")
UNSTORABLE = ["a\0b", "\ud800", "\0"]


def cursor_of(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize("text", UNSTORABLE)
async def test_a_search_for_what_no_database_holds_is_answered(office: Office, text: str) -> None:
    async with office.database.read() as connection:
        await list_calls(connection, HEAD, CallFilters(search=text, tag=text))
        await list_contacts(connection, HEAD, search=text)
        await list_deals(connection, HEAD, DealFilters(search=text))


@pytest.mark.parametrize("text", UNSTORABLE)
async def test_nobody_logs_in_by_an_address_that_only_looks_like_his(office: Office, text: str) -> None:
    await office.person("Anna", "101")

    async with office.database.read() as connection:
        assert await by_email(connection, "anna101@office.test") is not None
        assert await by_email(connection, f"anna101{text}@office.test") is None
        assert await by_email(connection, "anna101@office.test\0") is None


@pytest.mark.parametrize("cursor", [cursor_of("name", "a\0", 1), cursor_of("name", "\ud800", 1), cursor_of("name", "a", 2**40)])
async def test_a_cursor_that_no_list_gave_is_refused(office: Office, cursor: str) -> None:
    async with office.database.read() as connection:
        with pytest.raises(Invalid):
            await list_users(connection, HEAD, cursor=cursor)


async def test_an_event_id_of_another_world_finds_nothing(office: Office) -> None:
    async with office.database.read() as connection:
        assert await event_log.after(connection, 10**15 - 1) == []


@pytest.mark.parametrize("typed", ["79161112233", "8 (916) 111-22-33", "+7 916 111", "111-22"])
async def test_a_number_is_found_however_it_is_typed(office: Office, typed: str) -> None:
    contact = await office.contact("79161112233", "Ольга")
    await office.deal(contact)

    async with office.database.read() as connection:
        people = await list_contacts(connection, HEAD, search=typed)
        deals = await list_deals(connection, HEAD, DealFilters(search=typed))

    assert [one.name for one in people.items] == ["Ольга"]
    assert len(deals.items) == 1


def test_words_are_no_number() -> None:
    assert digits_of("дом 8") is None
    assert words_of("  ОЛЬГА\0 ") == "ольга"
