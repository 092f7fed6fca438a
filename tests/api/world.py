"""A company with two managers, each with customers of his own, and everybody's sessions: what the web tests stand on."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import insert, select

from api.app import create_app
from api.context import AppContext
from crm_core.access import Actor
from crm_core.blobs import Blobs
from crm_core.calls.tables import call_remarks, calls
from crm_core.contacts.tables import companies, contacts
from crm_core.db import Database
from crm_core.deals.automations.tables import automations
from crm_core.deals.tables import stages
from crm_core.dialling.tables import dial_attempts
from crm_core.fields.history import Noun as FieldsOf
from crm_core.fields.tables import field_changes, fields
from crm_core.importing.options import Options
from crm_core.importing.sheets import FileKind, Shape
from crm_core.importing.tables import imports
from crm_core.leads.tables import lead_rules
from crm_core.live import Wake
from crm_core.meetings.tables import meetings
from crm_core.merging.merges import merge
from crm_core.merging.tables import duplicates
from crm_core.products.tables import deal_products, product_groups, products, work_types
from crm_core.recordings.tables import recordings
from crm_core.requests.tables import request_forms, requests
from crm_core.secrets import SecretBox
from crm_core.settings import Settings
from crm_core.tags.tables import call_tags
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.teams.deeds import make_team, put_into_team
from crm_core.transcripts.tables import transcript_segments, transcripts
from crm_core.trust import keeping
from crm_core.trust.differences import Difference, Kind
from crm_core.trust.keeping import Audited
from crm_core.users import accounts, passwords, sessions
from crm_core.users.tables import Role
from crm_core.views.saved import Section, save_view
from crm_core.webhooks.tables import deliveries, webhooks
from tests.builders import inbound
from tests.office import LONG_AGO, Office

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PASSWORD = "a good password"
AUDIO = bytes(range(256)) * 40
ORIGIN = "http://firstring.test"
BLOB = "recordings/ab/abcdef.mp3"
TABLE = "imports/abcdef"

OWN, FOREIGN = ("79160000001", "101"), ("79160000002", "102")


@dataclass(frozen=True, slots=True)
class World:
    """`own` are ids of Olga's things, `foreign` those of Igor's; `people` and `tokens` (of sessions) by short name."""

    people: Mapping[str, int]
    tokens: Mapping[str, str]
    own: Mapping[str, int]
    foreign: Mapping[str, int]
    stages: tuple[int, ...]


async def build(database: Database) -> World:
    """Everything in it is committed."""
    office = await Office.opened(database)
    people = {
        "olga": await office.person("Olga", "101"), "igor": await office.person("Igor", "102"),
        "head": await office.person("Head", role=Role.HEAD), "qa": await office.person("Quality", role=Role.QA),
        "admin": await office.person("Admin", role=Role.ADMIN), "leaver": await office.person("Leaver", "109"),
    }  # fmt: skip
    own = await _customer(office, *OWN, people["olga"])
    foreign = await _customer(office, *FOREIGN, people["igor"])
    async with database.write() as tx:
        password = await passwords.hashed(PASSWORD)
        for user in people.values():
            await accounts.set_password(tx, user, password, now=LONG_AGO, by=None)
        tokens = {name: await sessions.open_session(tx, user, now=NOW) for name, user in people.items()}
        strip = tuple((await tx.scalars(select(stages.c.id).order_by(stages.c.position))).all())
    day_id = await _audited(office)
    here = {"day_id": day_id, "user_id": people["leaver"], "exchange_id": office.exchange.id, "pipeline_id": 1, "reason_id": 1}
    here |= {"stage_id": 9}
    async with database.write() as tx:
        leaver = Actor(people["leaver"], Role.MANAGER, "Leaver")
        here["view_id"] = await save_view(tx, leaver, Section.DEALS, "Mine", "owner_id=me", shared=False, now=NOW)
    here |= await _settings(office)
    here |= await _webhook(office, people["admin"])
    here["automation_id"] = await _automation(office)
    here["lead_rule_id"] = await _added(
        office, lead_rules, name="At night", position=0, active=False, when={}, then={}, created_at=LONG_AGO
    )
    here["form_id"] = await _added(office, request_forms, name="Site", key="form-key", origins=[], created_at=LONG_AGO)
    here["team_id"] = await _team(office, people["leaver"])
    here |= await _merged(office, people["head"])
    here["import_id"] = await _import(office, people["head"])
    return World(people, tokens, {**own, **here}, {**foreign, **here}, strip)


async def _customer(office: Office, number: str, extension: str, owner: int) -> dict[str, int]:
    """A contact in a company with an open deal, who rang, was answered by his manager and recorded; and a task."""
    contact = await office.contact(number, f"Customer of {extension}", owner, company=f"Company of {extension}")
    deal = await office.deal(contact, owner=owner)
    await office.take(inbound(number).rings(extension).answers(extension).ends())
    call = await office.the(calls, caller=number)
    company = (await office.the(contacts, id=contact)).company_id
    await office.set(companies, company, owner_id=owner)
    task = await _added(
        office, tasks, kind=TaskKind.OTHER, title="send a letter", deal_id=deal, contact_id=contact, owner_id=owner,
        due_at=NOW, created_at=LONG_AGO,
    )  # fmt: skip
    attempt = await _added(
        office, dial_attempts, at=LONG_AGO, user_id=owner, exchange_id=office.exchange.id, extension=extension, number=number,
        verdict="placed", channel_id=f"firstring-{extension}",
    )  # fmt: skip
    ids = {"call_id": call.id, "contact_id": contact, "company_id": company, "deal_id": deal, "task_id": task,
           "attempt_id": attempt}  # fmt: skip
    ids |= {
        "meeting_id": await _added(
            office, meetings, deal_id=deal, user_id=owner, contact_id=contact, place=f"Company of {extension}", at=NOW,
            state="planned", created_at=LONG_AGO,
        ),
        "request_id": await _added(
            office, requests, sender=f"user:{owner}", body_hash=extension, at=LONG_AGO, name=f"Customer of {extension}",
            text="a site", phone=number, state="taken", contact_id=contact, deal_id=deal,
        ),
        "remark_id": await _added(office, call_remarks, call_id=call.id, user_id=owner, at=LONG_AGO, text="well begun"),
        "line_id": await _added(office, deal_products, deal_id=deal, name="Site", quantity=1.0, price=100, position=0),
    }  # fmt: skip
    change = await _added(office, field_changes, noun="contact", noun_id=contact, field="position", old="Chief", at=LONG_AGO)
    return ids | {"recording_id": await _recorded(office, call.id, deal), "change_id": change}


async def _settings(office: Office) -> dict[str, int]:
    """What can be set about cards and products."""
    group = await _added(office, product_groups, name="Sites", position=0)
    return {
        "field_id": await _added(office, fields, noun="deal", name="Goal", kind="text", choices=[], position=0),
        "work_type_id": await _added(office, work_types, name="Site", position=0),
        "product_id": await _added(office, products, name="Page", group_id=group, price=100), "group_id": group,
    }  # fmt: skip


async def _import(office: Office, head: int) -> int:
    """A table whose columns are not chosen yet; only its starter sees it."""
    options = Options(FieldsOf.CONTACT, Shape(FileKind.CSV, "utf-8-sig", ";"), ("Name", "Phone"), {0: "name", 1: "number"})
    return await _added(
        office, imports, user_id=head, file_name="table.csv", blob=TABLE, sha256="ab" * 32, options=options.kept(), state="new",
        created_at=LONG_AGO,
    )  # fmt: skip


async def _merged(office: Office, head: int) -> dict[str, int]:
    """Two companies that were one, and two that may be."""
    firms = [await _added(office, companies, name=name, created_at=LONG_AGO) for name in ("Third", "Third Ltd", "Thrid")]
    async with office.database.write() as tx:
        merge_id = await merge(tx, FieldsOf.COMPANY, firms[0], firms[1], by=head, now=LONG_AGO)
    pair = await _added(
        office, duplicates, noun="company", one_id=firms[0], other_id=firms[2], why=["name"], found_at=LONG_AGO
    )  # fmt: skip
    return {"merge_id": merge_id, "duplicate_id": pair}


async def _webhook(office: Office, admin: int) -> dict[str, int]:
    """An address that is told of calls, and what was given up."""
    sealed = SecretBox("k").seal("whsec_world")
    hook = await _added(
        office, webhooks, url="https://crm.example.com/calls", secret=sealed, kinds=[], active=True, created_at=LONG_AGO,
        created_by=admin,
    )  # fmt: skip
    delivery = await _added(
        office, deliveries, uid="6f0c1d5e-0000-4000-8000-000000000001", webhook_id=hook, event_id=1, kind="call_ended", call_id=1,
        state="given_up", attempts=10, body="{}", status=500, answer="<b>out of order</b>", milliseconds=12, created_at=LONG_AGO,
        tried_at=NOW,
    )  # fmt: skip
    return {"webhook_id": hook, "delivery_id": delivery}


async def _automation(office: Office) -> int:
    """One that waits for payments: nothing the walk does sets it going."""
    return await _added(
        office, automations, action="write_note", trigger="payment", when={}, settings={"text": "Paid"}, position=1,
        created_at=LONG_AGO,
    )  # fmt: skip


async def _team(office: Office, user: int) -> int:
    async with office.database.write() as tx:
        team_id = await make_team(tx, "North", now=LONG_AGO, by=None)
        await put_into_team(tx, team_id, user, now=LONG_AGO, by=None)
        return team_id


async def _recorded(office: Office, call: int, deal: int) -> int:
    recording = await _added(
        office, recordings, call_id=call, name="in-1.wav", deal_id=deal, blob=BLOB, play_blob=BLOB, seconds=6.0, sides=2,
        bytes=len(AUDIO), sha256="ab" * 32, stored_at=NOW, peaks={"per_second": 10, "sides": [[0, 9], [3, 1]]},
    )  # fmt: skip
    transcript = await _added(
        office, transcripts, recording_id=recording, call_id=call, language="ru", model="base",
        speech_seconds={"manager": 1.5, "customer": 0.0}, made_at=NOW,
    )  # fmt: skip
    async with office.database.write() as tx:
        await tx.execute(insert(transcript_segments).values(
            transcript_id=transcript, position=0, side="manager", start=0.5, end=2.0, text="Добрый день",
            confidence=0.9, words=[[0.5, 1.0, "Добрый", 0.9], [1.0, 2.0, "день", 0.9]],
        ))  # fmt: skip
        await tx.execute(insert(call_tags).values(
            call_id=call, transcript_id=transcript, tag="greeting", segment=0, word_start=0, word_end=1, start=0.5,
            end=2.0, quote="Добрый день", at=NOW,
        ))  # fmt: skip
    return recording


async def _audited(office: Office) -> int:
    """A day on which one call of two is not known here."""
    missing = Difference(Kind.MISSING, NOW.timestamp(), None, "1795304636.0", {"cdr": {"ended": 1.0, "answered": True}})
    found = Audited(office.exchange.id, NOW.date() - timedelta(days=1), 2, 1, [missing])
    async with office.database.write() as tx:
        return await keeping.keep(tx, found, now=NOW, by=None)


async def _added(office: Office, table: Any, **values: Any) -> int:
    async with office.database.write() as tx:
        return int((await tx.execute(insert(table).values(values).returning(table.c.id))).scalar_one())


class House:
    """The application on a database of its own, and clients of everybody in it."""

    def __init__(self, world: World, template: Path, folder: Path, url: str | None = None) -> None:
        shutil.copytree(template, folder, dirs_exist_ok=True)
        self.world = world
        self.database = Database(url or f"sqlite+aiosqlite:///{folder / 'firstring.db'}")
        self.time = NOW
        wake = Wake()
        self.database.on_commit(wake.wake)
        settings = Settings(data_dir=folder, _env_file=None)  # type: ignore[call-arg]
        self.context = AppContext(settings, self.database, Blobs(folder / "blobs"), SecretBox("k"), wake, now=lambda: self.time)
        self.app: FastAPI = create_app(self.context)

    def client(self, who: str | None = None, *, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
        """A browser of this person on our own pages; None: of a stranger."""
        cookies = {"firstring_session": self.world.tokens[who]} if who else {}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 40000)),
            base_url=ORIGIN, cookies=cookies, headers={"Origin": ORIGIN, **headers},
        )  # fmt: skip

    def pass_by(self, **time: float) -> None:
        self.time += timedelta(**time)
