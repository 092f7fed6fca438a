"""What is kept of audits, on both databases."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from api.audit.repairing import FROM_RECORDS, Repair
from crm_core.access import Actor
from crm_core.calls.intake import USUAL
from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.trust import keeping, queries
from crm_core.trust.differences import Difference, Kind
from crm_core.trust.keeping import Audited
from crm_core.users.tables import Role
from tests.audit.faults import forget_call, forget_journal
from tests.audit.house import LATER, opened
from tests.audit.test_faults import ANSWERED
from tests.database_fixtures import database, database_url, postgres, template
from tests.office import Office

__all__ = ["database", "database_url", "postgres", "template"]

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DAY = date(2026, 11, 22)
HEAD = Actor(1, Role.HEAD, "Anna")
UTC_ZONE = ZoneInfo("UTC")


def difference(linkedid: str, **facts: object) -> Difference:
    return Difference(Kind.TALK, NOW.timestamp(), None, linkedid, facts)


async def keep(database: Database, exchange_id: int, found: list[Difference], day: date = DAY, calls: int = 10) -> int:
    async with database.write() as tx:
        audited = Audited(
            exchange_id, day, calls, calls - len(found), found, {"cel": {"rows": 1, "broken": 0, "why": None}}, "note"
        )
        return await keeping.keep(tx, audited, now=NOW, by=None)


async def test_the_newest_audit_of_a_day_stands_in_the_place_of_the_one_before(database: Database) -> None:
    office = await Office.opened(database)
    first = await keep(database, office.exchange.id, [difference("1.1"), difference("1.2")])
    again = await keep(database, office.exchange.id, [difference("1.2")])
    for _ in range(2):
        await keep(database, office.exchange.id, [difference("1.2"), difference("\0" + "9" * 400)])

    async with database.read() as connection:
        (line,) = await queries.audited(connection, HEAD)
        found = await queries.differences_of(connection, HEAD, line.id)

    assert first == again == line.id
    assert (line.calls, line.agreeing, line.open, line.mended, line.share) == (10, 8, 2, 1, 0.8)
    assert {(one.linkedid, one.mended_at) for one in found} == {("1.1", NOW), ("1.2", None), ("9" * 150, None)}


async def test_a_periods_trust_is_that_of_its_audited_days(database: Database) -> None:
    office = await Office.opened(database)
    for back, (number, wrong) in enumerate([(10, 1), (0, 0), (30, 0)]):
        await keep(database, office.exchange.id, [difference("1.1")] * wrong, DAY - timedelta(days=back), number)

    async with database.read() as connection:
        week = await queries.trust_of(connection, NOW - timedelta(days=7), NOW, UTC_ZONE)
        before = await queries.trust_of(connection, NOW - timedelta(days=90), NOW - timedelta(days=80), UTC_ZONE)

    assert week is not None
    assert (week.calls, week.agreeing, week.audited, week.days, week.share) == (40, 39, 3, 8, 0.975)
    assert before is None


async def test_old_audits_are_dropped(database: Database) -> None:
    office = await Office.opened(database)
    await keep(database, office.exchange.id, [difference("1.1")], DAY - timedelta(days=500))
    await keep(database, office.exchange.id, [difference("1.1")])

    async with database.write() as tx:
        await keeping.forget(tx, DAY - timedelta(days=400))

    async with database.read() as connection:
        assert [line.day for line in await queries.audited(connection, HEAD)] == [DAY]


async def test_a_day_is_audited_kept_and_mended_on_either(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "exchange"
    folder.mkdir()
    house = await opened(database, folder, ("inbound_answered", "queue_answered"))
    before = await house.the(calls, key=ANSWERED)
    await forget_call(house, before.id)
    await forget_journal(house, "inbound_answered")

    found = await house.audited()
    mended = await Repair(database, house.exchange, USUAL, lambda: LATER, None).carry_out(found)
    async with database.write() as tx:
        await keeping.keep(tx, found.audited, now=LATER, by=None)
    again = await house.the(calls, key=ANSWERED)

    assert [(one.difference.kind, one.how) for one in mended] == [(Kind.MISSING, FROM_RECORDS)]
    assert (again.outcome, again.caller, again.did) == (before.outcome, before.caller, before.did)
    assert abs(again.talk_seconds - before.talk_seconds) < 0.1
