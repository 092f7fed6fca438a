"""Deals of the demo that came to an end: won, or lost, each where and for what reason; one goes on as a repeat sale."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.deals.handing_over import hand_over
from crm_core.deals.loss_reasons import list_loss_reasons, seed_loss_reasons
from crm_core.deals.tables import StageKind, deals, stage_history
from crm_core.demo.seeding import Demo

GOES_ON = "79160901234"
"""Whose deal was won and goes on as a repeat sale."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Names in Russian and in English. `stage`: the last it reached; it came `began` days ago and ended `ended` days ago.

    `reason`: its place in the starter list, with words of the manager's own; None: it was won.
    """

    number: str
    person: tuple[str, str]
    deal: tuple[str, str]
    amount: int  # roubles
    owner: str
    stage: int
    began: float
    ended: float
    reason: tuple[int, str, str] | None = None


ENDED = (
    Ended("79165550101", ("Сергей Панин", "Sergei Panin"), ("Сайт автошколы", "Driving school site"), 140_000, "manager", 10,
          48, 3.2),
    Ended("79165550102", ("Инна Крот", "Inna Krot"), ("Лендинг", "Landing page"), 75_000, "igor", 10, 35, 6.1),
    Ended("79165550103", ("Павел Дрозд", "Pavel Drozd"), ("Каталог", "Catalogue"), 310_000, "maria", 10, 60, 9.3),
    Ended("79165550104", ("Зоя Лис", "Zoya Lis"), ("Редизайн", "Redesign"), 180_000, "denis", 10, 55, 12.2),
    Ended("79165550111", ("Лев Громов", "Lev Gromov"), ("Сайт кафе", "Cafe website"), 60_000, "manager", 1, 14, 10.4,
          (0, "ждали до 30 тысяч", "hoped for half the price")),
    Ended("79165550112", ("Анна Шилова", "Anna Shilova"), ("Интернет-магазин", "Online shop"), 260_000, "igor", 4, 30, 8.3,
          (1, "у соседей быстрее", "a neighbour is faster")),
    Ended("79165550113", ("Ринат Галеев", "Rinat Galeev"), ("Мобильное приложение", "Mobile app"), 900_000, "maria", 1, 9, 8.1,
          (3, "приложений не делаем", "we make no apps")),
    Ended("79165550114", ("Ольга Лунёва", "Olga Luneva"), ("Портал", "Portal"), 480_000, "maria", 5, 40, 5.4,
          (2, "нужно было за месяц", "it was wanted in a month")),
    Ended("79165550115", ("Марк Титов", "Mark Titov"), ("Фирменный стиль", "Identity"), 90_000, "denis", 2, 21, 4.2,
          (5, "три недели не берёт трубку", "no answer for three weeks")),
    Ended("79165550116", ("Яна Белых", "Yana Belykh"), ("Сайт студии", "Studio website"), 110_000, "denis", 4, 26, 2.3,
          (5, "", "")),
    Ended("79165550117", ("Игнат Рогов", "Ignat Rogov"), ("Лендинг", "Landing page"), 55_000, "igor", 2, 12, 1.4, (6, "", "")),
)  # fmt: skip


async def seed_ends(demo: Demo) -> None:
    await seed_loss_reasons(demo.tx, demo.language)
    reasons = await list_loss_reasons(demo.tx)
    for one in ENDED:
        place, ru, en = one.reason or (None, "", "")
        reason = None if place is None else reasons[place]
        words = f": {demo.said(ru, en)}" if ru else ""
        await _seed(demo, one, reason.id if reason else None, f"{reason.name}{words}" if reason else None)
    await _goes_on(demo)


async def _seed(demo: Demo, one: Ended, reason_id: int | None, said: str | None) -> None:
    came, ended = demo.in_working_hours(one.began), demo.in_working_hours(one.ended)
    owner = demo.people[f"{one.owner}@demo.local"]
    contact = await demo.row(contacts, name=demo.said(*one.person), owner_id=owner, created_at=came)
    await demo.row(contact_numbers, number=one.number, raw=f"+{one.number}", contact_id=contact, created_at=came)
    stage = demo.stages[one.stage]
    steps = [came + (ended - came) * place / (one.stage + 1) for place in range(one.stage + 1)]
    since = steps[-1] if reason_id else ended
    deal = await demo.row(
        deals, title=demo.said(*one.deal), contact_id=contact, pipeline_id=demo.pipelines[0], stage_id=stage, stage_since=since,
        owner_id=owner, amount=one.amount * 100, source="call", created_at=came, closed_at=ended,
        closed_as=StageKind.LOST if reason_id else StageKind.WON, loss_reason_id=reason_id,
    )  # fmt: skip
    steps = steps if reason_id else [*steps[:-1], ended]
    await _seed_way(demo, deal, owner, steps)
    if reason_id is not None:
        last = {"deal_id": deal, "from_stage_id": stage, "stage_id": stage, "at": ended, "user_id": owner, "reason": said}
        await demo.row(stage_history, **last)


async def _seed_way(demo: Demo, deal: int, owner: int, steps: list[datetime]) -> None:
    for place, at in enumerate(steps):
        before = demo.stages[place - 1] if place else None
        step = {"deal_id": deal, "from_stage_id": before, "stage_id": demo.stages[place], "at": at}
        await demo.row(stage_history, **step, user_id=owner if place else None)


async def _goes_on(demo: Demo) -> None:
    """As the win itself would have done it."""
    won = (await demo.tx.execute(select(deals).where(deals.c.id == demo.deals[GOES_ON]))).one()
    await hand_over(demo.tx, won, now=demo.now - timedelta(days=2))
