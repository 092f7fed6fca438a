"""Logging in and out, and the set-up link's first administrator: what the forms of `api.web.entrance` send."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from api.auth import (
    Credential,
    Login,
    TooManyTries,
    WrongLogin,
    address_of,
    give_cookie,
    local_path,
    log_in,
    log_out,
    session_token,
    set_up,
    take_cookie,
)
from api.deps import Context
from api.stream import Streams
from crm_core.errors import Conflict, Invalid

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=1000)]


@router.post("/login")
async def login(
    request: Request, context: Context, email: Text = "", password: Text = "", next_path: Annotated[str, Form(alias="next")] = "/"
) -> Response:
    """On success to where the visitor wanted to go; else back to the form, which says `failed=wrong` or `wait=SECONDS`."""
    wanted = local_path(next_path)
    try:
        token = await log_in(context, Login(email, password, address_of(request)))
    except WrongLogin:
        return _back(wanted, failed="wrong")
    except TooManyTries as error:
        return _back(wanted, failed="wait", wait=error.seconds)
    answer = RedirectResponse(wanted, 303)
    give_cookie(request, answer, token)
    return answer


@router.post("/logout")
async def logout(request: Request, context: Context) -> Response:
    token = session_token(request)
    if token:
        await log_out(context, token)
        streams: Streams = request.app.state.streams
        streams.end_session(Credential.of_session(token))
    answer = RedirectResponse("/login", 303)
    take_cookie(request, answer)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@router.post("/setup/{link}")
async def set_up_first_admin(
    request: Request, context: Context, link: str, email: Text = "", name: Text = "", password: Text = ""
) -> Response:
    """The first administrator, logged in; back to the form with `failed=` and why, where something was mistyped."""
    try:
        token = await set_up(context, link, email=email, name=name, password=password)
    except (Invalid, Conflict) as error:
        return RedirectResponse(f"{request.url.path}?{urlencode({'failed': error.say})}", 303)
    answer = RedirectResponse("/", 303)
    give_cookie(request, answer, token)
    return answer


def _back(wanted: str, **why: object) -> Response:
    return RedirectResponse(f"/login?{urlencode({**why, 'next': wanted})}", 303)
