"""`firstring doctor`."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from api.doctor import checkup
from api.doctor.findings import Finding, Said, as_json
from api.doctor.test_call import TestCall
from api.doctor.wording import EXCHANGE, INSTALLATION, report, summed
from api.web.translations import texts_in
from crm_core.calls.tables import exchanges
from crm_core.db import Database
from crm_core.errors import Invalid, NotFound, SettingsError
from crm_core.exchanges import config
from crm_core.secrets import SecretBox
from crm_core.settings import Settings, load_settings, secret_key

Groups = dict[str | None, list[Finding]]
"""By the exchange's name; None: the installation."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be looked at. `test_call`: the extension that is rung, before `to` is called."""

    exchange: str | None
    config_folder: Path | None
    test_call: str | None
    to: str | None


def doctor(asked: Asked, *, as_json_lines: bool) -> bool:
    """Print what is found; False if a check failed. Raises SettingsError, NotFound for an exchange there is none of."""
    settings = load_settings()
    if asked.config_folder is not None and not asked.config_folder.is_dir():
        raise SettingsError(f"--config: {asked.config_folder} is no folder; name the exchange's own, such as /etc/asterisk")
    groups = asyncio.run(_examined(settings, asked))
    findings = [finding for group in groups.values() for finding in group]
    print(_json(groups) if as_json_lines else _text(settings, groups, findings))
    return checkup.is_well(findings)


async def _examined(settings: Settings, asked: Asked) -> Groups:
    now, box = datetime.now(UTC), _box(settings)
    database = Database(settings.database)
    try:
        groups: Groups = {None: await checkup.of_house(settings, database, box, now=now)}
        if box is None:
            return groups
        names = await _names(database, groups[None], asked.exchange)
        if asked.test_call is not None and len(names) != 1:
            raise Invalid("Say with --exchange at which one the test call is to be placed; `firstring exchange list` names them")
        for name in names:
            groups[name] = await _of_exchange(database, name, box, now, asked.config_folder)
            groups[name] += await _called(database, name, box, asked)
        return groups
    finally:
        await database.close()


async def _called(database: Database, name: str, box: SecretBox, asked: Asked) -> list[Finding]:
    if asked.test_call is None or asked.to is None:
        return []
    async with database.read() as connection:
        exchange_id = (await config.load(connection, name, box)).id
    return await TestCall(database, box, exchange_id, _unheard).placed(asked.test_call, asked.to)


async def _unheard(_findings: list[Finding]) -> None:
    """In the terminal all is told at the end."""


async def _of_exchange(database: Database, name: str, box: SecretBox, now: datetime, config_folder: Path | None) -> list[Finding]:
    try:
        return await checkup.of_exchange(database, name, box, now=now, config_folder=config_folder)
    except SettingsError:  # sealed under another key: told of the installation already
        return []


async def _names(database: Database, house: list[Finding], only: str | None) -> list[str]:
    """The exchanges to look at; none where the database cannot be read."""
    if any(finding.code in ("database_out_of_reach", "not_migrated") for finding in house):
        return []
    async with database.read() as connection:
        known = list(await connection.scalars(select(exchanges.c.name).order_by(exchanges.c.id)))
    if only is not None and only not in known:
        raise NotFound(f"There is no exchange named {only}; `firstring exchange list` names those there are")
    return [name for name in known if only in (None, name)]


def _box(settings: Settings) -> SecretBox | None:
    """None where there is no key yet: looking must not make one."""
    if settings.secret_key is None and not (settings.data_dir / "secret_key").exists():
        return None
    return SecretBox(secret_key(settings))


def _text(settings: Settings, groups: Groups, findings: list[Finding]) -> str:
    texts = texts_in(settings.language)
    lines: list[str] = []
    for name, group in groups.items():
        title = INSTALLATION if name is None else Said(EXCHANGE.text, {"name": name})
        lines += report(texts, title, group)
    return "\n".join([*lines, summed(texts, findings)])


def _json(groups: Groups) -> str:
    told: dict[str, Any] = {
        "well": checkup.is_well([finding for group in groups.values() for finding in group]),
        "installation": [as_json(finding) for finding in groups[None]],
        "exchanges": {name: [as_json(finding) for finding in group] for name, group in groups.items() if name is not None},
    }
    return json.dumps(told, ensure_ascii=False, indent=1)
