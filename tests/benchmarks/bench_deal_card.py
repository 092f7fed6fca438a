"""The card of a deal with 500 timeline entries against a bare query for each kind of them and a plain template of the same rows.

The yardstick is one statement written by hand for the deal, each kind of entry and each panel beside them, and a template without
macros or translations, on the same engine, in the same words: moments, money and lengths by the same filters. It asks neither
who looks nor what the stage still lacks. Measured as the card opens (its newest page) and with all 500 shown; the worse counts.
"""

import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from jinja2 import Environment
from pydantic import SecretStr
from sqlalchemy import Select, insert, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.app import create_app
from api.web.render import look
from api.wiring import build
from crm_core.calls.tables import calls
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.db import Database
from crm_core.deals.card_queries import PAGE
from crm_core.deals.tables import deal_contacts, deals, notes, stage_history, stages
from crm_core.fields.tables import fields
from crm_core.meetings.tables import meetings
from crm_core.products.tables import deal_products, work_types
from crm_core.settings import Settings
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.audit import record
from crm_core.users.sessions import open_session
from crm_core.users.tables import Role, audit, users
from tests.benchmarks.figures import Figure
from tests.databases import fresh_sqlite, sqlite_template
from tests.office import Office

ENTRIES = 500
REQUESTS = 30
GOAL = 0.5
NOW = datetime.now(UTC)

Get = Callable[[int], Awaitable[httpx.Response]]


def run() -> Figure:
    with sqlite_template() as template, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), fresh_sqlite(template, Path(folder))))


async def _measure(folder: Path, url: str) -> Figure:
    context = build(Settings(data_dir=folder, database_url=SecretStr(url)))
    deal, session = await _filled(context.database)
    ours = httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(context)), base_url="http://127.0.0.1", cookies={"firstring_session": session}
    )
    bare = httpx.AsyncClient(transport=httpx.ASGITransport(_bare_app(context.database, deal)), base_url="http://127.0.0.1")
    ratios, explained = [], []
    for shown in (PAGE, ENTRIES):
        told, plain = await _in_turns(
            lambda count: ours.get(f"/deals/{deal}/card?shown={count}"), lambda count: bare.get(f"/?shown={count}"), shown
        )
        ratios.append(plain / told)
        explained.append(f"{shown} of {ENTRIES} entries: {told:.1f} ms ours, {plain:.1f} ms bare, {plain / told:.2f}")
    await context.database.close()
    return Figure("deal_card", min(ratios), GOAL, at_most=False, explained=tuple(explained))


async def _in_turns(ours: Get, bare: Get, shown: int) -> tuple[float, float]:
    """Milliseconds of CPU of the quickest of each: a busy neighbour only ever adds."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(REQUESTS):
        for times, get in zip(spent, (ours, bare), strict=True):
            gc.collect()
            began = time.process_time()
            answer = await get(shown)
            times.append(time.process_time() - began)
            answer.raise_for_status()
            if answer.text.count("moment") < shown:
                raise ValueError(f"{answer.text.count('moment')} entries, not {shown}")
    told, plain = (min(times[3:]) * 1000 for times in spent)
    return told, plain


async def _filled(database: Database) -> tuple[int, str]:
    office = await Office.opened(database)
    olga = await office.person("Olga", "101")
    head = await office.person("Head", role=Role.HEAD)
    contact = await office.contact("79161112233", "Pavel", olga, "Northern Warehouse")
    deal = await office.deal(contact, stage=0, owner=olga)
    strip = [row.id for row in await office.rows(stages)]
    async with database.write() as tx:
        await tx.execute(insert(stage_history), [
            {"deal_id": deal, "stage_id": strip[step], "from_stage_id": strip[step - 1] if step else None, "user_id": olga,
             "at": NOW - timedelta(days=60 - step * 10)} for step in range(6)
        ])  # fmt: skip
        await _calls_and_notes(tx, office, deal, contact, olga, strip)
        for number in range(5):
            meeting = await tx.execute(insert(meetings).values(
                deal_id=deal, user_id=olga, contact_id=contact, place="Lesnaya 5", at=NOW, state="held", held_at=NOW,
                agreements="yes", created_at=NOW,
            ))  # fmt: skip
            await record(tx, olga, "meeting_held", "meeting", int(meeting.inserted_primary_key[0]), now=_at(490 + number))
        for number in range(6):
            line = {"deal_id": deal, "name": f"Page {number}", "quantity": 2.0, "price": 100, "position": number}
            await tx.execute(insert(deal_products).values(line))
        return deal, await open_session(tx, head, now=NOW)


async def _calls_and_notes(tx: Any, office: Office, deal: int, contact: int, olga: int, strip: Sequence[int]) -> None:
    """Two calls, two notes and a task in turns."""
    called, noted, done = [], [], []
    for number in range(ENTRIES - 11):
        at = _at(number)
        if number % 5 < 2:
            called.append({
                "exchange_id": office.exchange.id, "key": f"k{number}", "direction": "inbound", "state": "ended",
                "started_at": at, "answered_at": at, "ended_at": at, "caller": "79161112233",
                "outcome": "answered", "wait_seconds": 2.0,
                "talk_seconds": 61.0, "contact_id": contact, "deal_id": deal, "stage_id": strip[5], "user_id": olga,
            })  # fmt: skip
        elif number % 5 < 4:
            noted.append({"deal_id": deal, "user_id": olga, "at": at, "text": f"He asks for the drawings of part {number}"})
        else:
            done.append({
                "kind": TaskKind.OTHER, "title": f"Send part {number}", "deal_id": deal, "contact_id": contact, "owner_id": olga,
                "due_at": at, "created_at": at, "done_at": at, "done_by": olga,
            })  # fmt: skip
    for table, rows in ((calls, called), (notes, noted), (tasks, done)):
        await tx.execute(insert(table), rows)


def _at(number: int) -> datetime:
    return NOW - timedelta(minutes=number)


PLAIN = """<h1>{{ deal.title or deal.contact_name }}{% if deal.amount %}, {{ deal.amount|money(deal.currency) }}{% endif %}</h1>
<p>{{ deal.company_name }} {{ deal.work_type_name }} {{ deal.owner_name }} {{ deal.created_at|since(now) }}</p>
<ol>{% for stage in strip %}<li title="{{ stage.name }}">{{ stage.short_name or stage.name }}</li>{% endfor %}</ol>
<div>{% for kind, at, row in entries %}<div class="moment"><b>{{ kind }}</b>
{% if kind == "call" %}<a href="/calls/{{ row.id }}">{{ row.direction }} {{ row.talk_seconds|clock }}</a> {{ row.outcome }}
{{ row.user_name }}
{% elif kind == "note" %}{{ row.text }} {{ row.user_name|plain(24) }}{% elif kind == "task" %}{{ row.title }} {{ row.done_name }}
{% elif kind == "move" %}{{ row.stage_name }} {{ row.user_name }} {{ row.reason }}
{% else %}{{ row.deed }} {{ row.place }} {{ row.agreements }}{% endif %}
<time datetime="{{ at.isoformat() }}" title="{{ at|full }}">{{ at|at(now) }}</time></div>{% endfor %}</div>
{% for group in beside %}<ul>{% for row in group %}<li>{% for value in row %}{{ value }} {% endfor %}</li>{% endfor %}</ul>
{% endfor %}"""


def _bare_app(database: Database, deal: int) -> Starlette:
    environment = Environment(autoescape=True)
    environment.filters.update(look("ru", ZoneInfo("Europe/Moscow")).wording.filters())
    template = environment.from_string(PLAIN)

    async def card(request: Request) -> Response:
        shown = int(request.query_params["shown"])
        async with database.read() as connection:
            head = (await connection.execute(_deal(deal))).one()
            strip = (await connection.execute(select(stages).where(stages.c.pipeline_id == head.pipeline_id))).all()
            found: list[Any] = []
            for kind, at, query in _timeline(deal, shown):
                found += [(kind, row._mapping[at], row) for row in await connection.execute(query)]
            found.sort(key=lambda entry: entry[1], reverse=True)
            beside = [(await connection.execute(query)).all() for query in _beside(deal)]
        return HTMLResponse(template.render(now=NOW, deal=head, strip=strip, entries=found[:shown], beside=beside))

    return Starlette(routes=[Route("/", card)])


def _deal(deal: int) -> Select[Any]:
    places = (
        deals.join(stages, stages.c.id == deals.c.stage_id)
        .outerjoin(contacts, contacts.c.id == deals.c.contact_id)
        .outerjoin(companies, companies.c.id == contacts.c.company_id)
        .outerjoin(users, users.c.id == deals.c.owner_id)
        .outerjoin(work_types, work_types.c.id == deals.c.work_type_id)
    )
    names = (stages.c.name.label("stage_name"), contacts.c.name.label("contact_name"), companies.c.name.label("company_name"),
             users.c.name.label("owner_name"), work_types.c.name.label("work_type_name"))  # fmt: skip
    return select(deals, *names).select_from(places).where(deals.c.id == deal)


def _timeline(deal: int, shown: int) -> list[tuple[str, str, Select[Any]]]:
    """A kind, where its moment stands, and its newest rows with the names that are shown."""
    name = users.c.name.label("user_name")
    told = meetings.join(audit, (audit.c.noun == "meeting") & (audit.c.noun_id == meetings.c.id))
    return [
        ("call", "started_at", select(calls, name).outerjoin(users, users.c.id == calls.c.user_id).where(calls.c.deal_id == deal)
         .order_by(calls.c.started_at.desc()).limit(shown)),
        ("note", "at", select(notes, name).join(users, users.c.id == notes.c.user_id).where(notes.c.deal_id == deal)
         .order_by(notes.c.at.desc()).limit(shown)),
        ("task", "done_at", select(tasks, users.c.name.label("done_name")).outerjoin(users, users.c.id == tasks.c.done_by)
         .where(tasks.c.deal_id == deal, tasks.c.done_at.is_not(None)).order_by(tasks.c.done_at.desc()).limit(shown)),
        ("move", "at", select(stage_history, stages.c.name.label("stage_name"), name)
         .join(stages, stages.c.id == stage_history.c.stage_id).outerjoin(users, users.c.id == stage_history.c.user_id)
         .where(stage_history.c.deal_id == deal).order_by(stage_history.c.at.desc()).limit(shown)),
        ("meeting", "told_at", select(meetings, audit.c.deed, audit.c.at.label("told_at")).select_from(told)
         .where(meetings.c.deal_id == deal).order_by(audit.c.at.desc()).limit(shown)),
    ]  # fmt: skip


def _beside(deal: int) -> list[Select[Any]]:
    people = contacts.join(deals, deals.c.contact_id == contacts.c.id).outerjoin(
        contact_numbers, contact_numbers.c.contact_id == contacts.c.id
    )
    return [
        select(tasks.c.title, tasks.c.due_at).where(tasks.c.deal_id == deal, tasks.c.done_at.is_(None)),
        select(contacts.c.name, contacts.c.position, contact_numbers.c.number).select_from(people).where(deals.c.id == deal),
        select(deal_contacts.c.role, deal_contacts.c.influence).where(deal_contacts.c.deal_id == deal),
        select(meetings.c.at, meetings.c.place, meetings.c.state).where(meetings.c.deal_id == deal),
        select(deal_products.c.name, deal_products.c.quantity, deal_products.c.price).where(deal_products.c.deal_id == deal),
        select(fields.c.name).where(fields.c.noun == "deal"),
    ]
