"""Errors as answers: RFC 9457 problem details for programs, a page or a redirect to the login for browsers."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.auth import NotLoggedIn, TooManyTries, WrongLogin
from api.stream import TooManyStreams
from api.web.gate_words import missing_told
from api.web.visit import look_for
from api.web.why.turns import TooManyReadings
from crm_core.db import database_trouble
from crm_core.deals.gate import LackKind, Refused
from crm_core.errors import Conflict, FilesUnavailable, FirstringError, Forbidden, Invalid, NotFound
from crm_core.requests.limits import TooManyRequests

log = structlog.get_logger()

ErrorPage = Callable[[Request, int, str], Response]

RETRY_SECONDS = 5

STATUSES: dict[type[FirstringError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Forbidden: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotLoggedIn: HTTPStatus.UNAUTHORIZED,
    WrongLogin: HTTPStatus.UNAUTHORIZED,
    TooManyTries: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyStreams: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyReadings: HTTPStatus.TOO_MANY_REQUESTS,
}


_LACK = {
    "type": "object",
    "required": ["kind", "what", "say"],
    "properties": {
        "kind": {"enum": [kind.value for kind in LackKind]}, "what": {"type": "string"}, "say": {"type": "string"},
    },
}  # fmt: skip
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}}, "moved_to": {"type": "object"},
        "missing": {"type": "array", "items": _LACK, "description": "what the stages on the way ask for and do not find"},
        "waits": {"type": "boolean", "description": "all that is missing is on its way: try again in a moment"},
        "reason": {"type": "string", "description": "a code, where the same status may have several reasons"},
    },
}  # fmt: skip
REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "Refused (RFC 9457)", "content": {"application/problem+json": {"schema": _PROBLEM}}}
}
"""How the interface describes what `problem` answers."""


class Problem(JSONResponse):
    media_type = "application/problem+json"


def answer_errors(app: FastAPI) -> None:
    """Have every error of ours, of the framework and of nobody answered in one shape."""
    app.add_exception_handler(FirstringError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _frameworks)
    app.add_exception_handler(Exception, _unforeseen)


async def answer_to(request: Request, error: Exception) -> Response:
    """The same answer for a route that has to finish it itself."""
    if isinstance(error, FirstringError):
        return await _ours(request, error)
    if isinstance(error, RequestValidationError):
        return await _invalid(request, error)
    if isinstance(error, HTTPException):
        return await _frameworks(request, error)
    raise error


def status_of(error: FirstringError) -> HTTPStatus:
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem(status: int, detail: str, **members: Any) -> Problem:
    """Facts go beside the detail, as RFC 9457 lets them."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), "detail": detail, **members}
    return Problem(body, status)


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer: everything outside the interface for programs."""
    return request.url.path != "/api" and not request.url.path.startswith(("/api/", "/healthz", "/readyz", "/metrics"))


async def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, FirstringError):
        raise error
    if isinstance(error, FilesUnavailable):
        return _not_now(request, error.say)
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request_failed", path=request.url.path, say=error.say)
    if wants_page(request):
        return _page(request, status, error.say)
    answer = problem(status, error.say, **_told(request, error))
    if isinstance(error, TooManyTries | TooManyRequests):
        answer.headers["Retry-After"] = str(error.seconds)
    if status is HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _told(request: Request, error: FirstringError) -> dict[str, Any]:
    """Facts a client may act on. What is not found says no more than that, whether it is not there or not his."""
    if isinstance(error, Refused):
        wording = look_for(request, getattr(request.state, "actor", None)).wording
        return {"missing": missing_told(wording, error.missing), "waits": error.waits}
    return {} if isinstance(error, NotFound | Forbidden) else jsonable_encoder(error.facts)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [{"where": ".".join(map(str, fault["loc"])), "say": fault["msg"]} for fault in error.errors()]
    detail = "; ".join(f"{fault['where']}: {fault['say']}" for fault in faults[:5])
    if wants_page(request):
        return _page(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=faults)


async def _frameworks(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    detail = str(error.detail)
    if wants_page(request):
        return _page(request, HTTPStatus(error.status_code), detail)
    answer = problem(error.status_code, detail)
    answer.headers.update(error.headers or {})
    return answer


async def _unforeseen(request: Request, error: Exception) -> Response:
    if (trouble := database_trouble(error)) is not None:
        return _not_now(request, trouble)
    log.error("request_failed", path=request.url.path, error=type(error).__name__, exc_info=error)
    say = "Something went wrong here; it is in the log"
    if wants_page(request):
        return _page(request, HTTPStatus.INTERNAL_SERVER_ERROR, say)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, say)


def _not_now(request: Request, trouble: str) -> Response:
    """Not our mistake, and over when the database or the disk is back: clients may simply ask again."""
    log.error("request_not_served", path=request.url.path, trouble=trouble)
    say = "The database or the disk does not answer now; try again in a moment"
    not_served = HTTPStatus.SERVICE_UNAVAILABLE
    answer = _page(request, not_served, say) if wants_page(request) else problem(not_served, say)
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _page(request: Request, status: HTTPStatus, say: str) -> Response:
    if status is HTTPStatus.UNAUTHORIZED:
        return _to_login(request)
    made: ErrorPage = request.app.state.error_page
    return made(request, int(status), say)


def _to_login(request: Request) -> Response:
    """A fragment cannot become the login page: its page is told to go there as a whole."""
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    path = request.url.path if request.method == "GET" else "/"
    return RedirectResponse("/login" if path == "/" else f"/login?next={quote(path)}", 303)
