"""What fills the demo's board: more deals of a busy month, where they came from, and two views that everybody shares."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update

from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.tables import deals, stage_history
from crm_core.demo.seeding import Demo
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.views.tables import saved_views

SOURCES = {
    "ad": ("Директ", "Search ads"), "site": ("Сайт", "Website"), "maps": ("Яндекс.Карты", "Maps"),
    "friend": ("Рекомендация", "Recommendation"), "call": ("call", "call"),
}  # fmt: skip
TASKS = {
    "classify": (TaskKind.CLASSIFY, None), "call": (TaskKind.OTHER, ("Позвонить", "Call")),
    "meet": (TaskKind.OTHER, ("Договориться о встрече", "Agree on a meeting")),
    "ask": (TaskKind.OTHER, ("Узнать мнение о предложении", "Ask about the proposal")),
    "contract": (TaskKind.OTHER, ("Согласовать договор", "Agree on the contract")),
    "bill": (TaskKind.OTHER, ("Проверить оплату счёта", "Look whether the invoice is paid")),
    "show": (TaskKind.OTHER, ("Показать первую версию", "Show the first version")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """Names in Russian and in English. `stage`: 0 is the first, where it stands since so many hours; `task`: what, due in."""

    number: str
    person: tuple[str, str] | None
    company: tuple[str, str] | None
    deal: tuple[str, str] | None
    amount: int | None  # roubles
    owner: str | None
    stage: int
    hours: float
    source: str
    task: tuple[str, float] | None = None


STANDING = (
    Standing("79031110201", ("Артём Лыков", "Artem Lykov"), None, None, None, None, 0, 0.4, "site", ("classify", 3.6)),
    Standing("79099987701", None, None, None, None, None, 0, 1.5, "call", ("classify", 2.5)),
    Standing("79161230455", ("Дарья Соколова", "Daria Sokolova"), ("Студия «Гамма»", "Gamma Studio"), None, None, "maria",
             0, 3, "maps", ("classify", 1)),
    Standing("79267778812", ("Олег Чернов", "Oleg Chernov"), ("ООО «Вектор»", "Vector"), ("Каталог на сайте", "Catalogue"),
             170_000, "manager", 1, 5, "ad", ("call", 2)),
    Standing("79851239944", ("Юлия Мельник", "Yulia Melnik"), ("Клиника «Нео»", "Neo Clinic"),
             ("Сайт клиники", "Clinic website"), 320_000, "igor", 1, 20, "friend", ("call", 4)),
    Standing("79104445566", ("Роман Гусев", "Roman Gusev"), ("Пекарня «Хлеб да соль»", "Bread and Salt"),
             ("Лендинг", "Landing page"), 65_000, "denis", 1, 40, "site"),
    Standing("79035556677", ("Нина Ершова", "Nina Ershova"), ("Школа танцев «Ритм»", "Rhythm Dance"),
             ("Сайт школы", "School website"), 140_000, "manager", 2, 12, "ad", ("meet", 6)),
    Standing("79166667788", ("Кирилл Шубин", "Kirill Shubin"), ("ТД «Север»", "North Trade"),
             ("Интернет-магазин", "Online shop"), 450_000, "igor", 2, 30, "friend", ("meet", -5)),
    Standing("79257771133", ("Вера Титова", "Vera Titova"), ("Агентство «Лето»", "Leto Agency"),
             ("Фирменный стиль", "Identity"), 95_000, "maria", 2, 100, "maps", ("meet", 20)),
    Standing("79032224455", ("Максим Орехов", "Maxim Orekhov"), ("ООО «Технопарк»", "Technopark"), ("Портал", "Portal"),
             780_000, "maria", 3, 18, "friend", ("show", 28)),
    Standing("79653334455", ("Лариса Ким", "Larisa Kim"), ("Ателье «Нить»", "Thread Atelier"),
             ("Интернет-магазин", "Online shop"), 260_000, "denis", 3, 60, "ad", ("call", 8)),
    Standing("79164567001", ("Глеб Зайцев", "Gleb Zaitsev"), ("Автосервис «Мотор»", "Motor Garage"),
             ("Сайт сервиса", "Garage site"), 120_000, "igor", 4, 10, "maps", ("ask", 5)),
    Standing("79164567002", ("Елена Быкова", "Elena Bykova"), ("Отель «Причал»", "Pier Hotel"),
             ("Сайт отеля", "Hotel website"), 380_000, "manager", 4, 54, "site", ("ask", -20)),
    Standing("79164567003", ("Андрей Носов", "Andrei Nosov"), ("ГК «Атлант»", "Atlant Group"),
             ("Корпоративный портал", "Intranet"), 1_450_000, "maria", 5, 70, "friend", ("contract", 22)),
    Standing("79164567004", ("Ирина Панова", "Irina Panova"), ("Мебель «Дуб»", "Oak Furniture"),
             ("Интернет-магазин", "Online shop"), 520_000, "igor", 6, 20, "ad", ("bill", 3)),
    Standing("79164567005", ("Степан Лосев", "Stepan Losev"), ("Фермер и К°", "Farmer & Co"), ("Лендинг", "Landing page"),
             70_000, "denis", 7, 50, "site", ("bill", 25)),
    Standing("79164567006", ("Алла Юрьева", "Alla Yurieva"), ("Стоматология «32»", "Dental 32"),
             ("Сайт клиники", "Clinic website"), 290_000, "manager", 8, 120, "friend", ("show", 46)),
    Standing("79164567007", ("Тимур Асанов", "Timur Asanov"), ("Логистика-Юг", "South Logistics"),
             ("Личный кабинет", "Client area"), 640_000, "maria", 8, 200, "ad", ("show", 70)),
    Standing("79164567008", ("Жанна Котик", "Zhanna Kotik"), ("Цветы «Мальва»", "Malva Flowers"),
             ("Интернет-магазин", "Online shop"), 240_000, "denis", 9, 30, "maps", ("call", 7)),
)  # fmt: skip

VIEWS = ((("Мои без задачи", "Mine without a task"), "owner_id=me&without_task=1"), (("Застряли", "Stuck"), "stuck=1"))


async def seed_board(demo: Demo) -> None:
    for one in STANDING:
        await _seed(demo, one)
    for place, number in enumerate(("79161112233", "79214001877", "79037654310", "79263104455", "74957778899", "79857654321")):
        source = demo.said(*list(SOURCES.values())[place % 5])
        await demo.tx.execute(update(deals).where(deals.c.id == demo.deals[number]).values(source=source))
    head = demo.people["head@demo.local"]
    for name, query in VIEWS:
        kept = {"user_id": head, "name": demo.said(*name), "query": query, "shared": True, "created_at": demo.now}
        for section in ("board", "deals"):
            await demo.row(saved_views, section=section, **kept)


async def _seed(demo: Demo, one: Standing) -> None:
    came = demo.now - timedelta(hours=one.hours + 30 * one.stage)
    since = demo.now - timedelta(hours=one.hours)
    owner = demo.people[f"{one.owner}@demo.local"] if one.owner else None
    company = await demo.row(companies, name=demo.said(*one.company), owner_id=owner, created_at=came) if one.company else None
    name = demo.said(*one.person) if one.person else None
    contact = await demo.row(contacts, name=name, company_id=company, owner_id=owner, created_at=came)
    await demo.row(contact_numbers, number=one.number, raw=f"+{one.number}", contact_id=contact, created_at=came)
    deal = await demo.row(
        deals, title=demo.said(*one.deal) if one.deal else None, contact_id=contact, company_id=company,
        pipeline_id=demo.pipelines[0], stage_id=demo.stages[one.stage], stage_since=since, owner_id=owner,
        amount=None if one.amount is None else one.amount * 100, source=demo.said(*SOURCES[one.source]), created_at=came,
    )  # fmt: skip
    await _seed_way(demo, one, deal, owner, came, since)
    await _seed_task(demo, one, deal, contact, owner)


async def _seed_way(demo: Demo, one: Standing, deal: int, owner: int | None, came: datetime, since: datetime) -> None:
    for step in range(one.stage + 1):
        before = demo.stages[step - 1] if step else None
        at = came + (since - came) * step / max(one.stage, 1)
        await demo.row(stage_history, deal_id=deal, from_stage_id=before, stage_id=demo.stages[step], at=at,
                       user_id=owner if step else None)  # fmt: skip


async def _seed_task(demo: Demo, one: Standing, deal: int, contact: int, owner: int | None) -> None:
    if one.task is None:
        return
    (kind, title), hours = TASKS[one.task[0]], one.task[1]
    await demo.row(
        tasks, kind=kind, title=demo.said(*title) if title else None, deal_id=deal, contact_id=contact, owner_id=owner,
        due_at=demo.now + timedelta(hours=hours), created_at=demo.now - timedelta(hours=one.hours),
    )  # fmt: skip
