"""Meetings of the demo's deals: held ones with what was agreed, and those to come."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_core.demo.customers import CUSTOMERS
from crm_core.demo.seeding import Demo
from crm_core.meetings.tables import meetings
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.audit import record


@dataclass(frozen=True, slots=True)
class DemoMeeting:
    """`days`: from today, negative in the past; `hour` of the day in Moscow. `agreed` makes it a held one."""

    number: str
    days: int
    hour: int
    place: tuple[str, str]
    notes: tuple[str, str] | None = None
    agreed: tuple[str, str] | None = None


MEETINGS = (
    DemoMeeting("79161112233", 1, 11, ("Лесная, 5, склад", "5 Lesnaya, the warehouse"),
                ("Взять договор и примеры магазинов с остатками из 1С", "Bring the contract and shops with stock from 1C")),
    DemoMeeting("79214001877", 0, 17, ("Видеозвонок", "Video call"), ("Показать два варианта каталога", "Show two catalogues")),
    DemoMeeting("74957778899", 2, 14, ("Завод «Прогресс», проходная 2", "Progress Works, gate 2"),
                ("Пропуск заказан на Игоря", "The pass is in Igor's name")),
    DemoMeeting("74957778899", -6, 12, ("Наш офис", "Our office"), None,
                ("Портал для 40 дилеров, личный кабинет и заказ запчастей. Бюджет до 1,3 млн. Сначала показать прототип",
                 "A portal for 40 dealers with orders of spare parts. Up to 1.3 m. A prototype first")),
    DemoMeeting("79037654310", -12, 16, ("Кофейня на Покровке", "The coffee shop on Pokrovka"), None,
                ("Логотип, меню и вывеска; три варианта к концу месяца",
                 "Logo, menu and signboard; three drafts by the end of the month")),
)  # fmt: skip


async def seed_meetings(demo: Demo) -> None:
    for one in MEETINGS:
        await _seed_meeting(demo, one)


async def _seed_meeting(demo: Demo, one: DemoMeeting) -> None:
    owner = demo.people[next(customer.owner for customer in CUSTOMERS if customer.number == one.number)]
    at = (demo.now + timedelta(days=one.days)).replace(hour=one.hour - 3, minute=0, second=0, microsecond=0)
    set_at = min(demo.now, at) - timedelta(days=1, hours=2)
    held = one.agreed is not None
    about = {"deal_id": demo.deals[one.number], "contact_id": demo.contacts[one.number]}
    task = await demo.row(
        tasks, kind=TaskKind.MEETING, owner_id=owner, due_at=at, created_at=set_at, done_at=at if held else None,
        done_by=owner if held else None, **about,
    )  # fmt: skip
    meeting = await demo.row(
        meetings, task_id=task, user_id=owner, place=demo.said(*one.place), at=at, notes=one.notes and demo.said(*one.notes),
        state="held" if held else "planned", held_at=at if held else None, agreements=one.agreed and demo.said(*one.agreed),
        created_at=set_at, created_by=owner, **about,
    )  # fmt: skip
    await _tell(demo, meeting, owner, "meeting_set", set_at)
    if held:
        await _tell(demo, meeting, owner, "meeting_held", at + timedelta(hours=1))


async def _tell(demo: Demo, meeting: int, owner: int, deed: str, at: datetime) -> None:
    await record(demo.tx, owner, deed, "meeting", meeting, now=at)
