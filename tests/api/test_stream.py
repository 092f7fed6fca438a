"""The stream: what happened reaches whom it is for, once, also after a break, and nobody after he is gone."""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from api import stream
from api.auth import Credential
from api.serving import open_socket, serve_web
from api.stream import Listener, Streams
from api.telling import Telling, Told
from crm_core import event_log
from crm_core.access import Actor
from crm_core.events import Event, EventKind
from crm_core.users import api_tokens, sessions
from crm_core.users.accounts import deactivate
from crm_core.users.tables import Role
from tests.api.world import House

PATIENCE = 10.0


class Following:
    """One open stream, read as a browser does."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line.startswith("data:"):
                    told: dict[str, Any] = json.loads(line.removeprefix("data:"))
                    return told
        raise EOFError

    async def opened(self) -> "Following":
        async with asyncio.timeout(PATIENCE):
            while await anext(self._lines) != ": connected":
                pass
        return self

    async def ended(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line.startswith("data:"):
                    return False
        return True


class Served:
    """The house behind a real server."""

    def __init__(self, house: House, url: str) -> None:
        self.house = house
        self.url = url

    @asynccontextmanager
    async def follow(
        self, who: str | None = None, last_id: int | None = None, headers: dict[str, str] | None = None
    ) -> AsyncIterator[Following]:
        told = {**({"Last-Event-ID": str(last_id)} if last_id is not None else {}), **(headers or {})}
        async with self.client(who) as client, client.stream("GET", "/api/v1/stream", headers=told) as answer:
            following = Following(answer)
            yield await following.opened() if following.status == 200 else following

    def client(self, who: str | None) -> httpx.AsyncClient:
        cookies = {"firstring_session": self.token(who)} if who else {}
        return httpx.AsyncClient(base_url=self.url, cookies=cookies, headers={"Origin": self.url}, timeout=PATIENCE)

    def token(self, who: str) -> str:
        """Of somebody's session."""
        return self.house.world.tokens[who]

    async def tell(self, *happened: Event) -> None:
        async with self.house.database.write() as tx:
            await event_log.append(tx, happened)

    async def newest(self) -> int:
        async with self.house.database.read() as connection:
            return await event_log.newest_id(connection)


@pytest.fixture
async def served(house: House) -> AsyncIterator[Served]:
    opened = open_socket("127.0.0.1", 0)
    port = opened.getsockname()[1]
    stopping = house.context.stopping
    streams: Streams = house.app.state.streams
    async with asyncio.TaskGroup() as group:
        tail = group.create_task(streams.run())
        group.create_task(serve_web(house.app, opened, stopping.wait))
        yield Served(house, f"http://127.0.0.1:{port}")
        stopping.set()
        streams.end_all()
        tail.cancel()


def call_started(served: Served, receivers: tuple[int, ...] | None, call_id: int = 1) -> Event:
    return Event(EventKind.CALL_STARTED, served.house.time, receivers, call_id=call_id, facts={"caller": "secret"})


async def test_an_event_reaches_its_receivers_with_ids_and_nothing_else(served: Served) -> None:
    olga = served.house.world.people["olga"]
    async with served.follow("olga") as following:
        await served.tell(call_started(served, (olga,)))
        told = await following.next()

    assert told == {"id": await served.newest(), "event": "call_started", "call_id": 1, "mine": True}


async def test_what_all_may_see_is_mine_where_it_is_my_phone(served: Served) -> None:
    people = served.house.world.people
    rings = [
        Event(EventKind.PARTY_RANG, served.house.time, None, call_id=1, user_id=people[name], facts={"extension": name})
        for name in ("igor", "olga")
    ]
    async with served.follow("olga") as following:
        await served.tell(*rings)
        others, own = await following.next(), await following.next()

    assert "mine" not in others
    assert own["mine"] is True


async def test_what_is_for_others_does_not_come_and_what_is_for_all_does(served: Served) -> None:
    igor = served.house.world.people["igor"]
    async with served.follow("olga") as olga, served.follow("head") as head:
        await served.tell(call_started(served, (igor,), 1), call_started(served, None, 2))

        assert (await olga.next())["call_id"] == 2
        assert [(await head.next())["call_id"], (await head.next())["call_id"]] == [1, 2]


async def test_a_stream_that_comes_back_gets_what_it_missed_once(served: Served) -> None:
    olga = served.house.world.people["olga"]
    await served.tell(call_started(served, (olga,), 1))
    seen = await served.newest()
    await served.tell(*(call_started(served, (olga,), number) for number in (2, 3)))
    async with served.follow("olga", last_id=seen) as following:
        await served.tell(call_started(served, (olga,), 4))
        calls = [(await following.next())["call_id"] for _ in range(3)]

    assert calls == [2, 3, 4]


async def test_a_stream_that_missed_too_much_is_told_to_reload(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_MISSED", 5)
    await served.tell(*(call_started(served, None, number) for number in range(20)))
    async with served.follow("olga", last_id=0) as following:
        told = await following.next()

    assert told == {"id": await served.newest(), "event": "reload"}


@pytest.mark.parametrize("last_id", ["garbage", "-1", "99999999999999999999999", "999999999999999", "٣"])
async def test_a_last_id_that_is_none_of_ours_counts_as_nothing(served: Served, last_id: str) -> None:
    async with served.client("olga") as client, client.stream("GET", "/api/v1/stream", params={"last_id": last_id}) as answer:
        following = await Following(answer).opened()
        await served.tell(call_started(served, None, 7))

        assert (await following.next())["call_id"] == 7


async def test_what_another_process_wrote_comes_within_a_second_or_so(served: Served) -> None:
    served.house.database._committed.clear()  # as if the commit had been another process's
    async with served.follow("olga") as following:
        await served.tell(call_started(served, None, 5))

        assert (await following.next())["call_id"] == 5


async def test_logging_out_closes_the_streams_of_that_session(served: Served) -> None:
    async with served.follow("olga") as following, served.follow("igor") as other:
        async with served.client("olga") as client:
            await client.post("/logout")

        assert await following.ended()
        await served.tell(call_started(served, None, 3))
        assert (await other.next())["call_id"] == 3


async def test_a_stream_of_somebody_deactivated_ends_at_the_next_look(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PING", 0.2)
    async with served.follow("olga") as following:
        async with served.house.database.write() as tx:
            await deactivate(tx, served.house.world.people["olga"], now=served.house.time, by=None)

        assert (await following.next())["event"] == "user_changed"
        assert await following.ended()


async def test_a_stream_on_which_something_comes_all_the_time_ends_for_somebody_deactivated_too(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PING", 0.3)
    olga = served.house.world.people["olga"]
    async with served.follow("olga") as following:
        async with served.house.database.write() as tx:
            await deactivate(tx, olga, now=served.house.time, by=None)
        assert (await following.next())["event"] == "user_changed"

        ended = False
        async with asyncio.timeout(20):
            for number in itertools.count():
                await served.tell(call_started(served, (olga,), number))
                if ended := await following.ended():
                    break

    assert ended


async def test_one_user_may_not_hold_every_connection(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_STREAMS", 1)
    async with served.follow("olga"), served.follow("igor") as other, served.follow("olga") as refused:
        assert other.status == 200
        assert refused.status == 429


async def test_a_listener_that_falls_behind_is_closed_to_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_WAITING", 10)
    listener = somebody()
    for text in (b"12345", b"67890", b"more", b"and more"):
        listener.give(text)

    assert listener.ended
    assert await listener.take() == b""


async def test_who_reads_nothing_is_held_no_more_than_so_much_and_nobody_waits_for_him(served: Served) -> None:
    streams: Streams = served.house.app.state.streams
    large = {"event": "call_started", "pad": "x" * 60_000}
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(served.url).port)
    asks = ("GET /api/v1/stream HTTP/1.1", "Host: a", "Connection: close", f"Cookie: firstring_session={served.token('igor')}")
    writer.write("".join(f"{line}\r\n" for line in (*asks, "")).encode())
    async with asyncio.timeout(PATIENCE):
        await reader.readuntil(b": connected")
        (slow,) = streams
        async with served.follow("olga") as other:
            while not slow.ended:
                streams.tell(Telling([Told(1, None, large)]))
                assert (await other.next())["event"] == "call_started"

        assert await slow.take() == b""
        while await reader.read(1_000_000):  # what was on its way; then the end: he comes again and resumes
            pass
    writer.close()


async def test_a_comment_is_sent_where_nothing_else_was(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PING", 0.1)
    async with served.client("olga") as client, client.stream("GET", "/api/v1/stream") as answer, asyncio.timeout(PATIENCE):
        comments = [line async for line in until(answer.aiter_lines(), ": still here")]

    assert comments[-1] == ": still here"
    assert not [line for line in comments if line.startswith("data:")]


def test_no_comment_is_sent_where_something_was_said() -> None:
    talked_to, silent = somebody(), somebody()
    talked_to.give(b"something")
    for listener in (talked_to, silent):
        listener.ping()

    assert talked_to._waiting == [b"something"]
    assert silent._waiting == [stream.STILL_HERE]


async def test_what_opens_nothing_any_more_ends_its_streams_at_the_next_look(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an event: as if it had been taken away by another process, or by time. The other streams of the user go on."""
    monkeypatch.setattr(stream, "PING", 0.1)
    olga = served.house.world.people["olga"]
    async with served.house.database.write() as tx:
        program = await api_tokens.create_token(tx, olga, now=served.house.time, by=None)
        session = await sessions.open_session(tx, olga, now=served.house.time)
    async with (
        served.follow("olga") as staying,
        served.follow(headers={"Authorization": f"Bearer {program}"}) as by_token,
        served.follow(headers={"Cookie": f"firstring_session={session}"}) as by_session,
    ):
        async with served.house.database.write() as tx:
            await sessions.revoke(tx, session)
            await api_tokens.revoke_tokens(tx, olga, now=served.house.time, by=None)
        assert await by_token.ended()
        assert await by_session.ended()
        await served.tell(call_started(served, (olga,)))
        assert (await staying.next())["event"] == "call_started"


async def test_what_waits_for_somebody_who_is_no_more_who_he_was_is_not_sent(house: House) -> None:
    streams = Streams(house.context)
    olga = house.world.people["olga"]
    listener = Listener(Actor(olga, Role.HEAD, "Olga"), Credential.of_session(house.world.tokens["olga"]))  # she is a manager
    told = streams.listen(listener, None)
    waiting = asyncio.ensure_future(anext(told, b"the end"))
    async with asyncio.timeout(PATIENCE):
        while not len(streams):
            await asyncio.sleep(0)
        streams.tell(Telling([Told(1, None, {"id": 1, "event": "call_started"})]))

        assert await waiting == b"the end"
    assert len(streams) == 0


async def test_who_begins_to_listen_is_told_of_what_the_tail_has_yet_to_read_once(served: Served) -> None:
    """The tail is behind the table when he comes: what he missed ends where it is."""
    streams: Streams = served.house.app.state.streams
    async with served.follow("head") as first:
        seen = await served.newest()
        cursor = streams._cursor
        await served.tell(call_started(served, None, 1))
        assert (await first.next())["call_id"] == 1
        streams._cursor = cursor
        async with served.follow("olga", last_id=seen) as following:
            await served.tell(call_started(served, None, 2))
            assert [(await following.next())["call_id"] for _ in range(2)] == [1, 2]


async def test_ids_committed_late_are_sent_too_and_none_twice(house: House) -> None:
    streams = Streams(house.context)
    streams._overlap = stream.OVERLAP_IDS  # as on PostgreSQL, where ids are handed out before commit
    listener = somebody()
    house.pass_by(hours=1)  # what the house was built with is long over
    await streams.follow()
    streams._add(listener)
    async with house.database.read() as connection:
        newest = await event_log.newest_id(connection)
    for event_id in (newest + 2, newest + 1, newest + 3):
        async with house.database.write() as tx:
            await tx.execute(insert(event_log.events).values(id=event_id, at=house.time, kind="call_started", facts={}))
        await streams.follow()

    sent = re.findall(rb"^id: (\d+)$", await listener.take(), re.MULTILINE)
    assert [int(one) for one in sent] == [newest + 2, newest + 1, newest + 3]


def somebody() -> Listener:
    return Listener(Actor(1, Role.HEAD, "Head"), Credential.of_session("a session"))


async def until(lines: AsyncIterator[str], last: str) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if line == last:
            return
