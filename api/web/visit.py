"""A visit: who looks at which page, in which language; renders pages with their frame, and fragments without."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.context import AppContext
from api.deps import Context, CurrentActor, ReadDb
from api.web.dial_words import hindrance
from api.web.menu import menu
from api.web.render import Look, look
from api.web.settings_sections import is_setting
from api.web.translations import LANGUAGES
from crm_core import days, event_log
from crm_core.access import Actor, Noun, Right, require
from crm_core.calls.pop_queries import current_calls_for
from crm_core.dialling import queries as dial_queries
from crm_core.errors import Conflict, FirstringError
from crm_core.requests.fresh import fresh_requests
from crm_core.users.desk_queries import badges
from crm_core.users.queries import user

LANGUAGE_COOKIE = "language"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a person who is logged in."""

    request: Request
    context: AppContext
    actor: Actor
    connection: AsyncConnection
    now: datetime
    look: Look

    @property
    def today(self) -> tuple[datetime, datetime]:
        """The first moments of this day and of the next."""
        zone = self.context.settings.zone
        return days.bounds(days.day_of(self.now, zone), zone)

    @property
    def wants_part(self) -> bool:
        """Whether a script asks, and puts the answer in its place on the page."""
        return "hx-request" in self.request.headers

    def may(self, right: str) -> bool:
        return self.actor.may(Right(right))

    def require(self, right: Right) -> None:
        require(self.actor, right)

    def say(self, text: str) -> str:
        return self.look.gettext(text)

    def part(self, template: str, status: int = 200, **facts: Any) -> HTMLResponse:
        """A fragment: the same partial that the page includes."""
        return HTMLResponse(self.look.render(template, **self._own(), **facts), status)

    async def page(self, template: str, section: str, status: int = 200, **facts: Any) -> HTMLResponse:
        """A whole page; `section` is its place in the menu."""
        pops = await current_calls_for(self.connection, self.actor, self.now)
        fresh = await fresh_requests(self.connection, self.actor, self.now)
        frame = {**await self.frame(section), **await self.dialling(), "pops": pops, "fresh": fresh}
        return HTMLResponse(self.look.render(template, **self._own(), **frame, **facts), status)

    async def frame(self, section: str) -> dict[str, Any]:
        own = await user(self.connection, self.actor, self.actor.user_id)
        return {
            **await self.menu(section), "my_phones": own.phones,
            "cursor": await event_log.newest_id(self.connection), "script_words": script_words(self.look),
        }  # fmt: skip

    async def menu(self, section: str) -> dict[str, Any]:
        """The places beside every page, with their figures; `section` is the one shown, all settings together."""
        counted, texts = await badges(self.connection, self.actor, self.today[1]), self.look.wording.texts
        within = is_setting(section, texts)
        return {
            "section": "settings" if within else section, "nav_items": menu(self.actor, counted, texts),
            "within_settings": within and section != "settings",
        }  # fmt: skip

    async def dialling(self) -> dict[str, Any]:
        """Calls by a click: one's last, what keeps one from making any, and who is near a cap, for head and administrator."""
        zone, works = self.context.settings.zone, self.may(Right.WORK)
        phones = await dial_queries.phones_of(self.connection, self.actor.user_id) if works else ()
        whose = self.actor.people(Noun.FIGURES)
        shows = self.may(Right.SEE_EXCHANGES)
        near = await dial_queries.near_caps(self.connection, now=self.now, zone=zone, people=whose) if shows else None
        return {
            "mine": await dial_queries.newest_of(self.connection, self.actor.user_id, now=self.now), "near_caps": near,
            "dial_hindrance": hindrance(self.look.wording.texts, phones) if works else None,
        }  # fmt: skip

    def _own(self) -> dict[str, Any]:
        path = self.request.url.path
        query = f"?{self.request.url.query}" if self.request.url.query else ""
        return {"me": self.actor, "may": self.may, "now": self.now, "here": path + query}


async def visit(request: Request, context: Context, actor: CurrentActor, connection: ReadDb) -> Visit:
    return Visit(request, context, actor, connection, context.now(), look_for(request, actor))


VisitNow = Annotated[Visit, Depends(visit)]


def look_for(request: Request, actor: Actor | None = None) -> Look:
    """The person's own language, else the browser's last choice, else the installation's."""
    settings = request.app.state.context.settings
    wanted = (actor.language if actor else None, request.cookies.get(LANGUAGE_COOKIE), settings.language)
    return look(next(language for language in (*wanted, "en") if language in LANGUAGES), settings.zone)


def back_to(path: str) -> Response:
    """After a deed: fetch the page anew."""
    return RedirectResponse(path, 303)


def status_after(error: FirstringError | None) -> int:
    """Of a page that says why a deed was refused: 409 where something stands against it, 422 for what was sent; else 200."""
    if error is None:
        return 200
    return 409 if isinstance(error, Conflict) else 422


def at_address(answer: Response, path: str, query: str) -> Response:
    """What a form chose stands in the browser's address from now on: the page's, not the fragment's."""
    answer.headers["HX-Push-Url"] = f"{path}?{query}" if query else path
    return answer


def script_words(reader: Look) -> dict[str, str]:
    """The few texts that scripts put on the page."""
    texts = reader.wording.texts
    return {"rings": texts.gettext("is calling"), "copied": texts.gettext("Copied")}
