"""The demo's site form, what came by it, and the rules by which leads are given out."""

from datetime import datetime, timedelta

from crm_core.calls.ledger import IntakeRules
from crm_core.deals.edits import assign_deal
from crm_core.demo.seeding import Demo
from crm_core.leads.tables import lead_rules
from crm_core.requests.tables import request_forms
from crm_core.requests.taking import Sender, Sent, Taken, take_request
from crm_core.requests.words import fitted
from crm_core.tasks.deeds import NewTask, close_tasks, set_task
from crm_core.tasks.tables import tasks

FORM_KEY = "demo-site-form"
SITE = "https://vesna.example"
# Name, number, mail, words in Russian and in English, campaign, who took it up; hours ago.
CAME = (
    ("Светлана Орешкина", "+7 916 701-22-33", "oreshkina@uyut.example",
     "Открываем второй салон штор. Нужен сайт с записью на замер, желательно к Новому году.",
     "We open a second curtain shop and want a website with booking before the new year.", "schtory", "manager@demo.local", 20.0),
    ("Тимур", "+7 903 220-14-15", None,
     "Сколько стоит лендинг для автошколы? Перезвоните после обеда.",
     "What is a landing page for a driving school? Call me after lunch.", "lending", "igor@demo.local", 3.0),
)  # fmt: skip
SPAM = ("SEO Expert", "best@links.example", "Top-1! http://a.example http://b.example http://c.example", 27.0)
CONSENT = ("Согласен на обработку персональных данных", "I agree that my personal data are processed")


async def seed_requests(demo: Demo) -> None:
    admin = demo.people["admin@demo.local"]
    form = await demo.row(
        request_forms, name=demo.said("Сайт, «Обсудить проект»", "Site, “Discuss a project”"), key=FORM_KEY,
        source=demo.said("Сайт", "Website"), origins=[SITE], created_at=demo.now - timedelta(days=60), created_by=admin,
    )  # fmt: skip
    for name, phone, email, ru, en, campaign, who, hours in sorted(CAME, key=lambda came: -came[-1]):
        told = {"name": name, "phone": phone, "email": email, "text": demo.said(ru, en), "consent": demo.said(*CONSENT),
                "page": f"{SITE}/contacts"}  # fmt: skip
        at = demo.now - timedelta(hours=hours)
        taken = await _take(demo, form, told, campaign, at)
        await _take_up(demo, taken, demo.people[who], at + timedelta(minutes=9))
    name, email, text, hours = SPAM
    await _take(demo, form, {"name": name, "email": email, "text": text}, "", demo.now - timedelta(hours=hours))
    await _rules(demo, form, admin)


async def _take(demo: Demo, form: int, told: dict[str, str | None], campaign: str, at: datetime) -> Taken:
    asked = fitted(told, {"source": "yandex", "campaign": campaign} if campaign else {}, "RU")
    sender = Sender(form_id=form, source=demo.said("Сайт", "Website"), address="demo")
    return await take_request(demo.tx, Sent(asked, sender, seconds=40.0), IntakeRules(), now=at)


async def _take_up(demo: Demo, taken: Taken, user: int, at: datetime) -> None:
    """Somebody has classified it and knows what is next."""
    if taken.deal_id is None:
        return
    await assign_deal(demo.tx, taken.deal_id, user, by=user, now=at)
    await close_tasks(demo.tx, (tasks.c.deal_id == taken.deal_id,), now=at, by=user)
    title, due = demo.said("Договориться о встрече", "Agree on a meeting"), demo.now + timedelta(hours=5)
    await set_task(demo.tx, NewTask(title, due, deal_id=taken.deal_id, owner_id=user), by=user, now=at)


async def _rules(demo: Demo, form: int, admin: int) -> None:
    """A request is answered at once; the other waits to be switched on: the demo rings at any hour."""
    rules = (
        (demo.said("Пропущенные вне рабочего времени", "Missed out of hours"), {"answered": False, "in_hours": False},
         {"task": {"kind": "call_back", "title": None, "within_minutes": 30, "in_hours": True}}),
        (demo.said("Заявки с сайта: ответить быстро", "Requests from the site: answer fast"), {"forms": [form]},
         {"task": {"kind": "classify", "title": None, "within_minutes": 5, "in_hours": True}}),
    )  # fmt: skip
    for place, (name, when, then) in enumerate(rules):
        await demo.row(
            lead_rules,
            name=name,
            position=place,
            when=when,
            then=then,
            created_at=demo.now - timedelta(days=60),
            created_by=admin,
        )
