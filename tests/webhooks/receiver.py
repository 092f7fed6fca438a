"""A receiver on loopback: it answers as a test tells it to, and keeps all that came."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Came:
    path: str
    headers: dict[str, str]
    body: bytes


async def accept(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="thanks")


class Receiver:
    """`answer` may be changed at any time; `came` are all requests, `at_once` the most that were open together."""

    def __init__(self) -> None:
        self.answer: Answer = accept
        self.came: list[Came] = []
        self.at_once = 0
        self._open = 0
        self._new = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/calls"

    async def __aenter__(self) -> "Receiver":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: Any) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def until(self, count: int) -> None:
        """Wait until so many requests came."""
        async with asyncio.timeout(60), self._new:
            await self._new.wait_for(lambda: len(self.came) >= count)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        async with self._new:
            self.came.append(Came(request.path_qs, dict(request.headers), body))
            self._new.notify_all()
        self._open += 1
        self.at_once = max(self.at_once, self._open)
        try:
            return await self.answer(request)
        finally:
            self._open -= 1
