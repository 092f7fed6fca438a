"""`firstring serve`: the way up, in an order in which each failure is one clear line and nothing is half started."""

import asyncio
import json
import socket
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api import wiring
from api.auth import is_loopback
from api.context import AppContext
from api.hub import Hub
from api.locking import CannotStart, DataLock, make_data_dir
from api.serving import address_shown, open_socket
from crm_core.calls.tables import exchanges
from crm_core.db import is_sqlite, one_at_a_time
from crm_core.deals.first_pipeline import seed_pipelines
from crm_core.deals.loss_reasons import seed_loss_reasons
from crm_core.errors import FirstringError
from crm_core.exchanges import registry
from crm_core.logs import begin_log
from crm_core.migrations.upgrade import upgrade
from crm_core.settings import Settings, load_settings
from crm_core.users import setup_links
from crm_core.users.tables import users
from transcribe import models

log = structlog.get_logger()

DEMO_USERS = "%@demo.local"
PREPARING = 4_071_963  # any number of our own


def serve(parts: tuple[str, ...]) -> None:
    """Run these parts until asked to stop; raises CannotStart, SettingsError."""
    settings = load_settings()
    begin_log(settings)
    make_data_dir(settings.data_dir)
    lock = DataLock(settings.data_dir)
    if is_sqlite(settings.database):  # on PostgreSQL each part may run several times: leases say who does what
        lock.take(parts)
    try:
        asyncio.run(_serve(settings, parts))
    finally:
        lock.release()


async def _serve(settings: Settings, parts: tuple[str, ...]) -> None:
    opened = open_socket(settings.host, settings.port) if "web" in parts else None
    await upgrade(settings.database)
    context = wiring.build(settings)
    try:
        await prepare(context)
        if opened is not None:
            warn_of_network(settings)
        link = await _set_up_link(context) if opened else None
        await Hub(context, parts, opened).run(ready=lambda: _announce(settings, opened, link))
    finally:
        await context.database.close()


async def prepare(context: AppContext) -> None:
    """What every start looks after: the exchange of the environment, the first pipeline, folder and model."""
    async with context.database.write() as tx:
        await one_at_a_time(tx, PREPARING)  # parts of one product may start together
        await _refuse_demo_outside(tx, context.settings)
        await registry.from_settings(tx, context.settings, context.box, now=context.now())
        await seed_pipelines(tx, context.settings.language, now=context.now())
        await seed_loss_reasons(tx, context.settings.language)
    async with context.database.read() as connection:
        await warn_of_folders(connection)
    warn_of_model(context.settings)


async def warn_of_folders(connection: AsyncConnection) -> None:
    """A recordings folder that is missing is told in one line; calls go on without recordings."""
    query = select(exchanges.c.name, exchanges.c.recordings_root).where(exchanges.c.active)
    for name, root in (await connection.execute(query)).all():
        if root is None or not await asyncio.to_thread(Path(root).is_dir):
            say = (
                f"{root} is no folder: mount it there or set FIRSTRING_RECORDINGS_ROOT"
                if root
                else "set FIRSTRING_RECORDINGS_ROOT"
            )
            log.warning("recordings_folder_missing", exchange=name, say=say)


def warn_of_model(settings: Settings) -> None:
    name = settings.whisper_model
    try:
        if models.find(name, settings.models_dir) is not None:
            return
        do = "set FIRSTRING_WHISPER_MODEL to a folder that is one" if models.is_path(name) else "run `firstring models fetch`"
    except FirstringError as error:
        do = error.say
    log.warning("speech_model_missing", model=name, say=f"calls work, transcripts wait: {do}")


def warn_of_network(settings: Settings) -> None:
    """We speak no TLS ourselves."""
    if not loopback_host(settings.host):
        say = "passwords and calls cross the network in the clear: let only a TLS proxy reach this port"
        log.warning("open_to_the_network", host=settings.host, port=settings.port, say=say)


async def _refuse_demo_outside(tx: AsyncConnection, settings: Settings) -> None:
    """The demo's passwords are known to everybody, and its customers are nobody's."""
    demo = select(users.c.id).where(users.c.email.like(DEMO_USERS), users.c.active).limit(1)
    if await tx.scalar(demo) is None:
        return
    if settings.ami_url is not None:
        log.warning("demo_data", say="this data is the demo's: set another FIRSTRING_DATA_DIR for your own exchange")
    if not loopback_host(settings.host):
        raise CannotStart(
            f"This data has the demo's accounts, whose password everybody knows: set FIRSTRING_HOST=127.0.0.1 instead of "
            f"{settings.host}, or another FIRSTRING_DATA_DIR"
        )


def loopback_host(host: str) -> bool:
    return host == "localhost" or is_loopback(host)


async def _set_up_link(context: AppContext) -> str | None:
    """A fresh link while there is nobody; it is told here and nowhere else."""
    async with context.database.write() as tx:
        return await setup_links.make_link(tx, now=context.now()) if await setup_links.nobody_yet(tx) else None


def _announce(settings: Settings, opened: socket.socket | None, link: str | None) -> None:
    if opened is None:
        return
    address = address_shown(settings.host, settings.port)
    lines = [f"Firstring is at {address}"]
    if link is not None:
        lines.append(f"Nobody can log in yet. Make the first administrator: {address}/setup/{link}")
    say(settings, *lines)


def say(settings: Settings, *lines: str) -> None:
    """Tell whoever started us; where the log is read by a program, so is this."""
    for line in lines:
        print(json.dumps({"event": "ready", "say": line}) if settings.log_format == "json" else line, flush=True)
