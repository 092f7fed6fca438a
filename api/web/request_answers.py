"""What a visitor of another site sees after sending a form of it to us: thanks, or what to mend. No page of ours leads here."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from api.web.render import Look
from api.web.visit import look_for
from crm_core.errors import Conflict, Forbidden, Invalid
from crm_core.requests.limits import TooManyRequests


def thanks_page(request: Request) -> Response:
    reader = look_for(request)
    gettext = reader.gettext
    return _page(
        reader, 201, gettext("Thank you"), gettext("Your request has come in. We will get in touch with you."), good=True
    )


def sorry_page(request: Request, error: Exception) -> Response | None:
    """None for what is no matter of the visitor's."""
    reader = look_for(request)
    found = _sorry(reader, error)
    if found is None:
        return None
    status, text = found
    page = _page(reader, status, reader.gettext("This did not work"), text)
    if isinstance(error, TooManyRequests):
        page.headers["Retry-After"] = str(error.seconds)
    return page


def _sorry(reader: Look, error: Exception) -> tuple[int, str] | None:
    gettext = reader.gettext
    too_long = gettext("Something in the form is too long. Go back and make it shorter.")
    broken = gettext("The form cannot be read. Go back and try again.")
    words: dict[type[Exception], tuple[int, str]] = {
        TooManyRequests: (429, gettext("Too many requests came at once. Wait a little and send it again.")),
        RequestValidationError: (422, too_long),
        Conflict: (409, gettext("This form was sent with other words before. Open it anew and send it again.")),
        Forbidden: (403, gettext("This form is switched off, or does not belong to this site.")),
        HTTPException: (error.status_code if isinstance(error, HTTPException) else 400, broken),
    }
    if isinstance(error, Invalid):
        unreachable = gettext("Write a telephone number or an e-mail address by which we can reach you.")
        return 422, unreachable if error.facts.get("field") in ("phone", "email") else too_long
    return next((words[kind] for kind in type(error).__mro__ if kind in words), None)


def _page(reader: Look, status: int, title: str, text: str, *, good: bool = False) -> HTMLResponse:
    return HTMLResponse(reader.render("requests/answer.html", title=title, text=text, good=good), status)
