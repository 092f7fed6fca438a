"""What a listener must know of its exchange: the row of `exchanges` with its secrets opened."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import exchanges
from crm_core.errors import NotFound
from crm_core.exchanges import record_sources
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.learned_lines import NOTHING, Learned
from crm_core.exchanges.record_sources import NOWHERE, CsvSource, RecordSources, SqlSource
from crm_core.secrets import SecretBox


@dataclass(frozen=True, slots=True)
class ExchangeConfig:
    id: int
    name: str
    dialect: str
    region: str
    language: str | None
    ami_host: str
    ami_port: int
    ami_tls: bool
    ami_user: str
    ami_secret: str = field(repr=False)
    dial_user: str | None
    dial_secret: str | None = field(repr=False)
    recordings_root: Path | None
    cel_file: Path | None  # its own log of events, as this machine sees it
    trunks: tuple[str, ...]  # globs on channel names
    extensions: tuple[str, ...]
    own_numbers: frozenset[str]  # digits without +; empty: not told
    house_numbers: frozenset[str]  # the own numbers of all exchanges of the house
    learned: Learned = field(default=NOTHING, compare=False)  # what it told of its lines when it was heard last
    records: RecordSources = NOWHERE  # its own records; `cel_file` is among them
    ami_ca_file: Path | None = None  # whose certificates count with TLS; None: those this machine trusts
    ami_secret_file: Path | None = None  # read at each connection, instead of the secret above
    dial_secret_file: Path | None = None

    def __post_init__(self) -> None:
        if self.cel_file is not None and not isinstance(self.records.cel, SqlSource):
            object.__setattr__(self, "records", replace(self.records, cel=CsvSource(self.cel_file)))

    @property
    def reader(self) -> AmiAddress:
        """Where and as whom to listen."""
        return AmiAddress(
            self.ami_host, self.ami_port, self.ami_tls, self.ami_user, self.ami_secret, self.ami_ca_file, self.ami_secret_file
        )

    @property
    def dialler(self) -> AmiAddress | None:
        """Where and as whom to dial; None where click-to-call is not set up."""
        if not self.dial_user or not (self.dial_secret or self.dial_secret_file):
            return None
        return AmiAddress(
            self.ami_host, self.ami_port, self.ami_tls, self.dial_user, self.dial_secret or "", self.ami_ca_file,
            self.dial_secret_file,
        )  # fmt: skip


async def load(connection: AsyncConnection, name: str, box: SecretBox) -> ExchangeConfig:
    """One exchange by its name; raises NotFound, and SettingsError if its secret was sealed under another key."""
    rows = await _rows(connection)
    for row in rows:
        if row.name == name:
            return _config(row, _house(rows), box)
    raise NotFound(f"There is no exchange named {name}; `firstring exchange list` names those there are")


async def of_id(connection: AsyncConnection, exchange_id: int, box: SecretBox) -> ExchangeConfig:
    """As `load`, by its id."""
    rows = await _rows(connection)
    for row in rows:
        if row.id == exchange_id:
            return _config(row, _house(rows), box)
    raise NotFound(noun="exchanges", id=exchange_id)


async def unopened(connection: AsyncConnection, exchange_id: int) -> ExchangeConfig:
    """For whoever reads what the exchange said and never calls on it: its secrets stay sealed. Raises NotFound."""
    rows = await _rows(connection)
    for row in rows:
        if row.id == exchange_id:
            return _config(row, _house(rows), None)
    raise NotFound(noun="exchanges", id=exchange_id)


async def active(connection: AsyncConnection, box: SecretBox) -> list[ExchangeConfig]:
    """The exchanges to listen to, without those whose secrets cannot be opened: `locked` names them."""
    rows = await _rows(connection)
    return [_config(row, _house(rows), box) for row in rows if row.active and _opens(row, box)]


async def locked(connection: AsyncConnection, box: SecretBox) -> list[tuple[int, str]]:
    """Id and name of each exchange that should be listened to and whose secrets were sealed under another key."""
    return [(row.id, row.name) for row in await _rows(connection) if row.active and not _opens(row, box)]


async def _rows(connection: AsyncConnection) -> Sequence[Row[Any]]:
    return (await connection.execute(select(exchanges).order_by(exchanges.c.id))).all()


def _house(rows: Sequence[Row[Any]]) -> frozenset[str]:
    return frozenset(number for row in rows for number in row.own_numbers)


def _opens(row: Row[Any], box: SecretBox) -> bool:
    return all(box.opens(sealed) for sealed in (row.ami_secret, row.dial_secret, row.records_secret) if sealed)


def _config(row: Row[Any], house: frozenset[str], box: SecretBox | None) -> ExchangeConfig:
    records = record_sources.stored(row.records, row.cel_file, row.records_secret, box)
    return ExchangeConfig(
        id=row.id, name=row.name, dialect=row.dialect, region=row.region, language=row.language,
        ami_host=row.ami_host, ami_port=row.ami_port, ami_tls=row.ami_tls, ami_user=row.ami_user,
        ami_secret=box.open(row.ami_secret) if box and row.ami_secret else "",
        dial_user=row.dial_user, dial_secret=box.open(row.dial_secret) if box and row.dial_secret else None,
        recordings_root=_path(row.recordings_root),
        cel_file=records.cel.file if isinstance(records.cel, CsvSource) else None,
        trunks=tuple(row.trunks), extensions=tuple(row.extensions),
        own_numbers=frozenset(row.own_numbers), house_numbers=house, learned=Learned.of_json(row.learned),
        records=records, ami_ca_file=_path(row.ami_ca_file), ami_secret_file=_path(row.ami_secret_file),
        dial_secret_file=_path(row.dial_secret_file),
    )  # fmt: skip


def _path(kept: str | None) -> Path | None:
    return Path(kept) if kept else None
