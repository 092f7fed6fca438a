"""Receivers that are slow, dead or hostile: bounded in time and size, and nobody else waits for them."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from api.webhooks.lanes import EACH, keep_sending
from crm_core.webhooks.trying import LONGEST_ANSWER
from crm_core.webhooks.words import Trouble
from tests.builders import inbound
from tests.webhooks.desk import Desk
from tests.webhooks.receiver import Receiver


def calls(count: int) -> list:
    return [inbound(f"7916000{index:04}", at=1_763_719_200 + index * 60).rings("101").ends().events for index in range(count)]


async def never(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def drips(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(status=200)
    await answer.prepare(request)
    while True:
        await answer.write(b"x")
        await asyncio.sleep(0.05)


async def floods(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(status=200)
    await answer.prepare(request)
    for _ in range(10_000):
        await answer.write(b"y" * 65_536)
    return answer


async def bombs(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=gzip.compress(b"z" * 50_000_000), headers={"Content-Encoding": "gzip"})


async def redirects(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/elsewhere", "Set-Cookie": "a=b"})


async def shouts(_request: web.Request) -> web.StreamResponse:
    return web.Response(headers={"X-Long": "h" * 100_000})


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (never, None, Trouble.TIMEOUT),
        (drips, 200, "xx"),
        (floods, 200, "y" * LONGEST_ANSWER),
        (bombs, 200, None),
        (redirects, 302, ""),
        (shouts, None, Trouble.NO_ANSWER),
    ],
)
async def test_an_answer_is_bounded_in_time_and_size(
    desk: Desk, receiver: Receiver, answer, status: int | None, told: str | None
) -> None:
    receiver.answer = answer
    await desk.add(receiver.url, "call_ended")
    await desk.happen(*calls(1))
    async with asyncio.timeout(15):
        await desk.send(desk.runner(seconds=1))

    (row,) = await desk.sent()
    assert (row.status, len(receiver.came)) == (status, 1)
    assert row.state == ("delivered" if status == 200 else "waiting")
    assert len(row.answer) <= LONGEST_ANSWER
    assert told is None or row.answer.startswith(told)


@pytest.mark.parametrize("garbage", [b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", b"\xff\x00" * 999, b""])
async def test_what_is_no_http_is_no_answer(desk: Desk, garbage: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(garbage)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        await desk.add(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", "call_ended")
        await desk.happen(*calls(1))
        await desk.send()

    (row,) = await desk.sent()
    assert (row.state, row.status, row.answer) == ("waiting", None, Trouble.NO_ANSWER)


@asynccontextmanager
async def product_part(desk: Desk, seconds: float) -> AsyncIterator[None]:
    """The part of the running product that sends."""
    part = asyncio.create_task(keep_sending(desk.context, desk.runner(seconds=seconds)))
    yield
    desk.context.stopping.set()
    desk.context.wake.wake()
    await asyncio.wait_for(part, 20)


async def test_a_receiver_that_never_answers_holds_up_no_other(desk: Desk, receiver: Receiver) -> None:
    async with Receiver() as dead:
        dead.answer = never
        await desk.add(dead.url, "call_ended")
        await desk.add(receiver.url, "call_ended")
        await desk.happen(*calls(30))

        async with product_part(desk, seconds=5):
            await receiver.until(30)
            tried = len(dead.came)

        assert dead.at_once == EACH
        assert tried < 30, "the dead one needs 75 s for all of them; in one line with it the other would have waited as long"


async def test_what_is_sent_while_the_product_stops_is_noted(desk: Desk, receiver: Receiver) -> None:
    async def slowly(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.5)
        return web.Response()

    receiver.answer = slowly
    await desk.add(receiver.url, "call_ended")
    await desk.happen(*calls(1))
    async with product_part(desk, seconds=3):
        await receiver.until(1)

    assert [row.state for row in await desk.sent()] == ["delivered"]
