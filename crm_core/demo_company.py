"""The demo's people, customers and what happened before today; nothing of it exists outside the demo."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.first_pipeline import seed_pipeline
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users import accounts, extensions, passwords
from crm_core.users.accounts import NewUser
from crm_core.users.tables import Role

DEMO_PASSWORD = "demo"  # noqa: S105  known to everybody, so the demo answers on loopback only
OUR_NUMBER = "74951112245"


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    ru: str
    en: str
    role: Role
    extension: str | None = None


@dataclass(frozen=True, slots=True)
class PastCall:
    """`days_ago`: 1.3 is yesterday after three tenths of the working day. `talk` in seconds; 0: nobody was reached."""

    days_ago: float
    talk: int
    inbound: bool = True


@dataclass(frozen=True, slots=True)
class Customer:
    """`stage`: where his deal stands, 0 the first; it moved on by one stage at a time since `days` ago."""

    number: str
    ru: tuple[str, str | None, str, str | None]  # name, position, deal, company
    en: tuple[str, str | None, str, str | None]
    amount: int  # roubles
    owner: str
    stage: int
    days: int
    calls: tuple[PastCall, ...]
    task: tuple[str, str, float] | None = None  # in Russian, in English, due in so many hours


PEOPLE = (
    Person("manager@demo.local", "Ольга Котова", "Olga Kotova", Role.MANAGER, "101"),
    Person("igor@demo.local", "Игорь Савин", "Igor Savin", Role.MANAGER, "102"),
    Person("maria@demo.local", "Мария Рогова", "Maria Rogova", Role.MANAGER, "103"),
    Person("denis@demo.local", "Денис Лапшин", "Denis Lapshin", Role.MANAGER, "104"),
    Person("head@demo.local", "Анна Верещагина", "Anna Vereshchagina", Role.HEAD),
    Person("qa@demo.local", "Елена Орлова", "Elena Orlova", Role.QA),
    Person("admin@demo.local", "Пётр Власов", "Petr Vlasov", Role.ADMIN),
)

CUSTOMERS = (
    Customer(
        "79161112233", ("Павел Ремизов", "директор", "Интернет-магазин", "ООО «Северный склад»"),
        ("Pavel Remizov", "director", "Online shop", "Northern Warehouse"), 240_000, "manager@demo.local", 2, 6,
        (PastCall(3.1, 125), PastCall(2.2, 0, inbound=False), PastCall(1.3, 192)),
        ("Договориться о встрече на складе", "Agree on a meeting at the warehouse", 3),
    ),
    Customer(
        "79214001877", ("Анна Гринёва", None, "Редизайн каталога", None), ("Anna Grineva", None, "Catalogue redesign", None),
        180_000, "manager@demo.local", 1, 4, (PastCall(2.4, 88), PastCall(1.1, 41)),
        ("Уточнить состав каталога", "Ask what the catalogue holds", 5),
    ),
    Customer(
        "79037654310", ("Марина Зотова", "владелица", "Фирменный стиль", "Кофейня «Зерно»"),
        ("Marina Zotova", "owner", "Corporate identity", "Zerno Coffee"), 95_000, "manager@demo.local", 5, 21,
        (PastCall(9.2, 310), PastCall(1.2, 271, inbound=False)),
    ),
    Customer(
        "79263104455", ("Светлана Лапина", None, "Лендинг", "ИП Лапина"), ("Svetlana Lapina", None, "Landing page", "Lapina"),
        60_000, "manager@demo.local", 4, 12, (PastCall(1.4, 156),), ("Прислать примеры работ", "Send samples of work", 26),
    ),
    Customer(
        "74957778899", ("Игорь Дёмин", "начальник отдела", "Портал для дилеров", "Завод «Прогресс»"),
        ("Igor Demin", "head of department", "Dealer portal", "Progress Works"), 1_200_000, "igor@demo.local", 3, 15,
        (PastCall(5.2, 402), PastCall(1.15, 661)), ("Встреча на заводе, Лесная, 5", "Meeting at the works", 20),
    ),
    Customer(
        "79857654321", ("Ольга Фролова", None, "Сайт школы", "Школа «Лингва»"),
        ("Olga Frolova", None, "School website", "Lingua School"),
        130_000, "maria@demo.local", 1, 3, (PastCall(1.05, 74),),
    ),
    Customer(
        "79037770011", ("Пётр Юдин", None, "Поддержка сайта", None), ("Petr Yudin", None, "Website care", None),
        40_000, "denis@demo.local", 8, 40, (PastCall(1.25, 72), PastCall(1.95, 0)),
    ),
    Customer(
        "79160901234", ("Ирина Белова", "управляющая", "Сайт мастерской", "Мастерская «Флора»"),
        ("Irina Belova", "manager", "Workshop website", "Flora Workshop"), 210_000, "igor@demo.local", 10, 70,
        (PastCall(2.3, 93),),
    ),
)  # fmt: skip


async def seed_demo_company(tx: AsyncConnection, exchange_id: int, *, now: datetime, language: str) -> None:
    """People, customers, their deals and calls of the days before; nothing if they are there already."""
    people = await _seed_people(tx, exchange_id, now, language)
    if people is None:
        return
    pipeline = await seed_pipeline(tx, language)
    rows = await tx.execute(select(stages.c.id).where(stages.c.pipeline_id == pipeline).order_by(stages.c.position))
    seeding = _Seeding(tx, exchange_id, now, language, people, pipeline, [row.id for row in rows])
    for customer in CUSTOMERS:
        await seeding.add(customer)


async def _seed_people(tx: AsyncConnection, exchange_id: int, now: datetime, language: str) -> dict[str, int] | None:
    if await accounts.by_email(tx, PEOPLE[0].email) is not None:
        return None
    password_hash = await passwords.hashed(DEMO_PASSWORD)
    since = now - timedelta(days=90)
    ids: dict[str, int] = {}
    for person in PEOPLE:
        name = person.ru if language == "ru" else person.en
        new = NewUser(person.email, name, person.role, password_hash)
        ids[person.email] = await accounts.create_user(tx, new, now=since, by=None)
        if person.extension is not None:
            await extensions.set_extension(tx, ids[person.email], exchange_id, person.extension, now=since, by=None)
    return ids


@dataclass(frozen=True, slots=True)
class _Seeding:
    tx: AsyncConnection
    exchange_id: int
    now: datetime
    language: str
    people: dict[str, int]
    pipeline: int
    stages: list[int]

    async def add(self, customer: Customer) -> None:
        name, position, title, company = customer.ru if self.language == "ru" else customer.en
        owner, began = self.people[customer.owner], self.now - timedelta(days=customer.days)
        company_id = await self._row(companies, name=company, created_at=began) if company else None
        contact = await self._row(contacts, name=name, position=position, company_id=company_id, owner_id=owner, created_at=began)
        await self._row(contact_numbers, number=customer.number, raw=f"+{customer.number}", contact_id=contact, created_at=began)
        won = customer.stage == len(self.stages) - 1
        moved = [began + (self.now - began) * step / (customer.stage + 1.5) for step in range(customer.stage + 1)]
        deal = await self._row(
            deals, title=title, contact_id=contact, company_id=company_id, pipeline_id=self.pipeline,
            stage_id=self.stages[customer.stage], stage_since=moved[-1], owner_id=owner, amount=customer.amount * 100,
            created_at=began, closed_at=moved[-1] if won else None,
        )  # fmt: skip
        await self._history(deal, moved, owner)
        for number, past in enumerate(customer.calls):
            await self._call(customer, past, number, contact, deal, owner, moved)
        if customer.task is not None:
            await self._task(customer.task, deal, contact, owner)

    async def _history(self, deal: int, moved: list[datetime], owner: int) -> None:
        for step, at in enumerate(moved):
            before = self.stages[step - 1] if step else None
            await self._row(
                stage_history, deal_id=deal, from_stage_id=before, stage_id=self.stages[step], at=at,
                user_id=owner if step else None,
            )  # fmt: skip

    async def _task(self, task: tuple[str, str, float], deal: int, contact: int, owner: int) -> None:
        title = task[0] if self.language == "ru" else task[1]
        due = (self.now + timedelta(hours=task[2])).replace(minute=0, second=0, microsecond=0)
        if due.date() > self.now.date():
            due = due.replace(hour=8)
        await self._row(
            tasks, kind=TaskKind.OTHER, title=title, deal_id=deal, contact_id=contact, owner_id=owner,
            due_at=due, created_at=self.now - timedelta(days=1),
        )  # fmt: skip

    async def _call(
        self, customer: Customer, past: PastCall, number: int, contact: int, deal: int, owner: int, moved: list[datetime]
    ) -> None:
        """A call without a recording: the demo plays none that did not happen."""
        at = _in_working_hours(self.now, past.days_ago)
        wait, extension = 6.0, next(person.extension for person in PEOPLE if person.email == customer.owner) or ""
        answered = past.talk > 0
        reached = at + timedelta(seconds=wait)
        ended = reached + timedelta(seconds=past.talk)
        stage = self.stages[max((step for step, since in enumerate(moved) if since <= at), default=0)]
        key = f"demo-{customer.number}.{number}"
        call = await self._row(
            calls, exchange_id=self.exchange_id, key=key, direction="inbound" if past.inbound else "outbound", state="ended",
            started_at=at, answered_at=reached if answered else None, ended_at=ended,
            caller=customer.number if past.inbound else extension, did=OUR_NUMBER if past.inbound else None,
            callee=None if past.inbound else customer.number,
            outcome="answered" if answered else "missed" if past.inbound else "no_answer", wait_seconds=wait,
            talk_seconds=float(past.talk), contact_id=contact, deal_id=deal, stage_id=stage,
            user_id=owner if answered or not past.inbound else None,
        )  # fmt: skip
        await self._row(call_linkedids, exchange_id=self.exchange_id, linkedid=key, call_id=call)
        if past.inbound:
            await self._row(
                call_rings, call_id=call, position=0, extension=extension, user_id=owner, rang_at=at, ended_at=reached,
                outcome="answered" if answered else "no_answer",
            )  # fmt: skip
        if answered:
            await self._row(
                call_talks, call_id=call, position=0, extension=extension, user_id=owner, joined_at=reached, left_at=ended,
                talk_seconds=float(past.talk), consultation_seconds=0.0,
            )  # fmt: skip

    async def _row(self, table: Any, **values: Any) -> int:
        """Add a row; its id where it has one."""
        added = await self.tx.execute(insert(table).values(values))
        key = added.inserted_primary_key
        return int(key[0]) if key is not None and isinstance(key[0], int) else 0


def _in_working_hours(now: datetime, days_ago: float) -> datetime:
    """Some moment between ten and seven in Moscow of an earlier day."""
    day = (now - timedelta(days=int(days_ago))).replace(hour=7, minute=0, second=0, microsecond=0)
    return day + timedelta(hours=days_ago % 1 * 9)
