"""Where an exchange keeps its own records: the shape of `exchanges.records`, with the passwords that are sealed beside it.

    {"cel": S, "cdr": S, "queue_log": S, "timezone": "Europe/Moscow"}

each optional; S is `{"kind": "csv", "file": "/path"}` or `{"kind": "mysql" | "postgresql", "host", "port", "database", "user",
"table"}`. The passwords are sealed together as `{"cel": "…"}`. A `cel_file` is the same as a `cel` that is a CSV file.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crm_core.errors import Invalid
from crm_core.secrets import SecretBox
from crm_core.text import clean

KINDS = ("cel", "cdr", "queue_log")
LONGEST = 255
LONGEST_PATH = 1000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_$]{0,62})?")
_HOST = re.compile(r"[A-Za-z0-9_.:%\[\]-]{1,255}|/[^\0\r\n]{1,255}")


class SqlKind(StrEnum):
    MYSQL = "mysql"  # and MariaDB
    POSTGRESQL = "postgresql"


PORTS = {SqlKind.MYSQL: 3306, SqlKind.POSTGRESQL: 5432}


@dataclass(frozen=True, slots=True)
class CsvSource:
    """A file that the exchange appends to; rotated ones beside it belong to it. A queue_log is called CSV, too."""

    file: Path

    @property
    def place(self) -> str:
        """For people."""
        return str(self.file)


@dataclass(frozen=True, slots=True)
class SqlSource:
    """A table. `host` may be a folder with a socket (PostgreSQL) or the socket itself (MySQL)."""

    kind: SqlKind
    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    table: str

    @property
    def place(self) -> str:
        """For people: without the password."""
        return f"{self.kind}: {self.database}.{self.table} at {self.host}"


Source = CsvSource | SqlSource


@dataclass(frozen=True, slots=True)
class RecordSources:
    """`timezone`: in which the exchange writes local times (CDR, and CEL in a database); by default its ids tell."""

    cel: Source | None = None
    cdr: Source | None = None
    queue_log: Source | None = None
    timezone: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Without passwords."""
        told: dict[str, Any] = {name: _json_of(source) for name, source in self.by_name().items()}
        return told if self.timezone is None else {**told, "timezone": self.timezone}

    def passwords(self) -> dict[str, str]:
        return {name: one.password for name, one in self.by_name().items() if isinstance(one, SqlSource) and one.password}

    def by_name(self) -> dict[str, Source]:
        """Those that there are."""
        every = {"cel": self.cel, "cdr": self.cdr, "queue_log": self.queue_log}
        return {name: source for name, source in every.items() if source is not None}

    @staticmethod
    def of_json(told: Mapping[str, Any], passwords: Mapping[str, str] | None = None) -> "RecordSources":
        """Raises Invalid, naming what cannot be meant."""
        sources = {name: _source(name, told[name], (passwords or {}).get(name, "")) for name in KINDS if told.get(name)}
        return RecordSources(**sources, timezone=_timezone(told.get("timezone")))

    def row(self, box: SecretBox) -> dict[str, Any]:
        """What is stored of them in `exchanges`: CEL in a file has its own column."""
        cel_file = self.cel.file if isinstance(self.cel, CsvSource) else None
        told = self.to_json()
        if cel_file is not None:
            del told["cel"]
        secrets = self.passwords()
        sealed = box.seal(json.dumps(secrets)) if secrets else None
        return {"cel_file": str(cel_file) if cel_file else None, "records": told, "records_secret": sealed}


NOWHERE = RecordSources()


def stored(records: Mapping[str, Any] | None, cel_file: str | None, secret: str | None, box: SecretBox | None) -> RecordSources:
    """What a row of `exchanges` tells; without a box the passwords stay sealed. Raises SettingsError for another key.

    What cannot be meant there is as if it were not told: an exchange with wrong records is still listened to.
    """
    told = dict(records or {})
    if cel_file and not told.get("cel"):
        told["cel"] = {"kind": "csv", "file": cel_file}
    passwords = _passwords(box.open(secret)) if box and secret else {}
    try:
        return RecordSources.of_json(told, passwords)
    except Invalid:
        return RecordSources(cel=CsvSource(Path(cel_file))) if cel_file else RecordSources()


def _passwords(opened: str) -> dict[str, str]:
    told = json.loads(opened)
    return {str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else {}


def _json_of(source: Source) -> dict[str, Any]:
    if isinstance(source, CsvSource):
        return {"kind": "csv", "file": str(source.file)}
    return {"kind": str(source.kind), "host": source.host, "port": source.port, "database": source.database,
            "user": source.user, "table": source.table}  # fmt: skip


def _source(name: str, told: Any, password: str) -> Source:
    if not isinstance(told, Mapping):
        raise Invalid(f"{name}: not a source of records")
    if told.get("kind") == "csv":
        file = clean(str(told.get("file") or ""), LONGEST_PATH).strip()
        if not file.startswith("/"):
            raise Invalid(f"{name}: a file needs its whole path")
        return CsvSource(Path(file))
    return _sql_source(name, told, password)


def _sql_source(name: str, told: Mapping[str, Any], password: str) -> SqlSource:
    if told.get("kind") not in [str(kind) for kind in SqlKind]:
        raise Invalid(f"{name}: kind is one of csv, mysql, postgresql")
    kind = SqlKind(told["kind"])
    text = {key: clean(str(told.get(key) or ""), LONGEST).strip() for key in ("host", "database", "user", "table")}
    missing = [key for key, value in text.items() if not value]
    if missing:
        raise Invalid(f"{name}: {', '.join(missing)} is missing")
    if not _HOST.fullmatch(text["host"]):
        raise Invalid(f"{name}: there can be no such host")
    if not _NAME.fullmatch(text["table"]):
        raise Invalid(f"{name}: there can be no such table")
    return SqlSource(
        kind, text["host"], _port(name, told.get("port"), kind), text["database"], text["user"], password, text["table"]
    )


def _port(name: str, told: Any, kind: SqlKind) -> int:
    if told in (None, ""):
        return PORTS[kind]
    written = str(told)
    if not written.isascii() or not written.isdigit() or not 0 < int(written[:6]) < 65536:
        raise Invalid(f"{name}: a port is a number from 1 to 65535")
    return int(written)


def _timezone(told: Any) -> str | None:
    if not told:
        return None
    try:
        return ZoneInfo(str(told)).key
    except (KeyError, ValueError, OSError) as error:  # unknown, no such name, or a folder of them
        raise Invalid(f"There is no time zone {clean(str(told), 60)}") from error
