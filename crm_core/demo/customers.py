"""The demo's customers: who they are, what they want, and how far their deals came."""

from dataclasses import dataclass


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
        (PastCall(5.2, 402), PastCall(1.15, 661)), ("Собрать прототип портала", "Put a prototype together", 20),
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
