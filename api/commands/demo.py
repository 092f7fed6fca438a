"""`firstring demo`: the product, the practice exchange and a demo company, on one data folder of its own; loopback only."""

import asyncio
import socket
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api import wiring
from api.commands.serve import DEMO_USERS, loopback_host, prepare
from api.context import AppContext
from api.hub import Hub
from api.locking import PARTS, CannotStart, DataLock, make_data_dir
from api.serving import address_shown, open_socket
from crm_core.demo.company import seed_demo_company
from crm_core.demo.people import DEMO_PASSWORD
from crm_core.dialling.rules import DialRules
from crm_core.dialling.settings import set_rules
from crm_core.errors import SettingsError
from crm_core.exchanges import registry
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.new_exchange import NewExchange
from crm_core.logs import begin_log
from crm_core.migrations.upgrade import upgrade
from crm_core.settings import Settings, load_settings
from crm_core.users.tables import users
from pbx.playing.day import DIRECT, GROUP, SALES, demo_day
from pbx.practice import DIALLER, SECRET, USER, PracticeExchange

LOGINS = ("manager@demo.local", "head@demo.local", "qa@demo.local", "admin@demo.local")


def demo() -> None:
    """Run until asked to stop; raises CannotStart, SettingsError."""
    settings = load_settings()
    _refuse_elsewhere(settings)
    begin_log(settings)
    make_data_dir(settings.data_dir)
    lock = DataLock(settings.data_dir)
    lock.take(PARTS)
    try:
        asyncio.run(_demo(settings))
    finally:
        lock.release()


def _refuse_elsewhere(settings: Settings) -> None:
    if not loopback_host(settings.host):
        raise SettingsError(
            f"The demo's password is known to everybody, so it answers on this machine only: set FIRSTRING_HOST=127.0.0.1 "
            f"instead of {settings.host}"
        )
    if settings.ami_url is not None:
        raise SettingsError("The demo brings its own exchange: unset FIRSTRING_AMI_URL, or start `firstring serve`")


async def _demo(settings: Settings) -> None:
    opened = open_socket(settings.host, settings.port)
    await upgrade(settings.database)
    context = wiring.build(settings, demo=True)
    ami_port = _free_port()
    try:
        await _seed(context, ami_port)
        await prepare(context)
        practice = {"practice exchange": lambda: _practise(settings, ami_port)}
        await Hub(context, PARTS, opened).run(practice, lambda: _announce(settings))
    finally:
        await context.database.close()


async def _practise(settings: Settings, port: int) -> None:
    """A part like the others: when it fails, it comes back on the same port."""
    async with PracticeExchange(
        port,
        _recordings(settings),
        language=settings.language,
        cel_file=_records(settings),
        timestamps=True,
        channel_variables=True,
    ) as exchange:
        await demo_day(exchange)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _recordings(settings: Settings) -> Path:
    folder = (settings.data_dir / "practice_recordings").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _records(settings: Settings) -> Path:
    return (settings.data_dir / "practice_cel.csv").resolve()


async def _seed(context: AppContext, port: int) -> None:
    """The exchange's port is another one at each start."""
    async with context.database.write() as tx:
        await _refuse_real_data(tx, context.data_dir)
        exchange_id = await _exchange(tx, context, port)
        # Who tries the demo late in the evening is no thief.
        await set_rules(tx, exchange_id, DialRules(countries=("RU",), at_night=30), now=context.now(), by=None)
        await seed_demo_company(tx, exchange_id, now=context.now(), language=context.settings.language)


async def _refuse_real_data(tx: AsyncConnection, folder: Path) -> None:
    real = select(users.c.email).where(users.c.email.not_like(DEMO_USERS))
    has_demo = select(users.c.id).where(users.c.email.like(DEMO_USERS)).limit(1)
    if await tx.scalar(real.limit(1)) is not None and await tx.scalar(has_demo) is None:
        raise CannotStart(f"{folder} holds a real company: set another FIRSTRING_DATA_DIR for the demo")


async def _exchange(tx: AsyncConnection, context: AppContext, port: int) -> int:
    ami = AmiAddress("127.0.0.1", port, tls=False, user=USER, secret=SECRET)
    new = NewExchange(
        registry.DEFAULT, ami, region="RU", recordings_root=_recordings(context.settings), own_numbers=(DIRECT, SALES, GROUP),
        cel_file=_records(context.settings), dial_user=DIALLER, dial_secret=SECRET,
    )  # fmt: skip
    for row in await registry.listed(tx):
        if row.name == registry.DEFAULT:
            await registry.change(tx, row.id, new, context.box, now=context.now(), by=None)
            return int(row.id)
    return await registry.add(tx, new, context.box, now=context.now())


def _announce(settings: Settings) -> None:
    address = address_shown(settings.host, settings.port)
    print(f"Firstring is at {address}", flush=True)
    print(f"Log in as {', '.join(LOGINS)}; the password is {DEMO_PASSWORD}", flush=True)
