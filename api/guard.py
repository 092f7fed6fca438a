"""What every request passes on its way in and every answer on its way out: origin, size, security headers. Plain ASGI."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import COOKIE
from api.errors import problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
OPEN_DOORS = frozenset({"/api/v1/requests"})
"""What pages of other sites may post to. No cookie counts there: such a route looks at `comes_from_us` itself."""
LARGEST_BODY = 1024 * 1024
LARGEST_UPLOAD = 40 * 1024 * 1024
UPLOADS = frozenset({"/imports"})
"""Where a file is sent; its route reads the body only after it knows who sends it."""
SLOWEST_UPLOAD = 300.0
SLOWEST_BODY = 30.0  # seconds: who sends no faster only holds a connection

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses what another site's page sent and what is too large; dresses every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope.setdefault("state", {})
        dressed = _dressed(scope, send)
        if scope["method"] not in SAFE and scope["path"] not in OPEN_DOORS and not comes_from_us(headers):
            refusal = problem(403, "This request came from another site; open Firstring itself and repeat it there")
            await refusal(scope, receive, dressed)
        elif _told_size(headers) > (largest := LARGEST_UPLOAD if scope["path"] in UPLOADS else LARGEST_BODY):
            await problem(413, f"A request has at most {largest} bytes")(scope, receive, dressed)
        else:
            await self._app(
                scope, _bounded(receive, largest, SLOWEST_UPLOAD if scope["path"] in UPLOADS else SLOWEST_BODY), dressed
            )


def comes_from_us(headers: Headers) -> bool:
    """Whether a changing request was sent by our own pages or by a program with its token.

    A browser tells the page's origin with every such request. Where none is told (a program), a session cookie alone
    is not enough: that is what another site could make a browser send.
    """
    if headers.get("authorization", "").lower().startswith("bearer "):
        return True
    origin = headers.get("origin")
    if origin is not None:
        host = urlsplit(origin).netloc.lower()
        return bool(host) and host in {headers.get("host", "").lower(), headers.get("x-forwarded-host", "").lower()}
    if headers.get("sec-fetch-site") is not None:
        return headers["sec-fetch-site"] in ("same-origin", "none")
    return COOKIE not in cookie_parser(headers.get("cookie", ""))


def _told_size(headers: Headers) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 12 else LARGEST_UPLOAD + 1


def _bounded(receive: Receive, largest: int, slowest: float) -> Receive:
    """Also a body whose length nobody told, or that never comes, ends somewhere: then it reads as if the client had gone."""
    taken, until, whole = 0, monotonic() + slowest, False

    async def bounded() -> Message:
        nonlocal taken, whole
        try:
            # After the body only the client's going is waited for, as long as the answer takes.
            async with asyncio.timeout(None if whole else until - monotonic()):
                message = await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        whole = whole or not message.get("more_body", False)
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > largest else message

    return bounded


def _dressed(scope: Scope, send: Send) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    async def dressed(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if scope["path"] in OPEN_DOORS:
                _admit(headers, scope["state"].get("allow_origin"))
            if not scope["path"].startswith("/static/"):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return dressed


def _admit(headers: MutableHeaders, origin: str | None) -> None:
    """Let a page of that origin read the answer; a cache must not give it to another's."""
    headers.add_vary_header("Origin")
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "Retry-After"
