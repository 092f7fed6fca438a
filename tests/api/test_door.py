"""Who only holds connections, or sends without end, takes nothing from the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api import guard, serving
from api.door import home_of, most_of_one
from api.serving import open_socket, serve_web
from tests.api.world import House

PATIENCE = 10.0
HALF_A_REQUEST = b"GET /healthz HTTP/1.1\r\nHost: firstring.test\r\nX-Half: "
HALF_A_BODY = (
    b"POST /login HTTP/1.1\r\nHost: firstring.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100\r\n\r\nemail=olga"
)


@asynccontextmanager
async def served(house: House) -> AsyncIterator[int]:
    """The house behind the real server; tells its port."""
    opened = open_socket("127.0.0.1", 0)
    port: int = opened.getsockname()[1]
    async with asyncio.TaskGroup() as group:
        group.create_task(serve_web(house.app, opened, house.context.stopping.wait))
        yield port
        house.context.stopping.set()


async def _answers(port: int, source: str = "127.0.0.2") -> bool:
    transport = httpx.AsyncHTTPTransport(local_address=source)
    async with httpx.AsyncClient(transport=transport, timeout=PATIENCE) as client:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
        except httpx.TransportError:
            return False


async def _hold(port: int, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.1", 0))
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def test_an_address_that_holds_its_share_of_connections_gets_no_more_and_others_do(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "most_of_one", lambda: 3)
    async with served(house) as port:
        held = [await _hold(port, HALF_A_REQUEST) for _ in range(3)]

        assert not await _answers(port, "127.0.0.1")
        assert await _answers(port, "127.0.0.2")

        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(PATIENCE):
            while not await _answers(port, "127.0.0.1"):
                await asyncio.sleep(0.02)


async def test_three_hundred_half_requests_of_one_address_leave_the_pages_usable(house: House) -> None:
    async with served(house) as port:
        held = [await _hold(port, HALF_A_REQUEST) for _ in range(300)]

        assert await _answers(port, "127.0.0.1")

        for _, writer in held:
            writer.close()


async def test_a_body_that_never_comes_does_not_hold_its_connection_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "SLOWEST_BODY", 0.2)
    async with served(house) as port:
        reader, writer = await _hold(port, HALF_A_BODY)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 400")


async def test_an_answer_may_take_longer_than_a_body(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SLOWEST_BODY", 0.2)
    async with served(house) as port:
        url = f"http://127.0.0.1:{port}"
        cookies = {"firstring_session": house.world.tokens["olga"]}
        async with (
            httpx.AsyncClient(base_url=url, cookies=cookies, timeout=PATIENCE) as client,
            client.stream("GET", "/api/v1/stream") as answer,
        ):
            lines = answer.aiter_lines()
            while await anext(lines) != ": connected":
                pass
            await anext(lines)  # the empty line after it
            more = asyncio.ensure_future(anext(lines))
            await asyncio.wait([more], timeout=0.5)
            held = not more.done()
            more.cancel()
            await asyncio.wait([more])
            house.app.state.streams.end_all()

    assert held


def test_no_address_takes_more_than_half_of_what_the_system_opens() -> None:
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = most_of_one()

    assert 0 < most <= 1000
    assert most * 2 <= max(soft, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False), ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::2:1", True), ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)  # fmt: skip
def test_a_household_of_ipv6_counts_as_one(one: str, other: str, same: bool) -> None:
    assert (home_of(one) == home_of(other)) is same
