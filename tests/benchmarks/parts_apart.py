"""Processes that the benchmarks measure: `python -m tests.benchmarks.parts_apart web|work|our_streams|bare_streams`.

Each says `ready` on its standard output when it is. A stream process tells an event for each line on its standard input.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from api.context import AppContext
from api.hub import Hub
from api.job_loop import carry_jobs
from api.serving import open_socket, serve_web
from api.supervision import keep_up
from api.wiring import build
from crm_core import event_log
from crm_core.events import Event, EventKind
from crm_core.jobs import Finish, Job, JobKind, JobRunner, Progress
from crm_core.settings import load_settings
from tests.product import ROOT

SLEEPS = 0.2  # seconds a job takes
WAITS = 0.05  # seconds the route waits for the database


@contextmanager
def part(name: str, folder: Path, database: str, port: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    """One process of its own, until the block ends."""
    told = {"DATA_DIR": str(folder), "DATABASE_URL": database, "SECRET_KEY": "a key of the benchmarks"}
    told |= {"PORT": str(port)} if port else {}
    env = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTRING_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.parts_apart", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env=env | {f"FIRSTRING_{key}": value for key, value in told.items()}, cwd=ROOT,
    )  # fmt: skip
    try:
        while b"ready" not in (line := process.stdout.readline() if process.stdout else b""):
            if not line:
                raise RuntimeError(f"{name} ended with {process.wait()}")
        yield process
    finally:
        for member in [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []:
            member.kill()
        process.kill()
        process.wait()


def _say_ready() -> None:
    print("ready", flush=True)


async def _web(context: AppContext) -> None:
    async def wait(_request: Request) -> Response:
        async with context.database.read() as connection:
            await connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": WAITS})
        return PlainTextResponse("waited")

    hub = Hub(context, ("web",), open_socket("127.0.0.1", context.settings.port))
    assert hub._app is not None
    hub._app.router.routes.insert(0, Route("/wait", wait))
    await hub.run(ready=_say_ready)


async def _work(context: AppContext) -> None:
    async def sleep(_job: Job, _progress: Progress) -> Finish:
        await asyncio.sleep(SLEEPS)
        return _nothing

    kind = JobKind("sleep", sleep, timedelta(seconds=60))
    _say_ready()
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_up(context, "hints", context.hints.run if context.hints else context.stopping.wait))
        group.create_task(carry_jobs(context, JobRunner(context.database, {kind.name: kind})))


async def _nothing(_tx: AsyncConnection) -> None:
    pass


async def _our_streams(context: AppContext) -> None:
    async def tell() -> None:
        async for _ in _lines():
            async with context.database.write() as tx:
                await event_log.append(tx, [Event(EventKind.CONTACT_CHANGED, context.now(), None, contact_id=1)])

    hub = Hub(context, ("web",), open_socket("127.0.0.1", context.settings.port))
    await hub.run({"telling": tell}, _say_ready)


async def _bare_streams(context: AppContext) -> None:
    """A queue for each stream, and the same bytes into all of them."""
    queues: list[asyncio.Queue[bytes]] = []

    async def lines(queue: "asyncio.Queue[bytes]") -> AsyncIterator[bytes]:
        yield b": connected\n\n"
        while True:
            yield await queue.get()

    async def stream(_request: Request) -> Response:
        queues.append(asyncio.Queue())
        return StreamingResponse(lines(queues[-1]), media_type="text/event-stream")

    async def tell() -> None:
        number = 0
        async for _ in _lines():
            number += 1
            message = b'id: %d\ndata: {"id": %d, "event": "contact_changed", "contact_id": 1}\n\n' % (number, number)
            for queue in queues:
                queue.put_nowait(message)

    app = Starlette(routes=[Route("/api/v1/stream", stream)])
    opened = open_socket("127.0.0.1", context.settings.port)
    telling = asyncio.create_task(tell())
    _say_ready()
    await serve_web(app, opened, context.stopping.wait)
    telling.cancel()


async def _lines() -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield line


PARTS = {"web": _web, "work": _work, "our_streams": _our_streams, "bare_streams": _bare_streams}

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(KeyboardInterrupt):
        asyncio.run(PARTS[sys.argv[1]](build(load_settings())))
