"""Somebody who imports: what the tests of imports stand on. Import the fixture `desk` where it is wanted."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crm_core.access import Actor
from crm_core.blobs import Blobs
from crm_core.fields.definitions import definitions
from crm_core.fields.history import Noun
from crm_core.importing import deeds, job, table
from crm_core.importing.options import begun
from crm_core.importing.queries import Import, all_refused, one_import
from crm_core.jobs import JobRunner
from crm_core.users.tables import Role
from tests.office import NOW, Office

ROWS = """ФИО;Телефон;E-mail;Компания;Должность
Иван Петров;8 916 111-22-33;ivan@example.com;Ромашка;Директор
Анна;+7 916 222-33-44;;ромашка;
"""


class Desk:
    """Somebody who imports: puts tables down, and has the job carried out."""

    def __init__(self, office: Office, actor: Actor, folder: Path) -> None:
        self.office, self.actor = office, actor
        self.blobs = Blobs(folder / "blobs")
        self.folder = folder
        self.now = NOW

    async def put(self, content: str | bytes, noun: Noun = Noun.CONTACT, **changed: Any) -> int:
        """A table with its columns guessed; options by name are changed."""
        data = content.encode() if isinstance(content, str) else content
        file = self.folder / "upload"
        file.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        await self.blobs.put(f"imports/{digest}", file)
        shape = table.detected(file)
        heading, _ = table.heading_and_rows(file, shape)
        async with self.office.database.write() as tx:
            asked = replace(begun(noun, shape, heading, await definitions(tx, noun)), **changed)
            return await deeds.add(tx, self.actor, "table.csv", f"imports/{digest}", digest, asked, now=self.now)

    async def run(self, import_id: int, chunk: int = 2) -> Import:
        async with self.office.database.write() as tx:
            await deeds.start(tx, self.actor, import_id, now=self.now)
        return await self.go_on(import_id, chunk)

    async def go_on(self, import_id: int, chunk: int = 2, region: str = "RU") -> Import:
        kind = job.job_kind(self.office.database, self.blobs, self.folder / "scratch", region, lambda: self.now, chunk)
        runner = JobRunner(self.office.database, {kind.name: kind}, lambda: self.now)
        await runner.run_due()
        async with self.office.database.read() as connection:
            return await one_import(connection, self.actor, import_id)

    async def take(self, content: str | bytes, noun: Noun = Noun.CONTACT, chunk: int = 2, **changed: Any) -> Import:
        return await self.run(await self.put(content, noun, **changed), chunk)

    async def refused(self, import_id: int) -> list[tuple[int, list[str]]]:
        async with self.office.database.read() as connection:
            return [(row.row, [say for _, say, _ in row.why]) async for row in all_refused(connection, import_id)]


@pytest.fixture
async def desk(office: Office, tmp_path: Path) -> Desk:
    return Desk(office, Actor(await office.person("Нина", None, Role.HEAD), Role.HEAD, "Нина"), tmp_path)


def counted(told: Import) -> tuple[str, int, int, int, int]:
    return told.state, told.created, told.changed, told.unchanged, told.refused
