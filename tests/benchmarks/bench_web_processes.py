"""One web process and two, on one PostgreSQL: finished requests a second on a route that waits 50 ms for the database, and CPU a
request of the list of calls.

Each process has eight clients of its own, as a balancer would give it: the question is whether a second process does a second
process's work, and whether its being there costs the first anything (hints, streams, the pool).
"""

import asyncio
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil

from crm_core.db import Database
from tests.benchmarks.bench_call_list import _filled
from tests.benchmarks.figures import Figure
from tests.benchmarks.parts_apart import part
from tests.databases import postgres_server
from tests.product import free_port

CLIENTS = 8  # of each process
SECONDS = 3.0
REQUESTS = 60
ROUNDS = 2
GOAL, CPU_GOAL = 1.8, 1.15


def run() -> list[Figure]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(postgres_server()).fresh()
        token = asyncio.run(_company(url))
        ports = [free_port(), free_port()]
        webs = [stack.enter_context(part("web", folder / str(port), url, port)) for port in ports]
        return _figures(ports, [psutil.Process(web.pid) for web in webs], token)


async def _company(url: str) -> str:
    database = Database(url)
    token = await _filled(database)
    await database.close()
    return token


def _figures(ports: list[int], webs: list[psutil.Process], token: str) -> list[Figure]:
    rates: tuple[list[float], list[float]] = ([], [])
    spent: tuple[list[float], list[float]] = ([], [])
    for measured in range(-1, ROUNDS):  # the first does not count
        for place in (0, 1):
            rate, cpu = asyncio.run(_rate(ports[: place + 1])), asyncio.run(_cpu(ports[: place + 1], webs, token))
            if measured >= 0:
                rates[place].append(rate)
                spent[place].append(cpu)
    one, two = (max(rate) for rate in rates)
    cpu_one, cpu_two = (min(cpu) * 1000 for cpu in spent)
    return [
        Figure("web_processes", two / one, GOAL, at_most=False, explained=(f"{one:.0f} requests/s by one, {two:.0f} by two",)),
        Figure(
            "web_processes_cpu", cpu_two / cpu_one, CPU_GOAL,
            explained=(f"CPU a list of 50 calls: {cpu_one:.1f} ms by one, {cpu_two:.1f} ms by two",),
        ),
    ]  # fmt: skip


async def _rate(ports: list[int]) -> float:
    """Finished requests a second."""
    until = time.monotonic() + SECONDS

    async def ask(client: httpx.AsyncClient, port: int) -> int:
        finished = 0
        while time.monotonic() < until:
            (await client.get(f"http://127.0.0.1:{port}/wait")).raise_for_status()
            finished += 1
        return finished

    async with httpx.AsyncClient(timeout=30) as client:
        counted = await asyncio.gather(*(ask(client, port) for port in ports for _ in range(CLIENTS)))
    return sum(counted) / SECONDS


async def _cpu(ports: list[int], webs: list[psutil.Process], token: str) -> float:
    """Seconds of all web processes a request, what they do beside it included."""
    before = _seconds(webs)
    async with httpx.AsyncClient(timeout=30, headers={"Authorization": f"Bearer {token}"}) as client:
        for number in range(REQUESTS):
            answer = await client.get(f"http://127.0.0.1:{ports[number % len(ports)]}/api/v1/calls", params={"limit": 50})
            answer.raise_for_status()
    return (_seconds(webs) - before) / REQUESTS


def _seconds(webs: list[psutil.Process]) -> float:
    return sum(sum(web.cpu_times()[:2]) for web in webs)
