"""Two exchanges of one house, in two countries, with the same ids and extensions: nothing of one is told of the other."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from crm_core.calls.tables import call_linkedids, call_rings, exchanges, journal
from crm_core.contacts.tables import contact_numbers
from crm_core.exchanges import config, registry
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.new_exchange import NewExchange
from crm_core.secrets import SecretBox
from crm_core.users.extensions import set_extension
from pbx.listener import Listener
from pbx.playing.calls import inbound
from pbx.practice import SECRET, USER, PracticeExchange
from recordings.locate import Wanted, locate, usable_root
from recordings.storing import call_to_attach
from tests.office import LONG_AGO
from tests.pbx.listening import Desk, database, template
from tests.pbx.test_connection import QUICK
from tests.pbx.tls_door import behind_tls, certificate

__all__ = ["database", "template"]

NATIONAL = "0441234567"  # in Kyiv's country and in Leeds' it is two numbers
BOX = SecretBox("a key for tests")


@dataclass
class House:
    desk: Desk
    kyiv: PracticeExchange
    leeds: PracticeExchange
    olga: int  # 101 in Kyiv
    jane: int  # 101 in Leeds
    roots: dict[int, Path]


@pytest.fixture
async def house(database, tmp_path: Path) -> AsyncIterator[House]:  # type: ignore[no-untyped-def]
    async with AsyncExitStack() as open_house:
        roots = {name: tmp_path / name for name in ("kyiv", "leeds")}
        for root in roots.values():
            root.mkdir()
        kyiv, leeds = [
            await open_house.enter_async_context(PracticeExchange(recordings_root=root, speed=None, timestamps=True))
            for root in roots.values()
        ]
        desk = await Desk.opened(database, own_numbers=())
        assert isinstance(desk, Desk)
        key, cert = certificate(tmp_path / "tls")
        port = await open_house.enter_async_context(behind_tls(leeds.port, key, cert))
        secret_file = tmp_path / "leeds.secret"
        secret_file.write_text(f"{SECRET}\n")
        async with database.write() as tx:
            first = NewExchange(
                "default", AmiAddress("127.0.0.1", kyiv.port, False, USER, SECRET), region="UA", recordings_root=roots["kyiv"]
            )
            await registry.change(tx, 1, first, BOX, now=LONG_AGO, by=None)
            address = AmiAddress("127.0.0.1", port, True, USER, "", cert, secret_file)
            second = NewExchange("leeds", address, region="GB", dialect="freepbx", recordings_root=roots["leeds"])
            await registry.add(tx, second, BOX, now=LONG_AGO)
        olga, jane = await desk.person("Olga", "101"), await desk.person("Jane")
        async with database.write() as tx:
            await set_extension(tx, jane, 2, "101", now=LONG_AGO, by=None)
            every = await config.active(tx, BOX)
        listening = [asyncio.create_task(Listener(database, one, patience=QUICK).run()) for one in every]
        await desk.until(lambda rows: [row.state for row in rows] == ["up", "up"], exchanges)
        yield House(desk, kyiv, leeds, olga, jane, dict(enumerate(roots.values(), 1)))
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)


async def test_the_same_ids_extensions_and_digits_stay_apart(house: House) -> None:
    story = inbound(NATIONAL, "0441112233", "Ivan").rings("101").answered_after(1).talks(3.0)
    await asyncio.sleep(1.02 - time.time() % 1)  # both begin in one second, which their ids are made of
    for one in (house.kyiv, house.leeds):
        one.play(story)

    told = sorted(await house.desk.ended(2), key=lambda call: call.exchange_id)

    assert told[0].key == told[1].key
    assert [call.exchange_id for call in told] == [1, 2]
    assert [call.caller for call in told] == ["380441234567", "44441234567"]
    assert [call.user_id for call in told] == [house.olga, house.jane]
    assert told[0].contact_id != told[1].contact_id
    rings = await house.desk.rows(call_rings)
    assert sorted((ring.call_id, ring.user_id) for ring in rings) == sorted((call.id, call.user_id) for call in told)
    ids = await house.desk.rows(call_linkedids)
    assert {(one.exchange_id, one.call_id) for one in ids} == {(call.exchange_id, call.id) for call in told}
    assert {row.exchange_id for row in await house.desk.rows(journal)} == {1, 2}


async def test_each_call_finds_its_recording_in_its_own_exchange(house: House) -> None:
    story = inbound(NATIONAL, "0441112233").rings("101").answered_after(1).talks(2.0)
    await asyncio.sleep(1.02 - time.time() % 1)
    for one in (house.kyiv, house.leeds):
        one.play(story)
    told = sorted(await house.desk.ended(2), key=lambda call: call.exchange_id)

    async with house.desk.database.read() as connection:
        wanted = [await call_to_attach(connection, call.id, call.exchange_id, call.key) for call in told]

    assert [one and one.root for one in wanted] == [house.roots[1], house.roots[2]]
    for one in wanted:
        assert one is not None
        assert one.root is not None
        found = await asyncio.to_thread(locate, usable_root(one.root), Wanted(one.announced, one.names, one.began, one.ended))
        assert found.found
        assert all(file.path.is_relative_to(one.root) for file in found.found)


async def test_one_that_goes_away_leaves_the_other_as_it_is(house: House) -> None:
    await house.kyiv.unplug()
    rows = await house.desk.until(lambda rows: rows[0].state == "down", exchanges)
    assert rows[1].state == "up"

    house.leeds.play(inbound(NATIONAL, "0441112233").rings("101").answered_after(1).talks(2.0))

    (call,) = await house.desk.ended(1)
    async with house.desk.database.read() as connection:
        numbers = list(await connection.scalars(select(contact_numbers.c.number)))
    assert (call.exchange_id, call.user_id) == (2, house.jane)
    assert not any(number.startswith("380") for number in numbers)
