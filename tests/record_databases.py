"""Databases in which exchanges keep their records: MariaDB with FreePBX's tables, PostgreSQL with cel_pgsql's and cdr_pgsql's."""

import asyncio
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pymysql
import pytest

from crm_core.exchanges.record_sources import SqlKind, SqlSource
from tests.databases import PostgresServer, postgres_server
from tests.product import free_port
from tests.requirements import requires_mariadb

__all__ = ["maria", "postgres_of_records", "requires_mariadb"]

USER, PASSWORD = "firstring", "pa:ss@word/%"
_serial = itertools.count(1)

# As FreePBX creates them (framework and cel modules): times are local and whole seconds, texts are cut.
FREEPBX_CDR = """CREATE TABLE cdr (calldate datetime NOT NULL DEFAULT '0000-00-00 00:00:00', clid varchar(80) NOT NULL DEFAULT '',
 src varchar(80) NOT NULL DEFAULT '', dst varchar(80) NOT NULL DEFAULT '', dcontext varchar(80) NOT NULL DEFAULT '',
 channel varchar(80) NOT NULL DEFAULT '', dstchannel varchar(80) NOT NULL DEFAULT '', lastapp varchar(80) NOT NULL DEFAULT '',
 lastdata varchar(80) NOT NULL DEFAULT '', duration int(11) NOT NULL DEFAULT 0, billsec int(11) NOT NULL DEFAULT 0,
 disposition varchar(45) NOT NULL DEFAULT '', amaflags int(11) NOT NULL DEFAULT 0, accountcode varchar(20) NOT NULL DEFAULT '',
 uniqueid varchar(32) NOT NULL DEFAULT '', userfield varchar(255) NOT NULL DEFAULT '', did varchar(50) NOT NULL DEFAULT '',
 recordingfile varchar(255) NOT NULL DEFAULT '', cnum varchar(80) NOT NULL DEFAULT '', cnam varchar(80) NOT NULL DEFAULT '',
 outbound_cnum varchar(80) NOT NULL DEFAULT '', outbound_cnam varchar(80) NOT NULL DEFAULT '',
 dst_cnam varchar(80) NOT NULL DEFAULT '', linkedid varchar(32) NOT NULL DEFAULT '', peeraccount varchar(80) NOT NULL DEFAULT '',
 sequence int(11) NOT NULL DEFAULT 0, KEY calldate (calldate), KEY dst (dst), KEY accountcode (accountcode),
 KEY uniqueid (uniqueid), KEY did (did), KEY recordingfile (recordingfile(191))) DEFAULT CHARSET=utf8mb4"""
FREEPBX_CEL = """CREATE TABLE cel (id int(11) NOT NULL AUTO_INCREMENT, eventtype varchar(30) NOT NULL,
 eventtime datetime NOT NULL, cid_name varchar(80) NOT NULL,
 cid_num varchar(80) NOT NULL, cid_ani varchar(80) NOT NULL, cid_rdnis varchar(80) NOT NULL,
 cid_dnid varchar(80) NOT NULL, exten varchar(80) NOT NULL, context varchar(80) NOT NULL, channame varchar(80) NOT NULL,
 appname varchar(80) NOT NULL, appdata varchar(80) NOT NULL, amaflags int(11) NOT NULL DEFAULT 0,
 accountcode varchar(20) NOT NULL DEFAULT '', uniqueid varchar(32) NOT NULL, linkedid varchar(32) NOT NULL,
 peer varchar(80) NOT NULL, userdeftype varchar(255) NOT NULL DEFAULT '', extra varchar(512) NOT NULL, PRIMARY KEY (id),
 KEY uniqueid_index (uniqueid), KEY linkedid_index (linkedid)) DEFAULT CHARSET=utf8mb4"""
QUEUE_LOG = """CREATE TABLE queue_log (id {serial}, time varchar(26) DEFAULT NULL, callid varchar(40) NOT NULL DEFAULT '',
 queuename varchar(40) NOT NULL DEFAULT '', agent varchar(40) NOT NULL DEFAULT '', event varchar(20) NOT NULL DEFAULT '',
 data varchar(100) NOT NULL DEFAULT '', data1 varchar(40) NOT NULL DEFAULT '', data2 varchar(40) NOT NULL DEFAULT '',
 data3 varchar(40) NOT NULL DEFAULT '', data4 varchar(40) NOT NULL DEFAULT '', data5 varchar(40) NOT NULL DEFAULT '')"""
# As the samples of cdr_pgsql and cel_pgsql have them: times with a zone.
PGSQL_CDR = """CREATE TABLE cdr (start timestamptz, answer timestamptz, "end" timestamptz, clid varchar(80), src varchar(80),
 dst varchar(80), dcontext varchar(80), channel varchar(80), dstchannel varchar(80), lastapp varchar(80), lastdata varchar(80),
 duration int, billsec int, disposition varchar(45), amaflags int, accountcode varchar(20), uniqueid varchar(150),
 userfield varchar(255), peeraccount varchar(80), linkedid varchar(150), sequence int)"""
PGSQL_CEL = """CREATE TABLE cel (id serial, eventtype varchar(30), eventtime timestamp, userdeftype varchar(255),
 cid_name varchar(80), cid_num varchar(80), cid_ani varchar(80), cid_rdnis varchar(80), cid_dnid varchar(80), exten varchar(80),
 context varchar(80), channame varchar(80), appname varchar(80), appdata text, amaflags int, accountcode varchar(20),
 peeraccount varchar(20), uniqueid varchar(150), linkedid varchar(150), userfield varchar(255), peer varchar(80), extra text)"""

Rows = Iterable[dict[str, Any]]


class RecordsDatabase:
    """A database of its own, as an exchange writes into it and we may only read from it."""

    def __init__(self, kind: SqlKind, host: str, port: int, name: str) -> None:
        self.kind, self.host, self.port, self.name = kind, host, port, name

    def source(self, table: str, **changed: Any) -> SqlSource:
        told = {"host": self.host, "port": self.port, "user": USER, "password": PASSWORD, **changed}
        return SqlSource(kind=self.kind, database=self.name, table=table, **told)

    def insert_now(self, table: str, rows: Rows) -> None:
        """For who cannot wait: in a thread with an event loop of its own."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(self.insert(table, rows))).result()

    async def run(self, *statements: str) -> None:
        for statement in statements:
            await self.write(statement, [()])

    async def insert(self, table: str, rows: Rows) -> None:
        """Each row by its columns' names."""
        for columns, some in itertools.groupby(rows, key=tuple):
            mark = (lambda place: "%s") if self.kind is SqlKind.MYSQL else (lambda place: f"${place}")
            named = ", ".join(f'"{one}"' if self.kind is SqlKind.POSTGRESQL else f"`{one}`" for one in columns)
            marks = ", ".join(mark(place) for place in range(1, len(columns) + 1))
            await self.write(f"INSERT INTO {table} ({named}) VALUES ({marks})", [tuple(row.values()) for row in some])

    async def write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        if self.kind is SqlKind.MYSQL:
            mode = "SET SESSION sql_mode=''"  # what is too long is cut, as FreePBX's own connection has it
            with pymysql.connect(
                unix_socket=self.host, user="root", database=self.name, autocommit=True, init_command=mode
            ) as connection:
                cursor = connection.cursor()
                _ = cursor.executemany(statement, rows) if rows != [()] else cursor.execute(statement)
            return
        admin = await asyncpg.connect(host=self.host, user="postgres", database=self.name)
        await (admin.executemany(statement, rows) if rows != [()] else admin.execute(statement))
        await admin.close()


class MariaServer:
    """A MariaDB of our own with its data in a temporary folder; nothing listens but a socket and a port of loopback."""

    def __init__(self, socket: str, port: int) -> None:
        self.socket, self.port = socket, port

    def fresh(self) -> RecordsDatabase:
        name = f"asteriskcdrdb{next(_serial)}"
        made = RecordsDatabase(SqlKind.MYSQL, self.socket, self.port, name)
        self._prepare(name)
        return made

    def _prepare(self, name: str) -> None:
        with pymysql.connect(unix_socket=self.socket, user="root", autocommit=True) as connection:
            cursor = connection.cursor()
            cursor.execute(f"CREATE DATABASE {name} DEFAULT CHARSET utf8mb4")
            for host in ("localhost", "127.0.0.1"):
                cursor.execute(f"CREATE USER IF NOT EXISTS '{USER}'@'{host}' IDENTIFIED BY %s", (PASSWORD,))
                cursor.execute(f"GRANT SELECT ON {name}.* TO '{USER}'@'{host}'")


@contextmanager
def maria_server() -> Iterator[MariaServer]:
    """Start it (some seconds), stop it at the end and remove its files."""
    folder = Path(tempfile.mkdtemp(prefix="firstring-maria-"))
    socket, port = str(folder / "sock"), free_port()
    # Its own way to the disk wants locked memory, of which there may be none left where others test, too.
    own = [
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        "--innodb-use-native-aio=0",
        *(["--user=root"] if os.geteuid() == 0 else []),
    ]
    _install([*own, "--auth-root-authentication-method=normal", "--skip-test-db"], folder)
    asked = [f"--socket={socket}", f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin",
             "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", f"--pid-file={folder / 'pid'}"]  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(["mariadbd", *own, *asked], stdout=log, stderr=log)
    try:
        _wait_for(socket, server, folder / "log")
        yield MariaServer(socket, port)
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _install(arguments: list[str], folder: Path) -> None:
    made = subprocess.run(["mariadb-install-db", *arguments], check=False, capture_output=True, text=True, timeout=120)
    if made.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise AssertionError(f"{made.stdout}\n{made.stderr}"[-2000:])


def _wait_for(socket: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30.0
    while time.monotonic() < until and server.poll() is None:
        if subprocess.run(["mariadb-admin", "--no-defaults", f"--socket={socket}", "-uroot", "ping"], capture_output=True,
                          check=False).returncode == 0:  # fmt: skip
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace")[-2000:])


def fresh_postgres(server: PostgresServer) -> RecordsDatabase:
    url = server.empty()
    name, host = url.split("@/")[1].partition("?")[0], url.rpartition("host=")[2]
    made = RecordsDatabase(SqlKind.POSTGRESQL, host, 5432, name)
    asyncio.run(made.run(
        f"DO $$ BEGIN CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {USER}",
    ))  # fmt: skip
    return made


@pytest.fixture(scope="session")
def maria(requires_mariadb: None) -> Iterator[MariaServer]:
    with maria_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_of_records() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server
