"""`firstring rederive`: the calls of a period derived again from the journal, what differs, and taking it in."""

import json
import sys
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from api.commands.ready import Desk, with_database
from api.web.why.labels import harmless
from crm_core.calls.events import Call
from crm_core.calls.ledger import IntakeRules
from crm_core.errors import Invalid, NotFound
from crm_core.exchanges import config, registry
from crm_core.settings import load_settings
from pbx.differing import SETTLED, Comparison, Difference, Kind, compare, take_in

SAID = {
    Kind.CHANGED: "is told otherwise now",
    Kind.ADDED: "has no row yet",
    Kind.JOINED: "is part of another call now",
    Kind.APART: "is two calls now; nothing is taken in",
    Kind.GONE: "is told of by nothing now; its row stays",
}


def rederive(exchange: str | None, since: str, until: str | None, *, apply: bool, as_json: bool) -> bool:
    """Prints each difference; True if none is left. Raises Invalid for times that cannot be read, NotFound for the exchange."""
    zone = ZoneInfo(load_settings().timezone)
    begin, end = _moment(since, zone), _moment(until, zone) if until else None

    async def work(desk: Desk) -> bool:
        return await _rederived(desk, exchange, begin, end, apply=apply, as_json=as_json)

    return with_database(work)


async def _rederived(
    desk: Desk, name: str | None, since: datetime, until: datetime | None, *, apply: bool, as_json: bool
) -> bool:
    settled = desk.now - SETTLED
    end = min(until or settled, settled)
    if since >= end:
        raise Invalid("--from must lie before --to, and both before the last two minutes: those are the listener's")
    async with desk.database.read() as connection:
        exchange = await config.unopened(connection, await _which(connection, name))
    same = unknown = differing = taken = 0
    async for window in compare(desk.database, exchange, since, end):
        same, unknown, differing = same + window.same, unknown + window.unknown, differing + len(window.differences)
        for found in window.differences:
            done = apply and await take_in(desk.database, exchange, found, now=desk.now, rules=IntakeRules.of(desk.settings))
            taken += done
            _print(found, taken_in=done, as_json=as_json)
        _warn(window)
    say = (
        f"{same} calls as they are, {differing} differ" + (f", {taken} taken in" if apply else "") + f", {unknown} cannot be told"
    )
    sys.stderr.write(f"firstring: {say}\n")
    return differing == taken


async def _which(connection: AsyncConnection, name: str | None) -> int:
    """Untold, the only one. Raises NotFound, and Invalid where several could be meant."""
    ids = {row.name: int(row.id) for row in await registry.listed(connection)}
    if name is not None and name not in ids:
        raise NotFound(f"There is no exchange named {name}; `firstring exchange list` names those there are")
    if not ids:
        raise NotFound("There is no exchange yet; `firstring exchange add` adds one")
    if name is None and len(ids) > 1:
        raise Invalid(f"Say whose calls with --exchange: {', '.join(ids)}")
    return ids[name] if name is not None else next(iter(ids.values()))


def _moment(told: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        raise Invalid(f"{told} is no time: write it like 2026-11-22 or 2026-11-22T10:30") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _print(found: Difference, *, taken_in: bool, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(_told(found, taken_in), ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{_line(found.call, found.call_id)} {SAID[found.kind]}{' (taken in)' if taken_in else ''}\n")
    for name, (before, after) in found.changed().items():
        sys.stdout.write(f"    {name}: {_value(before)} → {_value(after)}\n")


def _told(found: Difference, taken_in: bool) -> dict[str, Any]:
    return {
        "kind": found.kind.value, "id": found.call_id, "key": found.call.key, "taken_in": taken_in,
        "changed": {name: {"before": before, "after": after} for name, (before, after) in found.changed().items()},
    }  # fmt: skip


def _line(call: Call, call_id: int | None) -> str:
    began = datetime.fromtimestamp(call.started_at, ZoneInfo(load_settings().timezone))
    who = call.caller or "withheld"
    to = call.did or call.callee or "-"
    named = f"call {call_id}" if call_id is not None else f"call {call.key}"
    return harmless(f"{began:%Y-%m-%d %H:%M:%S}  {named}  {call.direction.value}  {who} → {to}")


def _value(value: Any) -> str:
    return harmless(json.dumps(value, ensure_ascii=False))


def _warn(window: Comparison) -> None:
    for batch_id, fault in window.faults:
        sys.stderr.write(f"firstring: batch {batch_id} of the journal cannot be derived: {harmless(fault)}\n")
