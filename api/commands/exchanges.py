"""`firstring exchange`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from api.commands.exchange_records import source_told
from api.commands.ready import Desk, with_database
from crm_core.errors import Conflict, NotFound, SettingsError
from crm_core.exchanges import config, registry, removing
from crm_core.exchanges.addresses import AmiAddress, host_and_port
from crm_core.exchanges.new_exchange import NewExchange
from crm_core.exchanges.record_sources import RecordSources
from crm_core.exchanges.secret_files import secret_in
from crm_core.settings import known_region
from pbx.ami.connection import AmiLogin
from pbx.ami.trial import Trial, tried
from pbx.dialects.registry import dialects


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of an exchange; None: nothing. `in_files`: its secrets stay in their files, read at each connection."""

    ami: str | None = None
    user: str | None = None
    secret_file: Path | None = None
    dial_user: str | None = None
    dial_secret_file: Path | None = None
    in_files: bool = False
    tls: bool | None = None
    ca_file: Path | None = None
    dialect: str | None = None
    region: str | None = None
    language: str | None = None
    recordings: Path | None = None
    cel: str | None = None
    cdr: str | None = None
    queue_log: str | None = None
    records_secret_file: Path | None = None
    timezone: str | None = None
    trunks: list[str] | None = None
    extensions: list[str] | None = None
    own_numbers: list[str] | None = None


NEW = NewExchange("", AmiAddress("", 0, False, "", ""))


def add(name: str, told: Told, *, replaces: bool) -> None:
    """Raises SettingsError where what is named cannot be used."""

    async def work(desk: Desk) -> None:
        new = _told_of(replace(NEW, name=name, region=desk.settings.region), told)
        async with desk.database.write() as tx:
            known = await registry.id_of(tx, name) if replaces else None
            if known is None:
                await registry.add(tx, new, desk.box, now=desk.now)
            else:
                await registry.change(tx, known, new, desk.box, now=desk.now, by=None, trusted=True)

    _told_of(replace(NEW, name=name), told)  # what cannot be used is said before a database is made
    with_database(work)
    print(f"{'Replaced' if replaces else 'Added'} {name} at {told.ami}.")


def change(name: str, told: Told, *, active: bool | None) -> None:
    """Only what is told; the rest stays. Raises NotFound, SettingsError, Invalid."""

    async def work(desk: Desk) -> None:
        async with desk.database.write() as tx:
            known = await _id_of(tx, name)
            if told != Told():
                new = _told_of(await registry.described(tx, known), told)
                await registry.change(tx, known, new, desk.box, now=desk.now, by=None, trusted=True)
            if active is not None:
                await registry.set_active(tx, known, active, now=desk.now, by=None)

    if told == Told() and active is None:
        raise SettingsError("Say what to change: `firstring exchange change --help` lists what can be")
    with_database(work)
    print(f"Changed {name}.")


def show() -> None:
    async def work(desk: Desk) -> None:
        async with desk.database.read() as connection:
            for row in await registry.listed(connection):
                note = f"  {row.state_note}" if row.state_note else ""
                state = row.state if row.active else "off"
                tls = "  TLS" if row.ami_tls else ""
                print(f"{row.name}  {row.ami_host}:{row.ami_port}{tls}  {row.dialect} {row.region}  {state}{note}")

    with_database(work)


def remove(name: str) -> None:
    """Raises NotFound, and Conflict where it has calls, is listened to or is named by the environment."""

    async def work(desk: Desk) -> None:
        if name == registry.DEFAULT and desk.settings.ami_url is not None:
            raise Conflict("FIRSTRING_AMI_URL describes this exchange, and would make it again: take that away first")
        async with desk.database.write() as tx:
            await removing.remove(tx, await _id_of(tx, name), now=desk.now, by=None)

    with_database(work)
    print(f"Removed {name}.")


def check(name: str) -> bool:
    """Log in as the listener does, and as the dialler if there is one; tells whether both are let in. Raises NotFound."""

    async def work(desk: Desk) -> list[tuple[str, Trial]]:
        async with desk.database.read() as connection:
            exchange = await config.load(connection, name, desk.box)
        logins = {"reader": exchange.reader, "dialler": exchange.dialler}
        return [(whose, await tried(AmiLogin.at(address))) for whose, address in logins.items() if address is not None]

    trials = with_database(work)
    for whose, trial in trials:
        print(f"{whose}: {_told_of_trial(whose, trial)}")
    return all(trial.trouble is None for _, trial in trials)


def _told_of_trial(whose: str, trial: Trial) -> str:
    if trial.trouble is not None:
        return trial.trouble
    told = [f"let in, {trial.seconds:.1f} s", f"Asterisk {trial.version}" if trial.version else ""]
    told += [f"may (write): {', '.join(sorted(trial.may)) or 'nothing'}"] if trial.may is not None else []
    if whose == "reader":
        told += [f"refused: {', '.join(trial.refused)}"] if trial.refused else []
        told += [f"more than a reader needs: {', '.join(trial.too_much)}"] if trial.too_much else []
    return "; ".join(filter(None, told))


async def _id_of(tx: AsyncConnection, name: str) -> int:
    known = await registry.id_of(tx, name)
    if known is None:
        raise NotFound(f"There is no exchange named {name}; `firstring exchange list` names those there are")
    return known


def _told_of(base: NewExchange, told: Told) -> NewExchange:
    dialect = told.dialect or base.dialect
    if dialect not in dialects():
        raise SettingsError(f"--dialect: there is no {dialect}; there are: {', '.join(sorted(dialects()))}")
    folder = _folder(told.recordings)  # before any secret is read
    return replace(
        _dialler(base, told), ami=_address(base.ami, told), dialect=dialect, region=_region(told.region) or base.region,
        language=told.language or base.language, recordings_root=folder or base.recordings_root,
        records=_records(base.records, told), cel_file=None,
        dial_context=dialects()[dialect].habits.dial_context, trunks=_or(told.trunks, base.trunks),
        extensions=_or(told.extensions, base.extensions), own_numbers=_or(told.own_numbers, base.own_numbers),
    )  # fmt: skip


def _address(base: AmiAddress, told: Told) -> AmiAddress:
    host, port = host_and_port(told.ami) if told.ami else (base.host, base.port)
    address = replace(base, host=host, port=port, user=told.user or base.user, tls=base.tls if told.tls is None else told.tls)
    if told.ca_file is not None:
        if not told.ca_file.is_file():
            raise SettingsError(f"--ca-file: {told.ca_file} is no file: name the certificate of the exchange's authority (PEM)")
        address = replace(address, ca_file=told.ca_file.absolute(), tls=True)
    if told.secret_file is not None:
        secret = secret_in(told.secret_file)
        file = told.secret_file.absolute() if told.in_files else None
        address = replace(address, secret="" if file else secret, secret_file=file)
    return address


def _dialler(base: NewExchange, told: Told) -> NewExchange:
    with_user = replace(base, dial_user=told.dial_user or base.dial_user)
    if told.dial_secret_file is None:
        return with_user
    secret = secret_in(told.dial_secret_file)
    if told.in_files:
        return replace(with_user, dial_secret=None, dial_secret_file=told.dial_secret_file.absolute())
    return replace(with_user, dial_secret=secret, dial_secret_file=None)


def _records(base: RecordSources, told: Told) -> RecordSources:
    password = secret_in(told.records_secret_file) if told.records_secret_file else ""
    named = {"cel": told.cel, "cdr": told.cdr, "queue_log": told.queue_log}
    sources = {name: source_told(f"--{name.replace('_', '-')}", text, password) for name, text in named.items() if text}
    every = {**base.by_name(), **sources}
    found = RecordSources(every.get("cel"), every.get("cdr"), every.get("queue_log"), base.timezone)
    if told.timezone is None:
        return found
    return RecordSources.of_json({**found.to_json(), "timezone": told.timezone}, found.passwords())


def _folder(told: Path | None) -> Path | None:
    if told is not None and not told.is_dir():
        raise SettingsError(f"{told} is no folder: name the one where the exchange's recordings are on this machine")
    return told.resolve() if told else None


def _region(told: str | None) -> str | None:
    try:
        return known_region(told) if told else None
    except ValueError as error:
        raise SettingsError(f"--region: {error}") from error


def _or(told: list[str] | None, known: Iterable[str]) -> tuple[str, ...]:
    return tuple(told or known)
