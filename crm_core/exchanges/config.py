"""What a listener must know of its exchange: the row of `exchanges` with its secrets opened."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import exchanges
from crm_core.errors import NotFound
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
    trunks: tuple[str, ...]  # globs on channel names
    extensions: tuple[str, ...]
    own_numbers: frozenset[str]  # digits without +; empty: not told
    house_numbers: frozenset[str]  # the own numbers of all exchanges of the house


async def load(connection: AsyncConnection, name: str, box: SecretBox) -> ExchangeConfig:
    """One exchange by its name; raises NotFound, and SettingsError if its secret was sealed under another key."""
    found = await _all(connection, box, only=name)
    if not found:
        raise NotFound(f"There is no exchange named {name}; `firstring exchange list` names those there are")
    return found[0]


async def active(connection: AsyncConnection, box: SecretBox) -> list[ExchangeConfig]:
    """The exchanges to listen to."""
    return await _all(connection, box, only=None)


async def _all(connection: AsyncConnection, box: SecretBox, only: str | None) -> list[ExchangeConfig]:
    rows = (await connection.execute(select(exchanges).order_by(exchanges.c.id))).all()
    house = frozenset(number for row in rows for number in row.own_numbers)
    wanted = [row for row in rows if (row.active if only is None else row.name == only)]
    return [_config(row, house, box) for row in wanted]


def _config(row: Row[Any], house: frozenset[str], box: SecretBox) -> ExchangeConfig:
    return ExchangeConfig(
        id=row.id, name=row.name, dialect=row.dialect, region=row.region, language=row.language,
        ami_host=row.ami_host, ami_port=row.ami_port, ami_tls=row.ami_tls, ami_user=row.ami_user,
        ami_secret=box.open(row.ami_secret),
        dial_user=row.dial_user, dial_secret=box.open(row.dial_secret) if row.dial_secret else None,
        recordings_root=Path(row.recordings_root) if row.recordings_root else None,
        trunks=tuple(row.trunks), extensions=tuple(row.extensions),
        own_numbers=frozenset(row.own_numbers), house_numbers=house,
    )  # fmt: skip
