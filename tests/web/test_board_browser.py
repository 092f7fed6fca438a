"""The board in a real browser: cards go by hand, by keys and by the menu; what is refused comes back."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select, update

from crm_core.deals.edits import DealChanges, edit_deal
from crm_core.deals.tables import deals, stages
from crm_core.users.tables import Role
from tests.web.seats import Seat, seat
from tests.web.site import Site

FIRST, SECOND, THIRD = 0, 1, 2


async def _deal(site: Site, number: str, name: str, stage: int = FIRST) -> int:
    owner = site.people[Role.MANAGER]
    return await site.office.deal(await site.office.contact(number, name, owner), stage=stage, owner=owner)


def deal_of(site: Site, name: str = "Павел Ремизов", number: str = "79160000001", stage: int = FIRST) -> int:
    return site.do(_deal(site, number, name, stage))


async def _stage_ids(site: Site) -> list[int]:
    async with site.database.read() as connection:
        return list(await connection.scalars(select(stages.c.id).order_by(stages.c.position)))


def stage_of(site: Site, deal: int) -> int:
    """The place of its stage in the pipeline."""
    return site.do(_stage_ids(site)).index(site.do(site.office.the(deals, id=deal)).stage_id)


@contextmanager
def at_board(browser: Browser, site: Site, size: str = "desk", path: str = "/board") -> Iterator[tuple[Page, Seat]]:
    with seat(browser, site, Role.MANAGER, size) as taken:
        page = taken.open(path)
        page.wait_for_selector("[data-cards][data-ready]", state="attached")
        yield page, taken


def card(page: Page, deal: int) -> Locator:
    return page.locator(f"#card-{deal}")


def stands_on(page: Page, deal: int, stage: int) -> None:
    expect(page.locator(".column").nth(stage).locator(f"#card-{deal}")).to_be_visible()


def drag(page: Page, deal: int, stage: int, *, let_go: bool = True) -> None:
    """With the mouse, in steps, as a hand does."""
    start, end = card(page, deal).bounding_box(), page.locator(".cards").nth(stage).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 90, start["y"] + 60)
    page.mouse.down()
    page.mouse.move(start["x"] + 110, start["y"] + 70, steps=4)
    page.mouse.move(end["x"] + 60, end["y"] + 40, steps=12)
    expect(page.locator("#board.dragging")).to_be_visible()
    expect(page.locator(".cards").nth(stage).locator(f"#card-{deal}.place")).to_be_visible()  # it lies where the hand is
    if let_go:
        page.mouse.up()


def test_a_card_is_dragged_to_another_stage(browser: Browser, site: Site) -> None:
    deal = deal_of(site)

    with at_board(browser, site) as (page, _seat):
        drag(page, deal, SECOND)
        stands_on(page, deal, SECOND)
        expect(page.locator(f"#card-{deal}[data-stage]:not(.on-its-way)")).to_be_visible()

    assert stage_of(site, deal) == SECOND


def test_whoever_is_second_sees_where_the_deal_went(browser: Browser, site: Site) -> None:
    deal = deal_of(site)

    with at_board(browser, site) as (page, taken):
        site.do(site.office.set(deals, deal, stage_id=site.do(_stage_ids(site))[THIRD]))
        drag(page, deal, SECOND)
        expect(page.locator("#board-dialog")).to_contain_text("Назначение встречи")
        page.keyboard.press("Escape")
        stands_on(page, deal, THIRD)
        taken.faults.clear()  # a refusal is written to the browser's console


def test_what_happens_meanwhile_does_not_take_a_card_out_of_the_hand(browser: Browser, site: Site) -> None:
    deal = deal_of(site)

    with at_board(browser, site) as (page, _seat):
        drag(page, deal, SECOND, let_go=False)
        other = deal_of(site, "Анна", "79160000002", THIRD)
        site.do(_touch(site, other))
        page.wait_for_timeout(800)  # time in which the board would be fetched
        expect(page.locator(".deal-card.in-hand")).to_be_visible()
        expect(card(page, other)).to_have_count(0)
        page.mouse.up()
        stands_on(page, deal, SECOND)
        stands_on(page, other, THIRD)


async def _touch(site: Site, deal: int) -> None:
    async with site.database.write() as tx:
        await edit_deal(tx, deal, DealChanges(title="Новое"), by=None, now=site.context.now())


def test_keys_go_from_card_to_card_and_move_a_deal(browser: Browser, site: Site) -> None:
    deal = deal_of(site)
    other = deal_of(site, "Анна", "79160000002", SECOND)

    with at_board(browser, site) as (page, _seat):
        card(page, deal).locator("a.cover").focus()
        page.keyboard.press("ArrowRight")
        expect(card(page, other).locator("a.cover")).to_be_focused()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Shift+ArrowRight")
        stands_on(page, deal, SECOND)
        expect(page.locator("#board-say")).to_contain_text("Павел Ремизов")
        expect(card(page, deal).locator("a.cover")).to_be_focused()
        page.keyboard.press("m")
        expect(page.locator("#board-dialog")).to_be_visible()
        page.keyboard.press("Enter")
        stands_on(page, deal, THIRD)


def test_a_deal_is_lost_from_the_board_with_a_reason(browser: Browser, site: Site) -> None:
    deal = deal_of(site)

    with at_board(browser, site) as (page, _seat):
        card(page, deal).locator("[data-moves]").click()
        page.locator("#board-dialog .lost summary").click()
        page.locator("#board-loss-reason").select_option(index=1)
        page.locator("[data-lose-form] button").click()
        expect(card(page, deal)).to_have_count(0)

    assert site.do(site.office.the(deals, id=deal)).closed_as == "lost"


def test_on_a_phone_one_column_fills_the_screen_and_another_is_chosen_by_name(browser: Browser, site: Site) -> None:
    first, third = deal_of(site), deal_of(site, "Анна", "79160000002", THIRD)

    with at_board(browser, site, "phone") as (page, _seat):
        expect(card(page, first)).to_be_in_viewport()
        expect(card(page, third)).not_to_be_in_viewport()
        page.locator("[data-stage-picker]").select_option(index=THIRD)
        expect(card(page, third)).to_be_in_viewport()
        expect(card(page, first)).not_to_be_in_viewport()
        card(page, third).locator("[data-moves]").click()
        page.locator("#board-dialog button[name=stage]").nth(SECOND).click()
        stands_on_by_now = page.locator(".column").nth(SECOND).locator(f"#card-{third}")
        expect(stands_on_by_now).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_long_column_shows_more_when_asked_and_keeps_it_when_it_is_fetched_anew(browser: Browser, site: Site) -> None:
    site.do(_many(site, 40))

    with at_board(browser, site) as (page, _seat):
        cards = page.locator(".column").first.locator(".deal-card")
        expect(cards).to_have_count(25)
        page.locator(".more-of button").click()
        expect(cards).to_have_count(40)
        page.locator(".cards").first.evaluate("list => list.scrollTop = 600")
        site.do(_touch(site, 1))
        expect(card(page, 1)).to_contain_text("Новое")
        expect(cards).to_have_count(40)
        assert page.locator(".cards").first.evaluate("list => list.scrollTop") == 600


async def _many(site: Site, count: int) -> None:
    for number in range(count):
        await _deal(site, f"7916{number:07}", f"Клиент {number}")
    async with site.database.write() as tx:
        await tx.execute(update(deals).values(amount=1_000_000))


async def _asks_for_an_amount(site: Site) -> None:
    async with site.database.write() as tx:
        gate = {"gate": "required_fields", "settings": {"fields": ["amount"]}}
        await tx.execute(update(stages).where(stages.c.position == FIRST).values(gates=[gate]))


def test_a_gate_puts_the_card_back_and_asks_for_what_is_missing_and_then_it_goes(browser: Browser, site: Site) -> None:
    deal = deal_of(site)
    site.do(_asks_for_an_amount(site))

    with at_board(browser, site) as (page, taken):
        drag(page, deal, SECOND)
        expect(page.locator("#board-dialog")).to_contain_text("Сумма")
        stands_on(page, deal, FIRST)
        page.locator("#board-asks input[name*=amount]").fill("150 000")
        page.locator("#board-asks form .btn-main").click()
        expect(page.locator("#board-dialog")).to_be_hidden()
        stands_on(page, deal, SECOND)
        taken.faults.clear()  # a refusal is written to the browser's console

    assert site.do(site.office.the(deals, id=deal)).amount == 15_000_000
