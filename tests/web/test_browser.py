"""The pages in a real Chromium: what scripts do, and what a person sees at his desk and on his phone."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals
from crm_core.users.tables import Role
from tests.builders import inbound
from tests.web.seats import SIZES, seat
from tests.web.site import Site

pytestmark = pytest.mark.browser

CALLER = "79161112233"
PAGES = ("/today", "/calls", "/missed?show=all", "/contacts", "/board", "/deals", "/tasks", "/live", "/people", "/exchange")
HIDDEN_AND_NOTIFIED = """
  Object.defineProperty(document, 'hidden', {get: () => true});
  window.told = [];
  window.Notification = class {
    static permission = 'granted';
    constructor(name, facts) { window.told.push([name, facts.body]); }
    close() {}
  };
"""


@pytest.fixture
def known(site: Site) -> int:
    """Somebody we know, with a deal; tells the deal."""
    contact = site.do(site.office.contact(CALLER, "Pavel Remizov", site.people[Role.MANAGER], "Northern Store"))
    return site.do(site.office.deal(contact, 2, site.people[Role.MANAGER]))


def test_a_ringing_phone_pops_up_talks_and_is_gone(site: Site, browser: Browser, known: int) -> None:
    story = inbound(CALLER).rings("101")
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open("/tasks")
        strip = page.locator("#strip")
        expect(strip).to_be_empty()

        site.take(story.events)
        expect(strip.locator("article.ringing")).to_contain_text("Pavel Remizov", timeout=5000)
        expect(strip).to_contain_text("Northern Store")
        expect(strip).to_contain_text("Назначение встречи")
        expect(page.locator("#say")).to_contain_text("Звонит Pavel Remizov")

        site.take(story.answers("101").events)
        expect(strip.locator("article.talking")).to_contain_text("говорит", timeout=5000)
        expect(page.locator("#say")).to_be_empty()

        strip.get_by_role("link").click()
        expect(page).to_have_url(f"{site.url}/deals/{known}")

        site.take(story.ends().events)
        expect(page.locator("#strip article")).to_have_count(0, timeout=5000)


def test_several_calls_stack_and_one_answered_elsewhere_vanishes(site: Site, browser: Browser) -> None:
    site.do(site.office.person("Igor Savin", "102"))
    first, second = inbound("79165550001").rings("101", "102"), inbound("79165550002").rings("101")
    with seat(browser, site, Role.MANAGER) as manager:
        strip = manager.open("/today").locator("#strip")
        site.take(first.events)
        site.take(second.events)
        expect(strip.locator("article.ringing")).to_have_count(2, timeout=5000)
        expect(strip).to_contain_text("Новый номер")

        site.take(first.answers("102").events)

        expect(strip.locator("article")).to_have_count(1, timeout=5000)
        expect(strip).to_contain_text("+7 916 555-00-02")


def test_a_hidden_tab_flashes_and_notifies(site: Site, browser: Browser, known: int) -> None:
    with seat(browser, site, Role.MANAGER) as manager:
        manager.context.add_init_script(HIDDEN_AND_NOTIFIED)
        page = manager.open("/today")

        site.take(inbound(CALLER).rings("101").events)

        expect(page).to_have_title("Pavel Remizov звонит", timeout=5000)
        assert page.evaluate("window.told") == [["Pavel Remizov", "Звонит Pavel Remizov. Назначение встречи"]]


def test_two_tabs_share_one_stream(site: Site, browser: Browser, known: int) -> None:
    with seat(browser, site, Role.MANAGER) as manager:
        tabs = [manager.open("/today"), manager.open("/deals")]
        for tab in tabs:
            expect(tab.locator("#strip")).to_be_attached()

        site.take(inbound(CALLER).rings("101").events)

        for tab in tabs:
            expect(tab.locator("article.ringing")).to_be_visible(timeout=5000)
        assert site.do(_open_streams(site)) == 1


async def _open_streams(site: Site) -> int:
    return len(site.streams)


def test_the_desk_of_the_head_follows_the_calls(site: Site, browser: Browser, known: int) -> None:
    story = inbound(CALLER).rings("101").answers("101")
    with seat(browser, site, Role.HEAD) as head:
        page = head.open("/live")
        expect(page.locator("article.person")).to_contain_text("свободен")

        site.take(story.events)
        expect(page.locator("article.person.talking")).to_contain_text("Pavel Remizov", timeout=5000)

        site.take(story.ends().events)
        expect(page.locator("article.person")).to_contain_text("свободен", timeout=5000)


def test_a_talk_is_heard_and_its_words_light_up(site: Site, browser: Browser, known: int) -> None:
    site.take(inbound(CALLER).rings("101").answers("101").ends(after=24).events)
    call = site.record(CALLER)
    with seat(browser, site, Role.QA) as quality:
        page = quality.open(f"/calls/{call}")
        player = page.locator("[data-player]")
        expect(player).to_have_attribute("data-ready", "")
        shown = player.locator("[data-at]")

        player.locator("[data-play]").click()
        expect(page.locator(".w.now")).to_have_count(1, timeout=5000)
        expect(shown).to_have_text(re.compile("0:0[1-9]"), timeout=5000)

        page.locator(".w", has_text="четверг").first.click()
        expect(shown).to_have_text(re.compile("0:1[5-9]"))
        expect(page.locator(".w.now")).to_have_text(re.compile("четверг|в"), timeout=5000)

        page.locator("button.chip[data-segment]").click()
        expect(page.locator(".w.shown")).to_have_text(["сколько", "стоит"])
        expect(shown).to_have_text(re.compile("0:0[789]"))

        player.locator("[data-play]").click()
        before = page.locator("input[name=second]").input_value()
        page.locator("#remark").fill("Назвала цену не сразу")
        page.get_by_role("button", name="Добавить замечание").click()
        expect(page.locator(".remark")).to_contain_text("Назвала цену не сразу")
        expect(page.locator(".remark .seek")).to_have_text(re.compile("0:0[789]"))
        expect(page.locator("#remark")).to_be_empty()
        assert float(before) > 6
        expect(shown).not_to_have_text("0:00")


def test_the_keyboard_plays_and_seeks(site: Site, browser: Browser, known: int) -> None:
    site.take(inbound(CALLER).rings("101").answers("101").ends(after=24).events)
    call = site.record(CALLER)
    with seat(browser, site, Role.HEAD) as head:
        page = head.open(f"/calls/{call}")
        expect(page.locator("[data-player]")).to_have_attribute("data-ready", "")

        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(page.locator("[data-at]")).to_have_text("0:10")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("[data-at]")).to_have_text("0:05")
        page.keyboard.press("Space")
        expect(page.locator(".player.playing")).to_have_count(1)

        page.keyboard.press("/")
        expect(page.locator(".find input")).to_be_focused()


def test_a_deal_card_changes_under_the_eyes_while_the_recording_plays_on(site: Site, browser: Browser, known: int) -> None:
    site.take(inbound(CALLER).rings("101").answers("101").ends(after=24).events)
    site.record(CALLER)
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open(f"/deals/{known}")
        page.locator("[data-play]").click()
        expect(page.locator(".player.playing")).to_have_count(1)

        page.locator("#note").fill("Взять договор")
        page.keyboard.press("Enter")
        expect(page.locator(".note-text")).to_have_text("Взять договор")
        page.locator(".head-row .btn-main").click()
        expect(page.locator(".stages .now")).to_contain_text("Встреча")

        expect(page.locator(".player.playing")).to_have_count(1)
        assert site.do(site.office.the(deals, id=known)).stage_id


def test_an_earlier_call_on_a_deal_opens_at_a_click(site: Site, browser: Browser, known: int) -> None:
    site.take(inbound(CALLER).rings("101").ends().events)
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open(f"/deals/{known}")

        page.locator("details.moment summary").first.click()

        expect(page.locator(".moment .opened")).to_contain_text("Никто не ответил", timeout=5000)


def test_calls_are_narrowed_while_one_types(site: Site, browser: Browser, known: int) -> None:
    site.take(inbound(CALLER).rings("101").answers("101").ends().events)
    site.take(inbound("79165550001").rings("101").answers("101").ends().events)
    with seat(browser, site, Role.HEAD) as head:
        page = head.open("/calls")
        expect(page.locator("#call-list .line")).to_have_count(2)

        page.locator("#search").fill("remizov")
        expect(page.locator("#call-list .line")).to_have_count(1, timeout=5000)
        expect(page).to_have_url(f"{site.url}/calls?search=remizov")

        page.reload()
        expect(page.locator("#call-list .line")).to_have_count(1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways_or_breaks_a_rule(site: Site, browser: Browser, known: int, size: str, scheme: str) -> None:
    long = "Очень длинное имя " * 30
    site.take(inbound("79165550001", caller_name=long).rings("101").ends().events)
    site.take(inbound(CALLER).rings("101").answers("101").events)
    contact = site.do(site.office.rows(contacts))[0].id
    site.do(site.office.set(contacts, contact, name=long, note="x" * 400))
    with seat(browser, site, Role.HEAD, size, color_scheme=scheme) as head:
        for path in (*PAGES[:8], f"/deals/{known}", f"/contacts/{contact}", "/calls/1"):
            page = head.open(path)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, path
            assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
            assert _without_a_name(page) == [], path
            page.close()


def test_a_name_without_a_single_space_widens_no_page(site: Site, browser: Browser) -> None:
    site.take(inbound("79165550001", caller_name="Л" * 300).rings("101").answers("101").ends().events)
    site.take(inbound("79165550001", caller_name="Л" * 300).rings("101").events)
    contact = site.do(site.office.rows(contacts))[0].id
    with seat(browser, site, Role.MANAGER, "phone") as manager:
        page = manager.open(f"/contacts/{contact}")
        typed = {"name": "n" * 200, "company": "c" * 300, "position": "p" * 200, "email": "e" * 200, "note": "x" * 400}
        page.evaluate(
            """([path, typed]) => fetch(path, {method: 'POST', body: new URLSearchParams(typed)})""",
            [f"/contacts/{contact}/edit", typed],
        )
        for path in (
            "/today",
            "/calls",
            "/missed",
            "/contacts",
            f"/contacts/{contact}",
            "/board",
            "/deals",
            "/deals/1",
            "/calls/1",
            "/tasks",
        ):
            page = manager.open(path)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, path
            page.close()


def _without_a_name(page: Page) -> list[str]:
    """Buttons, links and fields that a screen reader could not name."""
    unnamed: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('button, a[href], input:not([type=hidden]), select, textarea, summary')]
          .filter(e => e.checkVisibility())
          .filter(e => !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.title || e.placeholder))
          .map(e => e.outerHTML.slice(0, 120))"""
    )
    return unnamed


def test_the_chosen_theme_stays(site: Site, browser: Browser) -> None:
    with seat(browser, site, Role.MANAGER, color_scheme="light") as manager:
        page = manager.open("/today")
        page.locator(".side-bar .who-am-i summary").click()
        page.locator(".side-bar [data-theme-choice=dark]").click()
        page.keyboard.press("Escape")

        page.reload()

        assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
