"""Two web processes, two listeners and two workers on one PostgreSQL: who is killed or hangs is stood in for."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis as redis_client
from sqlalchemy import text

from crm_core.db import Database
from pbx.playing.calls import inbound
from tests.databases import PostgresServer
from tests.practice_office import PracticeOffice, practice_office
from tests.processes.apart import Apart, Stream, apart, freeze, has, listener_of, stands_by
from tests.processes.redis_server import RedisServer, redis_server
from tests.product import Product, eventually, running

CUSTOMER, DID = "7903555{:04}", "74951112245"
STANDS_IN = 10.0  # seconds
AT_ONCE = 0.3  # seconds; a poll takes half a second, as a rule


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeOffice]:
    with practice_office(tmp_path_factory.mktemp("exchange") / "monitor", speed=1.0) as office:
        yield office


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def firm(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, office: PracticeOffice, redis: RedisServer
) -> Iterator[Apart]:
    told = {"REDIS_URL": redis.url, **office.settings}
    with apart(tmp_path_factory.mktemp("firm"), postgres.empty(), **told) as firm:
        for part in ("web", "web", "listen", "listen", "work", "work"):
            firm.add(part)
        for web in firm.of("web"):
            web.wait_ready(90)
        eventually(lambda: _subscribed(redis) == len(firm.all), within=90, what="six processes at Redis")
        yield firm


def _subscribed(redis: RedisServer) -> int:
    with redis_client.Redis.from_url(redis.url) as client:
        return int(client.pubsub_numsub("firstring")[0][1])


async def _ask(firm: Apart, question: str) -> list[Any]:
    database = Database(firm.settings["DATABASE_URL"])
    async with database.read() as connection:
        rows = list((await connection.execute(text(question))).all())
    await database.close()
    return rows


def _play(office: PracticeOffice, number: int, seconds: float = 1.0) -> None:
    office.play(inbound(CUSTOMER.format(number), DID).rings("101").answered_after(0.3).talks(seconds))


def _call_of(web: Product, number: int) -> dict[str, Any] | None:
    found = [call for call in web.head().items("calls", limit=100) if call["caller"] == CUSTOMER.format(number)]
    return found[0] if found else None


def _over(web: Product, number: int) -> dict[str, Any] | None:
    call = _call_of(web, number)
    return call if call and call["ended_at"] else None


def test_a_browser_at_either_web_process_is_told_at_once(firm: Apart, office: PracticeOffice, redis: RedisServer) -> None:
    listener_of(firm)
    webs = firm.of("web")
    token = webs[0].head() and webs[0].token("head@office.test")
    streams = [Stream(web, token) for web in webs]
    hinted: list[float] = []
    with redis_client.Redis.from_url(redis.url) as client, client.pubsub(ignore_subscribe_messages=True) as hints:
        hints.subscribe("firstring")
        for number in range(3):
            _play(office, number, 0.3)
            until = time.monotonic() + 2.0
            while time.monotonic() < until:
                if hints.get_message(timeout=0.05):
                    hinted.append(time.monotonic())
    eventually(lambda: all(stream.kinds().count("call_ended") == 3 for stream in streams), what="three calls in both streams")

    for stream in streams:
        waited = sorted(min((at - hint for hint in hinted if hint <= at + 0.05), default=9.0) for at, _ in stream.heard)
        assert waited[len(waited) // 2] < AT_ONCE, waited


async def test_reactions_and_jobs_are_done_once(firm: Apart, office: PracticeOffice) -> None:
    for number in range(10, 18):
        _play(office, number)
    web = firm.of("web")[1]
    for number in range(10, 18):
        eventually(lambda number=number: (_over(web, number) or {}).get("recordings"), within=60, what="a recording")  # type: ignore[misc]

    put_down = Counter(row.kind for row in await _ask(firm, "SELECT kind FROM jobs WHERE kind = 'attach_recording'"))
    tries = await _ask(firm, "SELECT call_id, count(*) FROM recordings GROUP BY call_id HAVING count(*) > 1")
    assert (put_down["attach_recording"], tries) == (3 + 8, [])
    assert [has(one, "react") for one in firm.of("work")].count(True) == 1
    assert [has(one, "house") for one in firm.of("work")].count(True) == 1


def test_a_listener_that_is_killed_is_stood_in_for_within_ten_seconds(firm: Apart, office: PracticeOffice) -> None:
    web, (first, second) = firm.of("web")[0], listener_of(firm)
    _play(office, 20, 12.0)
    eventually(lambda: _call_of(web, 20), what="the call")

    first.kill_tree()
    killed = time.monotonic()
    eventually(lambda: "exchange_up" in second.said, within=STANDS_IN, what="the stand-in")
    assert time.monotonic() - killed < STANDS_IN
    _play(office, 21)

    assert eventually(lambda: _over(web, 21), what="the call after")["outcome"] == "answered"
    assert eventually(lambda: _over(web, 20), what="the call that was up")["outcome"] == "answered"
    firm.add("listen")


async def test_a_listener_that_hung_writes_nothing_more(firm: Apart, office: PracticeOffice) -> None:
    web, (first, second) = firm.of("web")[0], listener_of(firm)
    seen = len(second.said)
    its_own = {row.connection for row in await _ask(firm, "SELECT connection FROM journal")}
    freeze(first)
    _play(office, 30, 1.0)  # it reaches the first one's socket, and nobody else
    eventually(lambda: "exchange_up" in second.said[seen:], within=STANDS_IN, what="the stand-in")
    stood_in = (await _ask(firm, "SELECT max(id) AS id FROM journal"))[0].id
    lost = first.said.count("lease_lost")

    freeze(first, frozen=False)
    eventually(lambda: first.said.count("lease_lost") > lost, what="the word that it lost its lease")
    _play(office, 31)
    eventually(lambda: _over(web, 31), what="the call after")

    later = {row.connection for row in await _ask(firm, f"SELECT connection FROM journal WHERE id > {stood_in}")}
    assert len(later) == 1
    assert later.isdisjoint(its_own)
    assert has(second, "listen/1")
    assert stands_by(first, "listen/1")


def test_a_worker_that_is_killed_leaves_its_turns_to_the_other(firm: Apart, office: PracticeOffice) -> None:
    web = firm.of("web")[0]
    first = next(one for one in firm.of("work") if has(one, "react"))
    assert any(stands_by(one, "react") for one in firm.of("work"))
    first.kill_tree()
    _play(office, 40)

    eventually(lambda: (_over(web, 40) or {}).get("recordings"), within=30, what="a recording by the other")


def test_while_redis_is_gone_a_browser_is_told_by_looking_and_afterwards_by_hints_again(
    firm: Apart, office: PracticeOffice, redis: RedisServer
) -> None:
    web = firm.of("web")[1]
    stream = Stream(web, web.token("head@office.test"))
    redis.kill()
    _play(office, 50, 0.3)

    eventually(lambda: "call_ended" in stream.kinds(), within=15, what="the end of the call in the stream")
    assert httpx.get(f"{web.url}/readyz").status_code == 200
    redis.start()
    alive = len([one for one in firm.all if one.process is not None])
    eventually(lambda: _subscribed(redis) == alive, within=30, what="everybody at Redis again")


def test_all_end_when_they_are_told_to_and_none_said_anything_bad(firm: Apart) -> None:
    alive = [one for one in firm.all if one.process is not None]

    assert [one.stop() for one in alive] == [0] * len(alive)
    said = "".join(one.said for one in firm.all if not one.data.name.startswith("work"))  # Celery's own tell of Redis at length
    assert "Traceback" not in said, said[-4000:]


def test_on_sqlite_a_second_process_on_the_data_is_refused_in_one_line(tmp_path: Path) -> None:
    with running(tmp_path / "var") as product:
        second = product.run("serve", "--only", "listen")

    assert second.returncode == 1
    assert len(second.stderr.strip().splitlines()) == 1
    assert "runs on" in second.stderr
