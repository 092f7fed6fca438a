"""Logging in and out, the set-up link, and who asks: session cookie for browsers, bearer token for programs."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from math import ceil
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import Response

from api.context import AppContext
from crm_core.access import Actor
from crm_core.errors import FirstringError, NotFound
from crm_core.settings import networks
from crm_core.users import accounts, api_tokens, login_failures, passwords, sessions, setup_links
from crm_core.users.audit import record
from crm_core.users.secret_tokens import token_hash

COOKIE = "firstring_session"
LONGEST_TOKEN = 200
# Each argon2 check takes tens of megabytes: more than a few at once would let strangers fill the memory.
_checking = asyncio.Semaphore(3)


class NotLoggedIn(FirstringError):
    """Log in first."""


class WrongLogin(FirstringError):
    """The e-mail or the password is wrong."""


class TooManyTries(FirstringError):
    """Too many failed attempts; wait and try again."""

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(1, ceil(wait.total_seconds()))
        super().__init__(f"Too many failed attempts; try again in {self.seconds} s")


@dataclass(frozen=True, slots=True)
class Login:
    email: str
    password: str
    address: str  # where it came from

    @property
    def names(self) -> tuple[str, str]:
        return self.email, f"address {self.address}"


async def actor_asking(request: Request, context: AppContext) -> Actor | None:
    """Whose request this is; None for a stranger. A bearer token, where there is one, counts alone."""
    bearer = bearer_token(request)
    async with context.database.read() as connection:
        if bearer is not None:
            return await api_tokens.actor_of(connection, bearer)
        session = session_token(request)
        return await sessions.actor_of(connection, session, now=context.now()) if session else None


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request came in with: the hash of a program's token, or of a browser's session."""

    token_hash: str
    is_session: bool

    @classmethod
    def of_session(cls, token: str) -> "Credential":
        return cls(token_hash(token), is_session=True)


def credential_of(request: Request) -> Credential:
    """By what `actor_asking` knew who asks; raises NotLoggedIn."""
    bearer = bearer_token(request)
    if bearer is not None:
        return Credential(token_hash(bearer), is_session=False)
    session = session_token(request)
    if session is None:
        raise NotLoggedIn
    return Credential.of_session(session)


async def actors_behind(context: AppContext, credentials: Collection[Credential]) -> dict[Credential, Actor]:
    """Whose they are, those that still open something: in a statement for each kind, however many they are."""
    sessions_asked = [one.token_hash for one in credentials if one.is_session]
    tokens_asked = [one.token_hash for one in credentials if not one.is_session]
    async with context.database.read() as connection:
        by_session = await sessions.actors_of(connection, sessions_asked, now=context.now()) if sessions_asked else {}
        by_token = await api_tokens.actors_of(connection, tokens_asked) if tokens_asked else {}
    return {
        **{Credential(found, is_session=True): actor for found, actor in by_session.items()},
        **{Credential(found, is_session=False): actor for found, actor in by_token.items()},
    }


def bearer_token(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip()[:LONGEST_TOKEN] if kind.lower() == "bearer" else None


def session_token(request: Request) -> str | None:
    token = request.cookies.get(COOKIE)
    return token if token and len(token) <= LONGEST_TOKEN else None


async def log_in(context: AppContext, login: Login) -> str:
    """Check the password and begin a session; returns its token. Raises WrongLogin, TooManyTries.

    Unknown users, users without a password and wrong passwords take as long and are answered alike.
    """
    async with _checking:
        async with context.database.read() as connection:
            wait = await login_failures.wait_left(connection, login.names, now=context.now())
            user = await accounts.by_email(connection, login.email)
        if wait > timedelta(0):
            raise TooManyTries(wait)
        right = await passwords.matches(login.password, None if user is None else user.password_hash)
        async with context.database.write() as tx:
            if user is not None and right:
                await login_failures.clear(tx, login.names)
                await record(tx, user.id, "logged_in", "user", user.id, now=context.now(), facts={"address": login.address})
                return await sessions.open_session(tx, user.id, now=context.now())
            await login_failures.note_failure(tx, login.names, now=context.now())
    raise WrongLogin


async def log_out(context: AppContext, token: str) -> None:
    """End the session, and with it every stream that hangs on it."""
    async with context.database.write() as tx:
        await sessions.revoke(tx, token)


async def set_up(context: AppContext, link: str, *, email: str, name: str, password: str) -> str:
    """Make the first administrator by the set-up link and begin his session; raises NotFound, Invalid."""
    passwords.require_usable(password)
    await _require_open(context, link)
    async with _checking:
        password_hash = await passwords.hashed(password)
    async with context.database.write() as tx:
        now = context.now()
        user_id = await setup_links.use_link(tx, link, email=email, name=name, password_hash=password_hash, now=now)
        return await sessions.open_session(tx, user_id, now=now)


async def _require_open(context: AppContext, link: str) -> None:
    """Before anything is hashed: guesses cost the server next to nothing."""
    async with context.database.read() as connection:
        if not await setup_links.opens(connection, link, now=context.now()):
            raise NotFound(setup_links.CLOSED)


def give_cookie(request: Request, response: Response, token: str) -> None:
    """The cookie is out of reach of scripts and of other sites' forms; over https it never leaves it."""
    response.set_cookie(
        COOKIE, token, max_age=int(sessions.LIFETIME.total_seconds()), path="/",
        httponly=True, samesite="lax", secure=is_https(request),
    )  # fmt: skip


def take_cookie(request: Request, response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=is_https(request))


def is_https(request: Request) -> bool:
    """Also behind a TLS proxy: a stranger who forges the header only makes his own cookie stricter."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "").lower() == "https"


def address_of(request: Request) -> str:
    """The peer's address; where the peer is a proxy that is believed, the address it speaks for: the last one that is named.

    Some proxies (HAProxy) add a header of their own below the one that the visitor sent: all of them are one list.
    """
    peer = request.client.host if request.client else "unknown"
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    believed = is_loopback(peer) or _is_proxy(peer, request.app.state.context.settings.proxies)
    return forwarded if believed and _is_address(forwarded) else peer


def is_loopback(address: str) -> bool:
    return _is_address(address) and ip_address(address).is_loopback


def local_path(wanted: str | None) -> str:
    """Where to go after the login: a path of ours, never another site."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or any(sign < " " for sign in wanted):
        return "/"
    parts = urlsplit(wanted)
    return "/" if parts.scheme or parts.netloc else wanted


def _is_proxy(peer: str, proxies: str) -> bool:
    return _is_address(peer) and any(ip_address(peer) in network for network in networks(proxies))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
