"""The admin's part of calls by a click: an exchange's rules and its login for dialling, and what a person may beyond them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.tables import exchanges
from crm_core.dialling.rules import DialRules, rules_of, stored_rules
from crm_core.errors import Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.exchanges.addresses import AmiAddress, has_line_break
from crm_core.secrets import SecretBox
from crm_core.text import clean
from crm_core.users.audit import record


async def set_rules(tx: AsyncConnection, exchange_id: int, rules: DialRules, *, now: datetime, by: int | None) -> None:
    """Raises Invalid, with the field, for rules that cannot be meant; NotFound."""
    await _change(tx, exchange_id, {"dial_rules": stored_rules(rules)}, "dial_rules_set", now, by)


async def set_dialler(
    tx: AsyncConnection, exchange_id: int, user: str, secret: str, box: SecretBox, *, now: datetime, by: int | None
) -> None:
    """The AMI user that places calls, a user of its own; an empty name takes click-to-call away. Raises Invalid, NotFound."""
    name = clean(user, 80).strip()
    if has_line_break(name + secret) or (name and not secret):
        raise Invalid("The dialler needs a user and a secret without line breaks", field="secret")
    if name and name == await tx.scalar(select(exchanges.c.ami_user).where(exchanges.c.id == exchange_id)):
        raise Invalid("The dialler is a user of its own: the reader changes nothing on the exchange", field="user")
    values = {"dial_user": name or None, "dial_secret": box.seal(secret) if name else None, "dial_secret_file": None}
    await _change(tx, exchange_id, values, "dialler_set" if name else "dialler_removed", now, by)


async def dialler_of(connection: AsyncConnection, exchange_id: int, box: SecretBox) -> tuple[AmiAddress, DialRules] | None:
    """Where and as whom to dial; None where click-to-call is not set up. Raises SettingsError for a secret of another key."""
    row = (await connection.execute(select(exchanges).where(exchanges.c.id == exchange_id, exchanges.c.active))).one_or_none()
    if row is None or not row.dial_user or not (row.dial_secret or row.dial_secret_file):
        return None
    secret = box.open(row.dial_secret) if row.dial_secret else ""
    files = (Path(name) if name else None for name in (row.ami_ca_file, row.dial_secret_file))
    address = AmiAddress(row.ami_host, row.ami_port, row.ami_tls, row.dial_user, secret, *files)
    return address, rules_of(row.dial_rules, row.region)


async def _change(
    tx: AsyncConnection, exchange_id: int, values: Mapping[str, object], deed: str, now: datetime, by: int | None
) -> None:
    changed = await tx.execute(update(exchanges).where(exchanges.c.id == exchange_id).values(values))
    if changed.rowcount != 1:
        raise NotFound(noun="exchanges", id=exchange_id)
    await record(tx, by, deed, "exchange", exchange_id, now=now)
    facts = {"exchange_id": exchange_id}
    await event_log.append(tx, [Event(EventKind.EXCHANGE_CHANGED, now, None, user_id=by, facts=facts)])
