"""Exchanges are added, changed, switched off and listed here; their secrets are sealed before they are stored."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.tables import exchanges
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.exchanges import record_sources
from crm_core.exchanges.addresses import ami_address, has_line_break
from crm_core.exchanges.new_exchange import (
    NewExchange,
    address_of,
    require_secrets,
    require_sense,
    sources_of,
    with_kept_passwords,
)
from crm_core.rows import locked_row
from crm_core.secrets import SecretBox
from crm_core.settings import Settings
from crm_core.text import clean
from crm_core.users.audit import record

DEFAULT = "default"
LONGEST_PATH = 1000


async def add(tx: AsyncConnection, new: NewExchange, box: SecretBox, *, now: datetime, by: int | None = None) -> int:
    """Store an exchange; raises Conflict if the name is taken, Invalid, with the field, if it cannot be meant."""
    name = clean(new.name, 80).strip()
    if not name or has_line_break(name):
        raise Invalid("An exchange needs a name", field="name")
    require_sense(new)
    require_secrets(new)
    if await id_of(tx, name) is not None:
        raise Conflict(f"There is an exchange named {name} already")
    rules = {"context": new.dial_context} if new.dial_context else {}
    row = {**_values(new, box), "name": name, "created_at": now, "state_since": now, "dial_rules": rules}
    added: int = (await tx.execute(insert(exchanges).values(row).returning(exchanges.c.id))).scalar_one()
    await _tell(tx, added, "exchange_added", now, by)
    return added


async def change(
    tx: AsyncConnection,
    exchange_id: int,
    new: NewExchange,
    box: SecretBox,
    *,
    now: datetime,
    by: int | None,
    trusted: bool = False,
) -> None:
    """Replace what is known of an exchange, its name excepted; raises NotFound, and Invalid, with the field.

    `trusted`: whoever asks has this machine, and may have what is in a file of secrets taken elsewhere.
    """
    row = await locked_row(tx, exchanges, exchange_id)
    require_sense(new)
    require_secrets(new, row, trusted=trusted)
    new = replace(new, records=with_kept_passwords(sources_of(new), row, box), cel_file=None)
    await tx.execute(update(exchanges).where(exchanges.c.id == exchange_id).values(_values(new, box)))
    await _tell(tx, exchange_id, "exchange_changed", now, by)


async def described(connection: AsyncConnection, exchange_id: int) -> NewExchange:
    """An exchange as it is, its secrets left out: given back by `change` it keeps them. Raises NotFound."""
    row = (await connection.execute(select(exchanges).where(exchanges.c.id == exchange_id))).one_or_none()
    if row is None:
        raise NotFound(noun="exchanges", id=exchange_id)
    return NewExchange(
        name=row.name, ami=address_of(row), region=row.region, language=row.language, dialect=row.dialect,
        dial_user=row.dial_user, dial_secret_file=Path(row.dial_secret_file) if row.dial_secret_file else None,
        recordings_root=Path(row.recordings_root) if row.recordings_root else None,
        records=record_sources.stored(row.records, row.cel_file, None, None),
        trunks=tuple(row.trunks), extensions=tuple(row.extensions), own_numbers=tuple(row.own_numbers),
    )  # fmt: skip


async def set_active(tx: AsyncConnection, exchange_id: int, active: bool, *, now: datetime, by: int | None) -> None:
    """Begin or cease to listen to an exchange; its calls stay."""
    changed = await tx.execute(update(exchanges).where(exchanges.c.id == exchange_id).values(active=active))
    if changed.rowcount != 1:
        raise NotFound
    await _tell(tx, exchange_id, "exchange_switched_on" if active else "exchange_switched_off", now, by)


async def set_cel_file(tx: AsyncConnection, exchange_id: int, file: Path | None, *, now: datetime, by: int | None) -> None:
    """Where the exchange's own log of events is on this machine; raises NotFound."""
    changed = await tx.execute(update(exchanges).where(exchanges.c.id == exchange_id).values(cel_file=_path(file)))
    if changed.rowcount != 1:
        raise NotFound
    await _tell(tx, exchange_id, "exchange_changed", now, by)


async def note_state(
    tx: AsyncConnection, exchange_id: int, state: str, *, now: datetime, note: str | None = None, version: str | None = None
) -> None:
    """What the listener knows of its connection: new, connecting, up, down or refused, and why."""
    row = (await tx.execute(select(exchanges).where(exchanges.c.id == exchange_id).with_for_update())).one_or_none()
    if row is None:
        raise NotFound
    version = row.version if version is None else clean(version, 120)
    note = None if note is None else clean(note, 500)
    if (row.state, row.state_note, row.version) == (state, note, version):
        return
    since = row.state_since if row.state == state else now
    values = {"state": state, "state_since": since, "state_note": note, "version": version}
    await tx.execute(update(exchanges).where(exchanges.c.id == exchange_id).values(values))
    facts = {"exchange_id": exchange_id, "state": state}
    await event_log.append(tx, [Event(EventKind.EXCHANGE_CHANGED, now, None, facts=facts)])


async def from_settings(tx: AsyncConnection, settings: Settings, box: SecretBox, *, now: datetime) -> int | None:
    """Create or update the exchange `default` from the environment; None if it names none. Raises SettingsError."""
    if settings.ami_url is None:
        return None
    dial = settings.ami_dial_url and ami_address(settings.ami_dial_url.get_secret_value(), "FIRSTRING_AMI_DIAL_URL")
    new = NewExchange(
        name=DEFAULT,
        ami=ami_address(settings.ami_url.get_secret_value()),
        region=settings.region,
        dial_user=dial.user if dial else None,
        dial_secret=dial.secret if dial else None,
        recordings_root=settings.recordings_root,
        cel_file=settings.cel_file,
    )
    known = await id_of(tx, DEFAULT)
    if known is None:
        return await add(tx, new, box, now=now)
    await tx.execute(update(exchanges).where(exchanges.c.id == known).values(_told_by_environment(new, box)))
    return known


async def listed(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """All exchanges without their secrets, by id."""
    shown = [column for column in exchanges.c if column.name not in ("ami_secret", "dial_secret", "records_secret")]
    return (await connection.execute(select(*shown).order_by(exchanges.c.id))).all()


async def id_of(tx: AsyncConnection, name: str) -> int | None:
    """The exchange of that name, if there is one."""
    return await tx.scalar(select(exchanges.c.id).where(exchanges.c.name == name))


def _values(new: NewExchange, box: SecretBox) -> dict[str, Any]:
    return {
        "dialect": new.dialect, "region": new.region, "language": new.language, "recordings_root": _path(new.recordings_root),
        **sources_of(new).row(box), **_logins(new, box), "trunks": list(new.trunks), "extensions": list(new.extensions),
        "own_numbers": _numbers(new.own_numbers),
    }  # fmt: skip


def _told_by_environment(new: NewExchange, box: SecretBox) -> dict[str, Any]:
    """Only what the environment says: trunks, own numbers, an authority's file and the like are set elsewhere and stay."""
    told: dict[str, Any] = {**_logins(new, box), "region": new.region, "active": True}
    del told["ami_ca_file"]
    if new.recordings_root is not None:
        told["recordings_root"] = _path(new.recordings_root)
    if new.cel_file is not None:
        told["cel_file"] = _path(new.cel_file)
    return told


def _logins(new: NewExchange, box: SecretBox) -> dict[str, Any]:
    return {
        "ami_host": new.ami.host, "ami_port": new.ami.port, "ami_tls": new.ami.tls, "ami_user": new.ami.user,
        "ami_ca_file": _path(new.ami.ca_file), "dial_user": new.dial_user,
        **_secret("ami", new.ami.secret, new.ami.secret_file, box),
        **(_secret("dial", new.dial_secret or "", new.dial_secret_file, box) if new.dial_user else _NO_DIALLER),
    }  # fmt: skip


_NO_DIALLER = {"dial_secret": None, "dial_secret_file": None}


def _secret(whose: str, secret: str, file: Path | None, box: SecretBox) -> dict[str, Any]:
    """Sealed, or where it is read; nothing where it is kept."""
    if file is not None:
        return {f"{whose}_secret": "" if whose == "ami" else None, f"{whose}_secret_file": _path(file)}
    return {f"{whose}_secret": box.seal(secret), f"{whose}_secret_file": None} if secret else {}


def _path(told: Path | None) -> str | None:
    return (clean(str(told), LONGEST_PATH) or None) if told else None


def _numbers(numbers: Sequence[str]) -> list[str]:
    return sorted({digits for number in numbers if (digits := "".join(sign for sign in number if sign.isdecimal()))})


async def _tell(tx: AsyncConnection, exchange_id: int, deed: str, now: datetime, by: int | None) -> None:
    await record(tx, by, deed, "exchange", exchange_id, now=now)
    facts = {"exchange_id": exchange_id}
    await event_log.append(tx, [Event(EventKind.EXCHANGE_CHANGED, now, None, user_id=by, facts=facts)])
