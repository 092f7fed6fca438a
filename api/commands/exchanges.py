"""`firstring exchange`."""

from dataclasses import dataclass
from pathlib import Path

from api.commands.ready import Desk, with_database
from crm_core.errors import SettingsError
from crm_core.exchanges import registry
from crm_core.exchanges.addresses import AmiAddress, host_and_port
from crm_core.exchanges.new_exchange import NewExchange
from crm_core.exchanges.secret_files import secret_in
from crm_core.settings import known_region


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    secret_file: Path


@dataclass(frozen=True, slots=True)
class Files:
    """Where the exchange's own files are on this machine."""

    recordings: Path
    cel: Path | None


@dataclass(frozen=True, slots=True)
class Lines:
    """What is told of the exchange's lines; globs on channel names, numbers as dialled."""

    region: str | None
    language: str | None
    trunks: list[str]
    extensions: list[str]
    own_numbers: list[str]


def add(
    name: str, ami: str, reader: Login, dialler: Login | None, files: Files, lines: Lines, *, tls: bool, replace: bool
) -> None:
    """Raises SettingsError where what is named cannot be used."""
    host, port = host_and_port(ami)
    if not files.recordings.is_dir():
        raise SettingsError(f"{files.recordings} is no folder: name the one where the exchange's recordings are on this machine")
    if files.cel is not None and not files.cel.parent.is_dir():
        raise SettingsError(
            f"{files.cel.parent} is no folder: name the file where the exchange writes its CEL, as this machine sees it"
        )
    root, cel = files.recordings.resolve(), files.cel.absolute() if files.cel else None
    region = _region(lines.region)
    address = AmiAddress(host, port, tls, reader.user, secret_in(reader.secret_file))

    async def work(desk: Desk) -> None:
        new = NewExchange(
            name=name, ami=address, region=region or desk.settings.region, language=lines.language,
            dial_user=dialler.user if dialler else None, dial_secret=secret_in(dialler.secret_file) if dialler else None,
            recordings_root=root, cel_file=cel, trunks=lines.trunks, extensions=lines.extensions,
            own_numbers=lines.own_numbers,
        )  # fmt: skip
        async with desk.database.write() as tx:
            known = await registry.id_of(tx, name) if replace else None
            if known is None:
                await registry.add(tx, new, desk.box, now=desk.now)
            else:
                await registry.change(tx, known, new, desk.box, now=desk.now, by=None)

    with_database(work)
    print(f"{'Replaced' if replace else 'Added'} {name} at {host}:{port}.")


def _region(told: str | None) -> str | None:
    try:
        return known_region(told) if told else None
    except ValueError as error:
        raise SettingsError(f"--region: {error}") from error


def show() -> None:
    async def work(desk: Desk) -> None:
        async with desk.database.read() as connection:
            for row in await registry.listed(connection):
                note = f"  {row.state_note}" if row.state_note else ""
                state = row.state if row.active else "off"
                print(f"{row.name}  {row.ami_host}:{row.ami_port}  {state}{note}")

    with_database(work)
