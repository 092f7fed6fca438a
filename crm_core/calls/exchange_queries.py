"""Reads of exchanges: what each is set to and how it stands. Their secrets are not read here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, require
from crm_core.calls.tables import exchanges
from crm_core.errors import NotFound


@dataclass(frozen=True, slots=True)
class ExchangeLine:
    """`state`: new, connecting, up, down or refused, since `state_since`, with `state_note` in words. `records`: where its own
    records are, as `crm_core.exchanges.record_sources` tells."""

    id: int
    name: str
    dialect: str
    region: str
    language: str | None
    ami_host: str
    ami_port: int
    ami_tls: bool
    ami_user: str
    ami_ca_file: str | None
    ami_secret_file: str | None
    dial_user: str | None
    dial_secret_file: str | None
    recordings_root: str | None
    cel_file: str | None
    records: Mapping[str, Any]
    trunks: tuple[str, ...]
    extensions: tuple[str, ...]
    own_numbers: tuple[str, ...]
    active: bool
    state: str
    state_since: datetime | None
    state_note: str | None
    version: str | None


SHOWN = [exchanges.c[name] for name in ExchangeLine.__dataclass_fields__]


async def list_exchanges(connection: AsyncConnection, actor: Actor) -> tuple[ExchangeLine, ...]:
    """All exchanges by name; raises Forbidden for roles that have nothing to do with them."""
    require(actor, Right.SEE_EXCHANGES)
    return tuple(_line(row) for row in await connection.execute(select(*SHOWN).order_by(exchanges.c.name)))


async def exchange(connection: AsyncConnection, actor: Actor, exchange_id: int) -> ExchangeLine:
    """Raises Forbidden by role, NotFound where there is none."""
    require(actor, Right.SEE_EXCHANGES)
    row = (await connection.execute(select(*SHOWN).where(exchanges.c.id == exchange_id))).one_or_none()
    if row is None:
        raise NotFound(noun="exchanges", id=exchange_id)
    return _line(row)


def _line(row: Any) -> ExchangeLine:
    facts = dict(row._mapping)
    for name in ("trunks", "extensions", "own_numbers"):
        facts[name] = tuple(facts[name])
    return ExchangeLine(**facts)
