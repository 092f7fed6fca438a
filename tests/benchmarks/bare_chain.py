"""The yardstick of a pop: one Core commit, one message over server-sent events, one fetch of a constant fragment, one swap.

A process of its own. A line `ID SECONDS mine` or `ID SECONDS` on its socket is what the exchange wrote: a call that ends so
many seconds later. Its beginning and its end are a commit each and, where the call is mine, a message each. The page obeys the
rule that our strip obeys: one fetch at a time, at most four in any second.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from sqlalchemy import insert
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

from crm_core.db import Database
from crm_core.event_log import events
from tests.databases import fresh_sqlite, sqlite_template
from tests.product import free_port

FRAGMENT = '<article class="on-line ringing"><b>+7 916 111-22-33</b> <span>a constant fragment</span></article>'
PAGE = """<!doctype html><title>bare</title><div id="strip"></div><script>
const told = []; window.shown = {}; window.online = false; let running = false, again = false;
const source = new EventSource("/stream");
source.onopen = () => { window.online = true; };
let begun = [];
async function refresh() {
  if (running) { again = true; return; }
  running = true;
  const now = performance.now();
  begun = begun.filter((at) => now - at < 1000);
  if (begun.length >= 4) await new Promise((done) => setTimeout(done, begun[0] + 1000 - now));
  again = false;
  begun.push(performance.now());
  const ids = told.splice(0);
  const text = await (await fetch("/fragment")).text();
  document.getElementById("strip").innerHTML = text;
  for (const id of ids) window.shown[id] = performance.timeOrigin + performance.now();
  running = false;
  if (again) refresh();
}
source.onmessage = ({ data }) => { told.push(data); refresh(); };
</script>"""


class Chain:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages: set[asyncio.Queue[str]] = set()

    async def written(self, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """What the exchange wrote, line by line."""
        async with asyncio.TaskGroup() as group:
            while line := await reader.readline():
                number, seconds, *mine = line.decode().split()
                await self._commit(number, bool(mine))
                group.create_task(self._end(number, float(seconds), bool(mine)))

    async def _end(self, number: str, seconds: float, mine: bool) -> None:
        await asyncio.sleep(seconds)
        await self._commit(f"{number}-end", mine)

    async def _commit(self, told: str, mine: bool) -> None:
        row = {"kind": "call_started", "at": datetime.now(UTC), "facts": {}, "receivers": [1]}
        async with self._database.write() as tx:
            await tx.execute(insert(events), row)
        for page in self._pages if mine else ():
            page.put_nowait(told)

    async def stream(self, _request: Request) -> StreamingResponse:
        return StreamingResponse(self._messages(), media_type="text/event-stream")

    async def _messages(self) -> AsyncIterator[str]:
        page: asyncio.Queue[str] = asyncio.Queue()
        self._pages.add(page)
        yield ": here\n\n"
        with suppress(asyncio.CancelledError):
            while True:
                yield f"data: {await page.get()}\n\n"


async def main(template: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(fresh_sqlite(template, Path(folder)))
        chain = Chain(database)
        exchange = await asyncio.start_server(chain.written, "127.0.0.1", 0)
        config = Config()
        config.bind = [f"127.0.0.1:{free_port()}"]
        routes = [
            Route("/", lambda _request: HTMLResponse(PAGE)),
            Route("/fragment", lambda _request: HTMLResponse(FRAGMENT)),
            Route("/stream", chain.stream),
        ]
        print(config.bind[0], exchange.sockets[0].getsockname()[1], flush=True)
        over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await serve(Starlette(routes=routes), config, shutdown_trigger=lambda: over)  # type: ignore[arg-type,return-value]


if __name__ == "__main__":
    with sqlite_template() as migrated:
        asyncio.run(main(migrated))
