"""An exchange that was never in use goes with all that is kept of it; one that was stays."""

from datetime import date

import pytest
from sqlalchemy import insert

from crm_core.calls.tables import exchanges, gaps, journal
from crm_core.checkups.tables import checkups
from crm_core.dialling.tables import dial_attempts
from crm_core.errors import Conflict, NotFound
from crm_core.exchanges import registry
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.new_exchange import NewExchange
from crm_core.exchanges.removing import Hold, held_by, remove
from crm_core.jobs import enqueue, jobs
from crm_core.leads.tables import lead_rules
from crm_core.secrets import SecretBox
from crm_core.trust.tables import audited_days, differences
from crm_core.users.tables import audit, user_extensions
from tests.builders import inbound
from tests.office import NOW, Office

NEW = NewExchange("trial", AmiAddress("pbx.local", 5038, False, "firstring", "s3cret"))


async def added(office: Office, *, active: bool = False) -> int:
    async with office.database.write() as tx:
        exchange_id = await registry.add(tx, NEW, SecretBox("a key for tests"), now=NOW)
        await registry.set_active(tx, exchange_id, active, now=NOW, by=None)
    return exchange_id


async def refused(office: Office, exchange_id: int) -> object:
    with pytest.raises(Conflict) as error:
        async with office.database.write() as tx:
            await remove(tx, exchange_id, now=NOW, by=None)
    return error.value.facts["hold"]


async def test_it_goes_with_everything_that_was_kept_of_it(office: Office) -> None:
    person = await office.person("Ольга", "101")
    exchange_id = await added(office)
    of_it = {"exchange_id": exchange_id}
    async with office.database.write() as tx:
        batch = {**of_it, "connection": "c", "offset": 0, "received_at": NOW, "data": b"Event: X"}
        await tx.execute(insert(journal).values(batch))
        await tx.execute(insert(gaps).values(**of_it, lost_at=NOW, made_at=NOW))
        await tx.execute(insert(user_extensions).values(**of_it, user_id=person, extension="201", since=NOW))
        await tx.execute(insert(checkups).values(**of_it, kind="checks", state="over", asked_at=NOW))
        await tx.execute(insert(dial_attempts).values(**of_it, at=NOW, user_id=person, verdict="refused"))
        day = insert(audited_days).values(**of_it, day=date(2026, 11, 21), calls=0, agreeing=0, audited_at=NOW)
        day_id = (await tx.execute(day.returning(audited_days.c.id))).scalar_one()
        await tx.execute(insert(differences).values(day_id=day_id, kind="audio_alone", at=NOW))
        await enqueue(tx, "audit", "audit:it", {**of_it, "day": "2026-11-21"}, now=NOW)
        await enqueue(tx, "audit", "audit:other", {"exchange_id": office.exchange.id, "day": "2026-11-21"}, now=NOW)

    async with office.database.write() as tx:
        assert await held_by(tx, exchange_id) is None
        await remove(tx, exchange_id, now=NOW, by=person)

    assert [row.name for row in await office.rows(exchanges)] == ["default"]
    assert [await office.count(table) for table in (journal, gaps, checkups, audited_days, differences)] == [0] * 5
    assert [row.extension for row in await office.rows(user_extensions)] == ["101"]
    assert (await office.the(dial_attempts)).exchange_id is None
    assert (await office.the(jobs)).dedupe_key == "audit:other"
    assert (await office.the(audit, deed="exchange_removed")).facts == {"name": "trial"}


async def test_one_with_calls_stays_also_when_it_is_off(office: Office) -> None:
    await office.take(inbound().rings("101").answers("101").ends())
    async with office.database.write() as tx:
        await registry.set_active(tx, office.exchange.id, False, now=NOW, by=None)

    assert await refused(office, office.exchange.id) is Hold.CALLS
    assert await office.count(exchanges) == 1


async def test_one_that_is_listened_to_or_named_by_a_lead_rule_stays(office: Office) -> None:
    exchange_id = await added(office, active=True)
    assert await refused(office, exchange_id) is Hold.LISTENED

    rule = {"name": "r", "position": 0, "when": {"exchange_id": exchange_id}, "created_at": NOW}
    async with office.database.write() as tx:
        await tx.execute(insert(lead_rules).values(rule))
    assert await refused(office, exchange_id) is Hold.RULES


async def test_one_that_is_not_there_is_not_there(office: Office) -> None:
    with pytest.raises(NotFound):
        async with office.database.write() as tx:
            await remove(tx, 99, now=NOW, by=None)
