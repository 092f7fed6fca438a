"""Views of deals: kept, shared, taken the place of, removed by who may."""

import pytest

from api.web.deal_filters import Asked, asked_again
from crm_core.access import Actor
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.users.tables import Role
from crm_core.views import saved
from crm_core.views.saved import Section, list_views, remove_view, save_view
from tests.office import NOW, Office

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


async def two(office: Office) -> tuple[Actor, Actor]:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    return Actor(olga, Role.MANAGER, "Olga"), Actor(igor, Role.MANAGER, "Igor")


async def keep(office: Office, actor: Actor, name: str, query: str = "stuck=1", *, shared: bool = False) -> int:
    async with office.database.write() as tx:
        return await save_view(tx, actor, Section.DEALS, name, query, shared=shared, now=NOW)


async def names(office: Office, actor: Actor, section: Section = Section.DEALS) -> list[str]:
    async with office.database.read() as connection:
        return [view.name for view in await list_views(connection, actor, section)]


async def test_one_sees_his_own_views_and_the_shared_ones(office: Office) -> None:
    olga, igor = await two(office)
    await keep(office, olga, "Zebra")
    await keep(office, olga, "Alpha")
    await keep(office, igor, "Shared", shared=True)
    await keep(office, igor, "Private")

    assert await names(office, olga) == ["Alpha", "Zebra", "Shared"]
    assert await names(office, olga, Section.BOARD) == []


async def test_a_view_of_the_same_name_takes_the_old_ones_place(office: Office) -> None:
    olga, _ = await two(office)

    first, second = await keep(office, olga, "Mine"), await keep(office, olga, "  Mine ", "owner_id=me")

    async with office.database.read() as connection:
        (view,) = await list_views(connection, olga, Section.DEALS)
    assert (first, view.query) == (second, "owner_id=me")


async def test_a_view_is_removed_by_its_owner_or_by_who_sets_up_the_house(office: Office) -> None:
    olga, igor = await two(office)
    admin = Actor(await office.person("Ada", role=Role.ADMIN), Role.ADMIN, "Ada")
    private, shared = await keep(office, olga, "Private"), await keep(office, olga, "Shared", shared=True)

    async with office.database.write() as tx:
        with pytest.raises(NotFound):
            await remove_view(tx, igor, private, now=NOW)
        with pytest.raises(Forbidden):
            await remove_view(tx, igor, shared, now=NOW)
        await remove_view(tx, admin, shared, now=NOW)
        await remove_view(tx, olga, private, now=NOW)

    assert await names(office, olga) == []


async def test_a_view_needs_a_name_and_there_is_an_end_to_them(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    olga, _ = await two(office)
    monkeypatch.setattr(saved, "MOST_VIEWS", 1)

    with pytest.raises(Invalid):
        await keep(office, olga, " \0 ")
    await keep(office, olga, "One")
    with pytest.raises(Conflict):
        await keep(office, olga, "Two")


def test_a_kept_address_carries_filters_of_ours_and_nothing_else(database: object) -> None:
    hostile = "owner_id=me&stuck=1&javascript=alert(1)&cursor=x&search=%3Cscript%3E&state=open&sort=-stage_since"

    assert asked_again(hostile) == Asked(owner_id="me", stuck="1", search="<script>")
    assert asked_again(hostile).query() == "search=%3Cscript%3E&owner_id=me&stuck=1"
    with pytest.raises(Invalid):
        asked_again("state=other")
