"""What the demo's company sells: work types with their usual range, a price list, and what its deals are made of."""

from sqlalchemy import update

from crm_core.deals.tables import deals
from crm_core.demo.seeding import Demo
from crm_core.products.tables import deal_products, product_groups, products, work_types

# In Russian, in English, thousands of roubles: least, most, usual.
WORK_TYPES = (
    ("Интернет-магазин", "Online shop", 150, 600, 280),
    ("Корпоративный сайт", "Company website", 80, 350, 170),
    ("Лендинг", "Landing page", 40, 120, 65),
    ("Фирменный стиль", "Corporate identity", 60, 200, 95),
    ("Поддержка и развитие", "Care and growth", 20, 80, 40),
)
# In Russian, in English, unit in both, price and cost in roubles.
PRICE_LIST = (
    ("Разработка", "Development", (
        ("Дизайн главной страницы", "Design of the main page", "шт.", "pc.", 45_000, 22_000),
        ("Вёрстка страницы", "Coding of a page", "шт.", "pc.", 12_000, 5_500),
        ("Подключение оплаты", "Payment set up", "шт.", "pc.", 18_000, 7_000),
        ("Час программиста", "Developer's hour", "ч", "h", 3_200, 1_500),
    )),
    ("Содержание", "Content", (
        ("Съёмка товара", "Product photo", "шт.", "pc.", 900, 400),
        ("Текст страницы", "Text of a page", "шт.", "pc.", 3_500, 1_600),
    )),
    ("Сопровождение", "Care", (
        ("Поддержка сайта", "Website care", "мес.", "mo.", 15_000, 6_000),
        ("Контекстная реклама", "Search advertising", "мес.", "mo.", 30_000, 12_000),
    )),
)  # fmt: skip
# By the customer's number: the place of his work type, and lines (Russian name, quantity).
SOLD: dict[str, tuple[int, tuple[tuple[str, float], ...]]] = {
    "79161112233": (0, (("Дизайн главной страницы", 1), ("Вёрстка страницы", 12), ("Подключение оплаты", 1),
     ("Съёмка товара", 40))),
    "79214001877": (1, ()),
    "79037654310": (3, ()),
    "79263104455": (2, (("Дизайн главной страницы", 1), ("Вёрстка страницы", 1), ("Текст страницы", 1))),
    "74957778899": (1, (("Час программиста", 320), ("Вёрстка страницы", 14))),
    "79857654321": (1, ()),
    "79037770011": (4, (("Поддержка сайта", 2),)),
    "79160901234": (1, (("Дизайн главной страницы", 2), ("Вёрстка страницы", 10))),
}  # fmt: skip
ESTIMATED = "79857654321"


async def seed_offer(demo: Demo) -> None:
    types = [
        await demo.row(
            work_types, name=demo.said(ru, en), least_amount=least * 100_000, most_amount=most * 100_000,
            usual_amount=usual * 100_000, position=place,
        )
        for place, (ru, en, least, most, usual) in enumerate(WORK_TYPES)
    ]  # fmt: skip
    listed = await _seed_price_list(demo)
    for number, (place, lines) in SOLD.items():
        estimate = {"amount": WORK_TYPES[place][4] * 100_000, "amount_is_usual": True} if number == ESTIMATED else {}
        chosen = update(deals).where(deals.c.id == demo.deals[number]).values(work_type_id=types[place], **estimate)
        await demo.tx.execute(chosen)
        for position, (ru, quantity) in enumerate(lines):
            line = {**listed[ru], "quantity": quantity, "position": position}
            await demo.row(deal_products, deal_id=demo.deals[number], **line)


async def _seed_price_list(demo: Demo) -> dict[str, dict[str, object]]:
    """By the Russian name, what a line of a deal keeps of each product."""
    listed: dict[str, dict[str, object]] = {}
    for position, (group_ru, group_en, sold) in enumerate(PRICE_LIST):
        group = await demo.row(product_groups, name=demo.said(group_ru, group_en), position=position)
        for ru, en, unit_ru, unit_en, price, cost in sold:
            kept: dict[str, object] = {
                "name": demo.said(ru, en), "unit": demo.said(unit_ru, unit_en), "price": price * 100, "cost": cost * 100,
            }  # fmt: skip
            product = await demo.row(products, group_id=group, **kept)
            listed[ru] = {**kept, "product_id": product}
    return listed
