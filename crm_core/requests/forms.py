"""Forms of web sites that may send requests: their public keys, and whose pages may use them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.requests.tables import request_forms, requests
from crm_core.requests.words import RequestState, is_web_address
from crm_core.rows import locked_row
from crm_core.text import clean, one_line
from crm_core.users.audit import record

MOST_FORMS = 100
MOST_ORIGINS = 50
KEY_BYTES = 18


@dataclass(frozen=True, slots=True)
class Form:
    """`origins`: sites whose pages may send it, as browsers name them; empty: any. `taken`, `spam`: how many came by it."""

    id: int
    name: str
    key: str
    source: str | None
    origins: tuple[str, ...]
    thanks_url: str | None
    active: bool
    created_at: datetime
    taken: int = 0
    spam: int = 0
    last_at: datetime | None = None

    def admits(self, origin: str | None) -> bool:
        """Whether a page of that origin may send it; where sites are named, who comes from nowhere is none of them."""
        return not self.origins or (origin is not None and origin.lower() in self.origins)


@dataclass(frozen=True, slots=True)
class NewForm:
    """As somebody wrote it: `origins` such as `https://firma.ru`."""

    name: str
    source: str | None = None
    origins: Sequence[str] = ()
    thanks_url: str | None = None
    active: bool = True


async def add_form(tx: AsyncConnection, new: NewForm, *, by: int | None, now: datetime) -> int:
    """Make a form with a key of its own and tell its id; raises Invalid, Conflict."""
    row = {**fitted_form(new), "key": secrets.token_urlsafe(KEY_BYTES), "created_at": now, "created_by": by}
    if (await tx.scalar(select(func.count()).select_from(request_forms)) or 0) >= MOST_FORMS:
        raise Conflict(f"There are {MOST_FORMS} forms already")
    form_id: int = (await tx.execute(insert(request_forms).values(row).returning(request_forms.c.id))).scalar_one()
    await _tell(tx, form_id, "request_form_added", by, now)
    return form_id


async def change_form(tx: AsyncConnection, form_id: int, new: NewForm, *, by: int | None, now: datetime) -> None:
    """Raises NotFound, Invalid."""
    known = await locked_row(tx, request_forms, form_id)
    changed = {name: value for name, value in fitted_form(new).items() if getattr(known, name) != value}
    if changed:
        await tx.execute(update(request_forms).where(request_forms.c.id == form_id).values(changed))
        facts = {name: [getattr(known, name), value] for name, value in changed.items()}
        await _tell(tx, form_id, "request_form_changed", by, now, facts)


def fitted_form(new: NewForm) -> dict[str, Any]:
    """The columns; raises Invalid naming the field."""
    name = one_line(new.name, 200)
    if not name:
        raise Invalid("A form has a name", field="name")
    origins = list(dict.fromkeys(origin for text in new.origins if (origin := fitted_origin(text)) is not None))
    if len(origins) > MOST_ORIGINS:
        raise Invalid(f"At most {MOST_ORIGINS} sites", field="origins")
    thanks = clean(new.thanks_url or "", 2000).strip() or None
    if thanks is not None and not is_web_address(thanks):
        raise Invalid("The page of thanks is an address such as https://firma.ru/thanks", field="thanks_url")
    source = one_line(new.source, 300) or None
    return {"name": name, "source": source, "origins": origins, "thanks_url": thanks, "active": new.active}


def fitted_origin(text: str) -> str | None:
    """`https://Firma.ru/contacts` → `https://firma.ru`, as browsers tell it; None for an empty line; raises Invalid."""
    line = clean(text, 300).strip().lower()
    if not line:
        return None
    try:
        parts = urlsplit(line)
        host, port = parts.hostname, parts.port
        host = host.encode("idna").decode() if host else None
    except (ValueError, UnicodeError) as error:
        raise Invalid(_no_site(text), field="origins") from error
    if parts.scheme not in ("http", "https") or not host or "*" in host or parts.username is not None:
        raise Invalid(_no_site(text), field="origins")
    usual = {"http": 80, "https": 443}[parts.scheme]
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, usual) else "")


def _no_site(text: str) -> str:
    return f"{text[:60]!r} is no site; write it as https://firma.ru"


async def form_by_key(connection: AsyncConnection, key: str) -> Form | None:
    """None for a key that opens nothing, or one that is switched off."""
    if clean(key, 40) != key:
        return None
    query = select(request_forms).where(request_forms.c.key == key, request_forms.c.active)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _form(row)


async def any_form_admits(connection: AsyncConnection, origin: str) -> bool:
    rows = await connection.execute(select(request_forms).where(request_forms.c.active))
    return any(_form(row).admits(origin) for row in rows)


async def list_forms(connection: AsyncConnection) -> tuple[Form, ...]:
    """All of them, with how much came by each."""
    counted = select(
        requests.c.sender, func.count().filter(requests.c.state == RequestState.TAKEN).label("taken"),
        func.count().filter(requests.c.state == RequestState.SPAM).label("spam"), func.max(requests.c.at).label("last_at"),
    ).where(requests.c.sender.like("form:%")).group_by(requests.c.sender)  # fmt: skip
    counts = {row.sender: row for row in await connection.execute(counted)}
    rows = await connection.execute(select(request_forms).order_by(request_forms.c.active.desc(), request_forms.c.id))
    return tuple(_form(row, counts.get(f"form:{row.id}")) for row in rows)


async def form(connection: AsyncConnection, form_id: int) -> Form:
    """Raises NotFound."""
    found = next((one for one in await list_forms(connection) if one.id == form_id), None)
    if found is None:
        raise NotFound(noun="request_forms", id=form_id)
    return found


def _form(row: Row[Any], counted: Row[Any] | None = None) -> Form:
    counts = (counted.taken, counted.spam, counted.last_at) if counted is not None else (0, 0, None)
    return Form(row.id, row.name, row.key, row.source, tuple(row.origins), row.thanks_url, row.active, row.created_at, *counts)


async def _tell(
    tx: AsyncConnection, form_id: int, deed: str, by: int | None, now: datetime, facts: dict[str, Any] | None = None
) -> None:
    await record(tx, by, deed, "request_form", form_id, now=now, facts=facts)
    await event_log.append(
        tx, [Event(EventKind.PIPELINE_CHANGED, now, None, user_id=by, facts={"deed": deed, "form_id": form_id})]
    )
