"""The list of deals in a real browser: rows are chosen and changed at once, views are kept and chosen again."""

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from crm_core.deals.edits import NewDeal, open_deal
from crm_core.deals.tables import deals, stages
from crm_core.users.tables import Role
from tests.web.seats import seat
from tests.web.site import Site

AMOUNT = {"gate": "required_fields", "settings": {"fields": ["amount"]}}


async def _several(site: Site, count: int) -> None:
    owner = site.people[Role.MANAGER]
    for number in range(count):
        await site.office.deal(await site.office.contact(f"7916{number:07}", f"Клиент {number}", owner), stage=0, owner=owner)


async def _gated(site: Site) -> None:
    async with site.database.write() as tx:
        await tx.execute(update(stages).where(stages.c.position == 0).values(gates=[AMOUNT]))
        await tx.execute(update(deals).where(deals.c.id == 2).values(amount=100))


def choose(page: Page, *places: int) -> None:
    for place in places:
        page.locator(".pick").nth(place).click()


def test_a_row_of_deals_is_chosen_and_moved_and_it_is_told_which_stayed_and_why(browser: Browser, site: Site) -> None:
    site.do(_several(site, 5))
    site.do(_gated(site))

    with seat(browser, site, Role.MANAGER) as taken:
        page = taken.open("/deals?sort=created_at")
        choose(page, 0)
        page.locator(".pick").nth(2).click(modifiers=["Shift"])
        expect(page.locator("[data-chosen-count]")).to_have_text("Выбрано: 3")
        page.locator("#bulk [name=deed]").select_option("stage")
        page.locator("#bulk [name=stage_id]").select_option(label="Классификация")
        page.locator("#bulk .btn-main").click()
        expect(page.locator("#bulk-result .tell")).to_have_text("Изменена 1 сделка.")
        expect(page.locator(".bulk-refused li")).to_have_count(2)
        expect(page.locator(".bulk-refused")).to_contain_text("Сумма")
        expect(page.locator("#bulk")).to_be_hidden()
        expect(page.locator("#deal-list .deal-line", has_text="Классификация")).to_have_count(1)


def test_all_that_fit_the_filters_are_changed_also_those_on_no_page_yet(browser: Browser, site: Site) -> None:
    site.do(_several(site, 55))

    with seat(browser, site, Role.MANAGER) as taken:
        page = taken.open("/deals")
        page.locator("[data-choose-all]").check()
        expect(page.locator("[data-chosen-count]")).to_have_text("Выбрано: 50")
        page.locator("[data-all-that-fit]").check()
        page.locator("#bulk [name=deed]").select_option("source")
        page.fill("#bulk [name=source]", "Выставка")
        page.locator("#bulk .btn-main").click()
        expect(page.locator("#bulk-result .tell")).to_have_text("Изменено 55 сделок.")


def test_filters_are_kept_as_a_view_and_chosen_again(browser: Browser, site: Site) -> None:
    site.do(_several(site, 3))

    with seat(browser, site, Role.MANAGER) as taken:
        page = taken.open("/deals")
        page.locator("#owner").select_option("nobody")
        expect(page.locator("#deal-list .blank")).to_be_visible()
        page.locator("summary", has_text="Виды").click()
        page.fill("#view-name", "Ничьи")
        page.locator("[data-view-form] .btn").click()
        page.wait_for_url("**/deals?owner_id=nobody")
        page.goto(site.url + "/deals")
        expect(page.locator("#deal-list .deal-line")).to_have_count(3)
        page.locator("summary", has_text="Виды").click()
        page.locator(".view-line a", has_text="Ничьи").click()
        expect(page.locator("#deal-list .blank")).to_be_visible()
        page.locator("[data-carries-filters='/board']").click()
        page.wait_for_url("**/board?owner_id=nobody")


def test_what_is_chosen_stays_chosen_while_others_work(browser: Browser, site: Site) -> None:
    site.do(_several(site, 3))

    with seat(browser, site, Role.MANAGER) as taken:
        page = taken.open("/deals")
        choose(page, 1)
        site.do(_several_more(site))
        page.wait_for_timeout(700)  # time in which the list would be fetched
        expect(page.locator(".pick:checked")).to_have_count(1)
        expect(page.locator("#deal-list .deal-line")).to_have_count(3)
        page.locator("[data-choose-none]").click()
        expect(page.locator("#deal-list .deal-line")).to_have_count(4)


async def _several_more(site: Site) -> None:
    async with site.database.write() as tx:
        await open_deal(tx, NewDeal(1, owner_id=site.people[Role.MANAGER]), by=None, now=site.context.now())
