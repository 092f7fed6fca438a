"""What the product kept of a load: its calls as the contract tells them, the journal, the gaps."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from api.rest.call_told import call_told
from crm_core.access import Actor
from crm_core.calls.queries import CallFilters
from crm_core.calls.whole_queries import whole_calls
from crm_core.db import Database
from crm_core.users.tables import Role

ADMIN = Actor(0, Role.ADMIN, "the test", may_listen=True)
PAGE = 200
NOT_UP = "the exchange is not up"


def calls(data: Path) -> list[dict[str, Any]]:
    """As REST gives them, oldest first, but `recordings` are the announced names, as replay gives them."""
    told = asyncio.run(_calls(data))
    with _opened(data) as database:
        announced = {row["id"]: json.loads(row["announced"]) for row in database.execute("SELECT id, announced FROM calls")}
    return [call | {"recordings": sorted(Path(name).name for name in announced[call["id"]])} for call in told]


async def _calls(data: Path) -> list[dict[str, Any]]:
    database = Database(f"sqlite+aiosqlite:///{data / 'firstring.db'}")
    found: list[dict[str, Any]] = []
    cursor = None
    try:
        async with database.read() as connection:
            while True:
                page = await whole_calls(connection, ADMIN, CallFilters(), sort="started_at", cursor=cursor, limit=PAGE)
                found += [call_told(call) for call in page.items]
                if (cursor := page.next_cursor) is None:
                    return found
    finally:
        await database.close()


def unsettled(data: Path) -> str:
    """What the listener is not done with; empty when it is."""
    with _opened(data) as database:
        open_calls = database.execute("SELECT count(*) FROM calls WHERE ended_at IS NULL").fetchone()[0]
        gaps = database.execute("SELECT count(*) FROM gaps WHERE filled_at IS NULL").fetchone()[0]
        state = database.execute("SELECT state FROM exchanges").fetchone()
    found = [f"{open_calls} calls open"] if open_calls else []
    found += [f"{gaps} gaps not filled"] if gaps else []
    found += [] if state and state[0] == "up" else [f"{NOT_UP} but {state and state[0]}"]
    return ", ".join(found)


def is_up(data: Path) -> bool:
    """Whether the listener says so; not while there are no tables yet."""
    try:
        return NOT_UP not in unsettled(data)
    except sqlite3.OperationalError:
        return False


def gaps(data: Path) -> list[dict[str, Any]]:
    with _opened(data) as database:
        return [dict(row) for row in database.execute("SELECT * FROM gaps ORDER BY lost_at")]


def holes_in_the_journal(data: Path) -> list[str]:
    """Each connection's bytes must follow one on another from its first."""
    reached: dict[str, int] = {}
    found = []
    with _opened(data) as database:
        for row in database.execute(
            'SELECT connection, "offset", length(data) AS size FROM journal ORDER BY connection, "offset"'
        ):
            expected = reached.get(row["connection"], 0)
            if row["offset"] != expected:
                found.append(f"{row['connection']}: {row['offset']} follows {expected}")
            reached[row["connection"]] = row["offset"] + row["size"]
    return found


def journal_sums(data: Path) -> dict[str, tuple[int, int]]:
    """Batches and bytes by source."""
    with _opened(data) as database:
        rows = database.execute("SELECT source, count(*), sum(length(data)) FROM journal GROUP BY source")
        return {source: (batches, size or 0) for source, batches, size in rows}


def faults(data: Path) -> list[str]:
    with _opened(data) as database:
        return [row["fault"] for row in database.execute("SELECT fault FROM journal WHERE fault IS NOT NULL")]


@contextmanager
def _opened(data: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{data / 'firstring.db'}?mode=ro", uri=True, timeout=30)) as database:
        database.row_factory = sqlite3.Row
        yield database
