"""`firstring reconcile`: our calls × the exchange's own records × files on disk, and mending what differs."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from api import wiring
from api.audit.auditing import Findings
from api.audit.job import auditor, kept, repaired
from api.context import AppContext
from api.locking import make_data_dir
from api.web.why.labels import harmless
from crm_core import days
from crm_core.errors import Invalid, NotFound
from crm_core.exchanges import config, registry
from crm_core.exchanges.config import ExchangeConfig
from crm_core.migrations.upgrade import upgrade
from crm_core.settings import load_settings
from crm_core.trust.differences import Difference, Kind
from crm_core.trust.told import Witness

MOST_DAYS = 366
LONGEST_LINE = 400  # characters
SAID = {
    Kind.MISSING: "only the exchange knows this call",
    Kind.UNKNOWN: "the exchange does not know this call",
    Kind.DOUBLED: "one call of the exchange is several here",
    Kind.MERGED: "one call here is several of the exchange's",
    Kind.OPEN: "it is over, and here it still goes on",
    Kind.OUTCOME: "it ended otherwise",
    Kind.TALK: "the talk differs by more than a second",
    Kind.AUDIO_MISSING: "a recording was announced, and its file is nowhere",
    Kind.AUDIO_WAITING: "its recording lies on the exchange and was not taken",
    Kind.AUDIO_LOST: "its recording was kept, and the file is gone from our storage",
    Kind.AUDIO_ALONE: "audio without a call",
}
NAMES = {Witness.OURS: "here", Witness.CEL: "CEL", Witness.CDR: "CDR", Witness.QUEUE_LOG: "queue_log"}


def reconcile(exchange: str | None, since: str | None, until: str | None, *, repair: bool, as_json: bool) -> bool:
    """Prints each difference; True if none is left. Raises Invalid for days that cannot be meant, NotFound for the exchange."""
    settings = load_settings()
    today = days.day_of(datetime.now(UTC), settings.zone)
    first, last = _day(since, today - timedelta(days=1)), _day(until, today)
    if first > last or last > today or (last - first).days >= MOST_DAYS:
        raise Invalid("--from must not be after --to, nor --to after today; a year at most at once")
    return asyncio.run(_opened(exchange, [first + timedelta(days=n) for n in range((last - first).days + 1)], repair, as_json))


async def _opened(name: str | None, wanted: Sequence[date], repair: bool, as_json: bool) -> bool:
    settings = load_settings()
    make_data_dir(settings.data_dir)
    await upgrade(settings.database)
    context = wiring.build(settings)
    try:
        agree = [
            await _reconciled(context, exchange, day, repair=repair, as_json=as_json)
            for exchange in await _exchanges(context, name)
            for day in wanted
        ]
        return all(agree)
    finally:
        await context.database.close()


async def _exchanges(context: AppContext, name: str | None) -> list[ExchangeConfig]:
    async with context.database.read() as connection:
        if name is not None:
            return [await config.load(connection, name, context.box)]
        names = [row.name for row in await registry.listed(connection) if row.active]
        if not names:
            raise NotFound("There is no exchange yet; `firstring exchange add` adds one")
        return [await config.load(connection, name, context.box) for name in names]


async def _reconciled(context: AppContext, exchange: ExchangeConfig, day: date, *, repair: bool, as_json: bool) -> bool:
    found = await auditor(context).audit(exchange, day)
    _print(found, exchange.name, context.settings.zone, as_json=as_json)
    async with context.database.write() as tx:
        await kept(context, found, by=None)(tx)
    if not repair or not found.audited.differences:
        return not found.audited.differences
    change = await repaired(context, exchange, day, by=None)
    async with context.database.write() as tx:
        left = await change(tx)
    sys.stderr.write(f"firstring: {day} {harmless(exchange.name)}: repaired; {left} differences are left\n")
    return left == 0


def _print(found: Findings, exchange: str, zone: ZoneInfo, *, as_json: bool) -> None:
    audited = found.audited
    if as_json:
        sys.stdout.write(json.dumps(_told(found, exchange), ensure_ascii=False) + "\n")
        return
    share = f" ({audited.agreeing / audited.calls:.2%})" if audited.calls else ""
    sys.stdout.write(f"{audited.day}  {harmless(exchange)}: {audited.agreeing} of {audited.calls} calls agree{share}, ")
    sys.stdout.write(f"{len(audited.differences)} differences\n")
    for line in (*_sources(audited.sources), *(audited.note or "").splitlines()):
        sys.stdout.write(f"    {line}\n")
    for one in audited.differences:
        sys.stdout.write("\n".join(_lines(one, zone)) + "\n")


def _sources(sources: Any) -> Iterator[str]:
    for name, read in sources.items():
        yield (
            f"{NAMES[Witness(name)]}: {read['rows']} rows"
            + (f", {read['broken']} broken" if read["broken"] else "")
            + (f". {read['why']}" if read["why"] else "")
        )


def _lines(one: Difference, zone: ZoneInfo) -> Iterator[str]:
    named = f"call {one.call_id}" if one.call_id is not None else one.linkedid or str(one.facts.get("audio", ""))
    yield harmless(f"  {datetime.fromtimestamp(one.at, zone):%H:%M:%S}  {named}: {SAID[one.kind]}", LONGEST_LINE)
    for witness, name in NAMES.items():
        if (said := one.facts.get(witness.value)) is not None:
            yield harmless(f"      {name}: {_said(said)}", LONGEST_LINE)


def _said(said: dict[str, Any]) -> str:
    answered = {True: "answered", False: "not answered", None: "not told"}[said["answered"]]
    how = said["outcome"] or answered
    talk = f", talk {said['talk']:.1f} s" if said["talk"] else ""
    return f"{how}{talk}" + (f", {' → '.join(said['parties'])}" if said["parties"] else "")


def _told(found: Findings, exchange: str) -> dict[str, Any]:
    audited = found.audited
    return {
        "exchange": exchange, "day": audited.day.isoformat(), "calls": audited.calls, "agreeing": audited.agreeing,
        "sources": dict(audited.sources), "notes": (audited.note or "").splitlines(),
        "differences": [
            {"kind": one.kind.value, "at": one.at, "id": one.call_id, "linkedid": one.linkedid, "facts": dict(one.facts)}
            for one in audited.differences
        ],
    }  # fmt: skip


def _day(told: str | None, usual: date) -> date:
    try:
        return date.fromisoformat(told) if told else usual
    except ValueError:
        raise Invalid(f"{told} is no day: write it like 2026-11-21") from None
