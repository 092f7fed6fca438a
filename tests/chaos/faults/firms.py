"""The product under fire: one tree on SQLite, or processes apart on PostgreSQL and Redis. Whoever dies is started again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psutil

from tests.chaos.faults.clocks import Clock, clock_of, variables
from tests.databases import PostgresServer, postgres_server
from tests.file_stores import BadWire, access_to, s3_server
from tests.processes.apart import Apart, apart
from tests.processes.redis_server import RedisServer, redis_server
from tests.product import Product

PARTS = ("web", "listen", "listen", "work", "work")
DISK = 400
"""Megabytes, and a quarter of one for each call: what is kept of it takes a tenth."""


class Firm(Protocol):
    """`url`: of its database; `web`: where it answers; `folder`: whose disk it fills; `clock`: what it takes the time from."""

    url: str
    folder: Path
    clock: Clock | None

    @property
    def web(self) -> Product: ...
    def processes(self) -> list[psutil.Process]: ...
    def revive(self) -> None:
        """As a service manager does: start again what ended."""


class OnSqlite:
    """`folder` is a small disk of its own where one may be mounted."""

    def __init__(self, folder: Path, clock: Clock | None, settings: dict[str, str]) -> None:
        self.folder = folder
        self.clock = clock
        self.file = folder / "var" / "firstring.db"
        self.url = f"sqlite+aiosqlite:///{self.file}"
        self.web = Product(folder / "var", "serve", None, **settings)

    def processes(self) -> list[psutil.Process]:
        return self.web.tree()

    def revive(self) -> None:
        _revive(self.web)


class OnPostgres:
    """Its recordings are in S3, behind a wire that may fail."""

    def __init__(
        self, folder: Path, clock: Clock | None, parts: Apart, server: PostgresServer, redis: RedisServer, store: BadWire
    ) -> None:
        self.url = parts.settings["DATABASE_URL"]
        self.folder = folder
        self.clock = clock
        self.server = server
        self.redis = redis
        self.store = store
        self._parts = parts

    @property
    def web(self) -> Product:
        return self._parts.all[0]

    def processes(self) -> list[psutil.Process]:
        return [process for one in self._parts.all for process in one.tree()]

    def workers(self) -> list[psutil.Process]:
        return [process for one in self._parts.of("work") for process in one.tree()]

    def revive(self) -> None:
        for one in self._parts.all:
            _revive(one)


def _revive(product: Product) -> None:
    if product.process is None or product.process.poll() is not None:
        product.process = None
        product.start(ready=False)


@contextmanager
def on_sqlite(folder: Path, settings: dict[str, str], calls: int) -> Iterator[OnSqlite]:
    with _disk(folder, DISK + calls // 4) as disk, clock_of(folder) as clock:
        firm = OnSqlite(disk, clock, settings)
        try:
            firm.web.start(ready=False)
            firm.web.wait_ready(180)
            yield firm
        finally:
            firm.web.kill_tree()


@contextmanager
def on_postgres(folder: Path, settings: dict[str, str]) -> Iterator[OnPostgres]:
    with (
        postgres_server() as server,
        redis_server() as redis,
        s3_server() as s3,
        BadWire(s3.endpoint) as store,
        variables(**access_to(store.endpoint)),
        clock_of(folder) as clock,
        apart(folder, server.empty(), REDIS_URL=redis.url, FILES_URL=f"s3://{s3.bucket()}", **settings) as parts,
    ):
        for part in PARTS:
            parts.add(part)
        firm = OnPostgres(folder, clock, parts, server, redis, store)
        firm.web.wait_ready(180)
        yield firm


@contextmanager
def _disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own that may be filled without harm; a plain folder for who may not mount one."""
    disk = folder / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(disk)]
    mounted = os.geteuid() == 0 and subprocess.run(command, check=False).returncode == 0
    try:
        yield disk
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(disk)], check=False)
