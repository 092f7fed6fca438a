"""What the demo's cards know beside calls: the companies, who else takes part and decides, added fields."""

from typing import Any

from sqlalchemy import Table, select, update

from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.tables import deal_contacts, deals
from crm_core.demo.seeding import Demo
from crm_core.fields.tables import fields

# By the customer's number: INN, site, address in Russian and in English.
COMPANIES = {
    "79161112233": ("7816123458", "https://severny-sklad.example.ru", "Санкт-Петербург, Лесная ул., 5",
     "5 Lesnaya St, Saint Petersburg"),
    "79037654310": ("7705987653", "https://zerno.example.ru", "Москва, Покровка, 17", "17 Pokrovka, Moscow"),
    "79263104455": ("770123456703", None, "Москва, ул. Академика Янгеля, 6", "6 Yangelya St, Moscow"),
    "74957778899": ("5046123406", "https://progress.example.ru", "Троицк, Промышленная ул., 11",
     "11 Promyshlennaya St, Troitsk"),
    "79857654321": ("7722334453", "https://lingva.example.ru", "Москва, ш. Энтузиастов, 42", "42 Entuziastov Hwy, Moscow"),
}  # fmt: skip

# Customer, number, name and role in both languages, influence.
OTHERS = (
    ("79161112233", "79161112240", "Марина Ким", "Marina Kim", "бухгалтер", "accountant", "influences"),
    ("79161112233", "79161112251", "Глеб Осин", "Gleb Osin", "начальник склада", "head of the warehouse", "uses"),
    ("74957778899", "74957778812", "Вера Ланская", "Vera Lanskaya", "коммерческий директор", "commercial director", "decides"),
)
DECIDE = ("79161112233", "79037654310", "79263104455")

WISH = "Чего хочет клиент"
# Noun, name in both languages, kind, choices in both, personal, block in both.
FIELDS: tuple[tuple[str, str, str, str, tuple[tuple[str, str], ...], bool, tuple[str, str] | None], ...] = (
    ("deal", "Срок запуска", "Wanted by", "date", (), False, None),
    ("deal", "Нужны тексты и фото", "Needs texts and photos", "yes_no", (), False, None),
    ("company", "Отрасль", "Industry", "choice", (("Склады и логистика", "Warehouses"), ("Общепит", "Catering"),
     ("Производство", "Industry"),
     ("Образование", "Education"), ("Услуги", "Services")), False, ("О компании", "The company")),
    ("company", "Доля рынка, %", "Market share, %", "number", (), False, ("О компании", "The company")),
    ("company", "Цели на год", "Goals of the year", "choices", (("Новые клиенты", "New clients"),
     ("Снижение издержек", "Lower costs"),
     ("Новые филиалы", "New branches")), False, ("О компании", "The company")),
    ("contact", "Личные выгоды", "Personal benefits", "text", (), False, None),
    ("contact", "Возраст", "Age", "number", (), True, ("Личное", "Personal")),
    ("contact", "Характер и увлечения", "Character and hobbies", "text", (), True, ("Личное", "Personal")),
)  # fmt: skip

# Customer, noun, the field's Russian name, value in Russian and in English.
VALUES: tuple[tuple[str, str, str, Any, Any], ...] = (
    ("79161112233", "deal", "Чего хочет клиент", "Каталог на 3 000 позиций, оплата картой, остатки из 1С",
     "A catalogue of 3,000 items, cards, stock from 1C"),
    ("79161112233", "deal", "Срок запуска", "2027-02-15", "2027-02-15"),
    ("79161112233", "deal", "Нужны тексты и фото", True, True),
    ("79161112233", "company", "Отрасль", "Склады и логистика", "Warehouses"),
    ("79161112233", "company", "Доля рынка, %", 4.5, 4.5),
    ("79161112233", "company", "Цели на год", ["Новые клиенты", "Снижение издержек"], ["New clients", "Lower costs"]),
    ("79161112233", "contact", "Личные выгоды", "Хочет показать собственникам рост заявок к лету",
     "Wants to show the owners more leads by summer"),
    ("79161112233", "contact", "Возраст", 43, 43),
    ("79161112233", "contact", "Характер и увлечения", "Ценит точность; зимняя рыбалка", "Values precision; winter fishing"),
    ("74957778899", "company", "Отрасль", "Производство", "Industry"),
    ("79037654310", "company", "Отрасль", "Общепит", "Catering"),
)  # fmt: skip


async def seed_cards(demo: Demo) -> None:
    for number, (inn, site, ru, en) in COMPANIES.items():
        filled = update(companies).where(companies.c.id == demo.companies[number])
        await demo.tx.execute(filled.values(inn=inn, site=site, address=demo.said(ru, en), phone=number))
    await _seed_people(demo)
    await _seed_fields(demo)


async def _seed_people(demo: Demo) -> None:
    for customer, number, ru, en, role_ru, role_en, influence in OTHERS:
        role, at = demo.said(role_ru, role_en), demo.in_working_hours(2.5)
        company, owner = demo.companies[customer], demo.people["manager@demo.local"]
        person = await demo.row(
            contacts, name=demo.said(ru, en), position=role, company_id=company, owner_id=owner, created_at=at
        )
        await demo.row(contact_numbers, number=number, raw=f"+{number}", contact_id=person, created_at=at)
        await demo.row(
            deal_contacts, deal_id=demo.deals[customer], contact_id=person, role=role, influence=influence, added_at=at
        )
    for number in DECIDE:
        deal, contact = demo.deals[number], demo.contacts[number]
        await demo.row(deal_contacts, deal_id=deal, contact_id=contact, influence="decides", added_at=demo.in_working_hours(4.1))


async def _seed_fields(demo: Demo) -> None:
    ids: dict[tuple[str, str], int] = {}
    for row in await demo.tx.execute(select(fields.c.id, fields.c.noun).order_by(fields.c.id)):
        ids[row.noun, WISH] = row.id  # what the pipeline's template added for its gates
    for position, (noun, ru, en, kind, choices, personal, block) in enumerate(FIELDS, 1):
        ids[noun, ru] = await demo.row(
            fields, noun=noun, name=demo.said(ru, en), kind=kind, choices=[demo.said(*words) for words in choices],
            personal=personal, block=demo.said(*block) if block else None, position=position,
        )  # fmt: skip
    places: dict[str, tuple[Table, dict[str, int]]] = {
        "deal": (deals, demo.deals), "contact": (contacts, demo.contacts), "company": (companies, demo.companies),
    }  # fmt: skip
    custom: dict[tuple[str, str], dict[str, Any]] = {}
    for number, noun, name, ru_value, en_value in VALUES:
        if (noun, name) not in ids:
            continue
        custom.setdefault((noun, number), {})[str(ids[noun, name])] = ru_value if demo.language == "ru" else en_value
    for (noun, number), values in custom.items():
        table, of = places[noun]
        await demo.tx.execute(update(table).where(table.c.id == of[number]).values(custom=values))
