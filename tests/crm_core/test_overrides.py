"""What was set aside is listed and counted for the head."""

from datetime import timedelta

from crm_core.access import Actor
from crm_core.deals.moves import move
from crm_core.deals.overrides import count_overrides, list_overrides, overrides_by_person
from crm_core.users.tables import Role
from tests.funnel import Funnel
from tests.office import NOW, Office


async def test_overrides_are_listed_newest_first_and_counted_by_person(office: Office) -> None:
    funnel = await Funnel.begun(office)
    anna = await office.person("Анна", role=Role.HEAD)
    await funnel.gate("call_answered", stage=2)
    await funnel.gate("meeting_held", stage=3)
    for hours, (by, to, why) in enumerate([(anna, 3, "Знакомы"), (funnel.olga, 2, None), (anna, 4, "Срочно"), (anna, 5, None)]):
        async with office.database.write() as tx:
            at = NOW + timedelta(hours=hours)
            await move(tx, funnel.deal, funnel.stage_ids[to], by=by, now=at, override=why, may_override=True)

    async with office.database.read() as connection:
        head = Actor(anna, Role.HEAD, "Анна")
        page = await list_overrides(connection, head, limit=1)
        rest = await list_overrides(connection, head, limit=1, cursor=page.next_cursor)
        people = await overrides_by_person(connection, head, NOW)
        since_then = await count_overrides(connection, head, NOW + timedelta(hours=1))

    assert [one.reason for one in (*page.items, *rest.items)] == ["Срочно", "Знакомы"]
    assert (rest.next_cursor, len(page.items[0].missing)) == (None, 3)
    assert [(one.user.name if one.user else None, one.overrides, one.moves) for one in people] == [("Анна", 2, 3)]
    assert since_then == 1
