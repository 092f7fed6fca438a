"""The forms before one is inside: log in, and the first start. What they send is taken by `api.sign_in`."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.auth import local_path
from api.deps import Context, ReadDb
from api.web.render import Look
from api.web.visit import look_for
from crm_core.users import setup_links

router = APIRouter()


@router.get("/login")
async def login_form(request: Request, context: Context) -> Response:
    reader = look_for(request)
    facts = {"next": local_path(request.query_params.get("next")), "wrong": _refused(reader, request), "email": ""}
    return HTMLResponse(reader.render("auth/login.html", now=context.now(), demo=context.demo, **facts))


@router.get("/setup/{link}")
async def setup_form(request: Request, link: str, context: Context, connection: ReadDb) -> Response:
    reader = look_for(request)
    usable = await setup_links.opens(connection, link, now=context.now())
    wrong = reader.gettext("Look at the e-mail and the password again.") if "failed" in request.query_params else None
    facts = {"usable": usable, "wrong": wrong, "name": "", "email": ""}
    return HTMLResponse(reader.render("auth/setup.html", now=context.now(), **facts), 200 if usable else 404)


def _refused(reader: Look, request: Request) -> str | None:
    """Why the last attempt was refused, told without saying which of the two was wrong."""
    if request.query_params.get("failed") == "wait":
        return _wait(reader, request.query_params.get("wait", ""))
    return reader.gettext("The e-mail or the password is wrong.") if "failed" in request.query_params else None


def _wait(reader: Look, seconds: str) -> str:
    shown = min(int(seconds), 24 * 3600) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 8 else 60
    ngettext = reader.wording.texts.ngettext
    text = ngettext(
        "Too many failed attempts. Try again in %(num)s second.",
        "Too many failed attempts. Try again in %(num)s seconds.",
        shown,
    )
    return text % {"num": shown}
