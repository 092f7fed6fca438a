"""Strangers' clients can log in to the practice exchange and read it."""

import asyncio
import threading

import panoramisk
import pytest
from asterisk.ami import AMIClient, SimpleAction

from pbx.playing.calls import inbound
from pbx.practice import PracticeExchange
from tests.pbx.practice_client import PLAIN, exchange

__all__ = ["exchange"]


@pytest.mark.filterwarnings("ignore:notifyAll:DeprecationWarning")
async def test_asterisk_ami_reads_it(exchange: PracticeExchange) -> None:
    seen: list[str] = []
    over = threading.Event()

    def on_event(event, **_: object) -> None:
        seen.append(event.name)
        if event.name == "CEL" and event.keys.get("EventName") == "LINKEDID_END":
            over.set()

    def log_in() -> AMIClient:
        client = AMIClient(address="127.0.0.1", port=exchange.port)
        assert not client.login("practice", "practice").response.is_error()
        client.add_event_listener(on_event)
        return client

    client = await asyncio.to_thread(log_in)
    await exchange.play(PLAIN).finished()
    assert await asyncio.to_thread(over.wait, 5)
    answer = await asyncio.to_thread(lambda: client.send_action(SimpleAction("Status")).response)
    await asyncio.to_thread(client.logoff)
    await asyncio.to_thread(client.disconnect)

    assert answer.status == "Success"
    assert [name for name in seen if name in {"Newchannel", "BridgeEnter", "Hangup"}] == (
        ["Newchannel"] * 2 + ["BridgeEnter"] * 2 + ["Hangup"] * 2
    )


async def test_panoramisk_reads_it(exchange: PracticeExchange) -> None:
    manager = panoramisk.Manager(
        host="127.0.0.1", port=exchange.port, username="practice", secret="practice", loop=asyncio.get_running_loop()
    )
    seen: list[str] = []
    over = asyncio.Event()
    manager.register_event("*", lambda _, event: seen.append(event.event))
    manager.register_event("CEL", lambda _, event: over.set() if event.eventname == "LINKEDID_END" else None)
    await manager.connect()
    async with asyncio.timeout(5):
        while not manager.authenticated:
            await asyncio.sleep(0.01)
        ringing = exchange.play(inbound("79161112233", "74951112245").rings("101"))
        await ringing.ringing.wait()
        status = await manager.send_action({"Action": "Status"})
        await ringing.hang_up()
        await over.wait()
    manager.close()

    assert [message.event for message in status if message.event] == ["Status", "Status", "StatusComplete"]
    assert seen.count("Hangup") == 2
