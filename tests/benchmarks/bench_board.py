"""The board of 2,000 open deals as it is fetched at each event, against a bare query and a plain template of the same cards.

The yardstick is one statement written by hand and a template without macros or translations, on the same engine, in the same
words: money, deadlines and initials by the same filters. It asks neither who looks nor for the sums above the columns.
"""

import asyncio
import tempfile
from functools import partial
from pathlib import Path

import httpx
from jinja2 import Environment
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.web.render import look
from crm_core.db import Database, UtcTime
from crm_core.deals.board import FIRST
from tests.benchmarks.deal_rows import NOW, office_with_deals
from tests.benchmarks.figures import Figure, least_cpu_of
from tests.databases import fresh_sqlite, sqlite_template

DEALS = 2000
ROUNDS = 25
GOAL = 0.5

CARDS = text(
    """
    SELECT d.id, d.title, d.amount, d.currency, d.stage_id, d.stage_since, d.created_at, d.source,
           c.name AS contact, f.name AS company, u.name AS owner, t.title AS task, t.due_at
    FROM (SELECT id, row_number() OVER (PARTITION BY stage_id ORDER BY stage_since DESC, id DESC) AS place
          FROM deals WHERE pipeline_id = 1 AND closed_at IS NULL) p
    JOIN deals d ON d.id = p.id
    LEFT JOIN contacts c ON c.id = d.contact_id
    LEFT JOIN companies f ON f.id = coalesce(d.company_id, c.company_id)
    LEFT JOIN users u ON u.id = d.owner_id
    LEFT JOIN tasks t ON t.id = (SELECT id FROM tasks WHERE deal_id = d.id AND done_at IS NULL ORDER BY due_at LIMIT 1)
    WHERE p.place <= :first ORDER BY d.stage_id, p.place
    """
).columns(due_at=UtcTime, stage_since=UtcTime, created_at=UtcTime)

PAGE = """
{% for stage, cards in rows|groupby("stage_id") %}<section><h2>{{ stage }}</h2><ol>
{% for card in cards %}<li id="card-{{ card.id }}">
<a href="/deals/{{ card.id }}">{{ card.company or card.contact or card.title }}</a>
<p>{% if card.amount %}{{ card.amount|money(card.currency) }} · {% endif %}{{ card.title }}</p>
<p>{% if card.task %}<span title="{{ card.task|plain }}, {{ card.due_at|full }}">{% if card.due_at < now %}
{{ card.task }} {{ card.due_at|due(now) }}
{% else %}{{ card.task }} {{ card.due_at|due_short(now) }}{% endif %}</span>{% else %}no task{% endif %}
<span title="{{ card.owner|plain }}" aria-label="{{ card.owner|plain }}">{{ card.owner|initials }}</span></p></li>
{% endfor %}</ol></section>{% endfor %}
"""


def run() -> Figure:
    with sqlite_template() as template, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), fresh_sqlite(template, Path(folder))))


async def _measure(folder: Path, url: str) -> Figure:
    context, ours = await office_with_deals(folder, url, DEALS)
    app = _bare(context.database, look("ru", context.settings.zone).wording.filters())
    bare = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")
    shown = [(await client.get(path)).text.count('id="card-') for client, path in ((ours, "/board/columns"), (bare, "/"))]
    if shown[0] != shown[1] or shown[0] != FIRST * 10:
        raise ValueError(f"not the same cards: {shown}")
    works = [partial(_fetched, client, path) for client, path in ((ours, "/board/columns"), (bare, "/"), (ours, "/board"))]
    for work in works:
        await work()
    told, plain, page = (seconds * 1000 for seconds in await least_cpu_of(*works, rounds=ROUNDS))
    await context.database.close()
    explained = (
        f"{shown[0]} cards of {DEALS} open deals: {told:.1f} ms of CPU ours, {plain:.1f} bare; the whole page with menu, strip "
        f"and filters {page:.1f} ms, {plain / page:.2f}",
    )
    return Figure("board", plain / told, GOAL, at_most=False, explained=explained)


def _bare(database: Database, filters: dict[str, object]) -> Starlette:
    environment = Environment(autoescape=True)
    environment.filters.update(filters)  # type: ignore[arg-type]
    template = environment.from_string(PAGE)

    async def cards(_request: Request) -> Response:
        async with database.read() as connection:
            rows = (await connection.execute(CARDS, {"first": FIRST})).all()
        return HTMLResponse(template.render(rows=rows, now=NOW))

    return Starlette(routes=[Route("/", cards)])


async def _fetched(client: httpx.AsyncClient, path: str) -> None:
    (await client.get(path)).raise_for_status()
