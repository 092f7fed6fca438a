"""The live picture in a real Chromium: pops at every phone that rings, the head's desk, what is old, what a person allowed."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from crm_core.calls.tables import exchanges
from crm_core.exchanges import registry
from crm_core.users.tables import Role
from tests.builders import inbound, internal
from tests.product import eventually
from tests.web.seats import Seat, seat
from tests.web.site import Site

pytestmark = pytest.mark.browser

CALLER = "79161112233"
SECOND = 1000  # milliseconds
SOON = 4 * SECOND  # it takes a fraction of one; a busy machine is given some more
HIDDEN_AND_NOTIFIED = """
  Object.defineProperty(document, 'hidden', {get: () => true});
  window.notes = [];
  window.Notification = class {
    static permission = 'granted';
    constructor(name) { window.notes.push(name); }
    close() { window.notes.pop(); }
  };
"""
BELL = """
  window.rung = 0;
  window.AudioContext = class {
    state = 'running'; currentTime = 0; destination = {};
    createOscillator() { return {frequency: {}, connect: (to) => to, start() { window.rung += 1; }, stop() {}}; }
    createGain() { return {gain: {setValueAtTime() {}, exponentialRampToValueAtTime() {}}, connect: (to) => to}; }
    resume() { return Promise.resolve(); }
  };
"""


@pytest.fixture
def colleagues(site: Site) -> list[str]:
    """Two more managers, at 102 and 103."""
    return [site.hire("Igor Savin", "102"), site.hire("Maria Rogova", "103")]


def just_now() -> float:
    return time.time() - 5


def test_a_group_of_three_pops_up_at_three_desks_and_two_lose_it_when_one_answers(
    site: Site, browser: Browser, colleagues: list[str]
) -> None:
    call = inbound(CALLER, at=just_now()).rings("101", "102", "103")
    with (
        seat(browser, site, Role.MANAGER) as olga,
        seat(browser, site, colleagues[0]) as igor,
        seat(browser, site, colleagues[1]) as maria,
    ):
        strips = [one.open("/tasks").locator("#strip") for one in (olga, igor, maria)]
        site.take(call)
        for strip in strips:
            expect(strip.locator("article.ringing")).to_be_visible(timeout=SOON)

        site.take(call.answers("102"))
        expect(strips[0].locator("article")).to_have_count(0, timeout=SOON)
        expect(strips[2].locator("article")).to_have_count(0, timeout=SOON)
        expect(strips[1].locator("article.talking")).to_be_visible(timeout=SOON)


def test_a_pop_goes_by_itself_when_declined_or_given_up(site: Site, browser: Browser, colleagues: list[str]) -> None:
    declined, given_up = inbound("79165550001", at=just_now()).rings("101", "102"), inbound("79165550002").rings("101")
    with seat(browser, site, Role.MANAGER) as olga, seat(browser, site, colleagues[0]) as igor:
        strip, other = olga.open("/tasks").locator("#strip"), igor.open("/tasks").locator("#strip")
        site.take(declined)
        site.take(given_up)
        expect(strip.locator("article.ringing")).to_have_count(2, timeout=SOON)

        site.take(declined.declines("101"))
        expect(strip.locator("article.ringing")).to_have_count(1, timeout=SOON)
        expect(other.locator("article.ringing")).to_have_count(1)

        site.take(given_up.ends())
        expect(strip.locator("article")).to_have_count(0, timeout=SOON)


def test_a_transferred_call_comes_with_its_story_and_a_reload_keeps_it(
    site: Site, browser: Browser, colleagues: list[str]
) -> None:
    contact = site.do(site.office.contact(CALLER, "Pavel Remizov", site.people[Role.MANAGER], "Northern Store"))
    site.do(site.office.deal(contact, 2, site.people[Role.MANAGER]))
    call = inbound(CALLER, at=time.time() - 65).rings("101").answers("101")
    with seat(browser, site, colleagues[0]) as igor:
        page = igor.open("/today")
        site.take(call.transfers("102", after=50))

        for _ in range(2):
            card = page.locator("#strip article")
            for text in ("Pavel Remizov", "Northern Store", "Назначение встречи", "Olga Kotova", "0:50"):
                expect(card).to_contain_text(text, timeout=SOON)
            page.reload()


def test_a_clock_goes_on_from_the_true_time_after_a_reload(site: Site, browser: Browser) -> None:
    site.take(inbound(CALLER, at=time.time() - 603).rings("101").answers("101"))
    with seat(browser, site, Role.HEAD) as head:
        page = head.open("/live")
        clock = page.locator("#floor article.talking .clock")
        for _ in range(2):
            minutes, seconds = clock.inner_text().split(":")
            assert 598 <= 60 * int(minutes) + int(seconds) <= 640
            page.reload()


def test_the_desk_of_the_head_tells_who_is_with_whom_and_who_waits(site: Site, browser: Browser, colleagues: list[str]) -> None:
    with seat(browser, site, Role.HEAD) as head:
        page = head.open("/live")
        site.take(inbound(CALLER, at=just_now()).rings("101").answers("101").answers("102"))
        site.take(internal("103", "110", at=just_now()).rings("110").answers("110"))
        queued = inbound("79165550001", at=just_now()).joins_queue("sales")
        site.take(queued)
        site.take(inbound("79165550002", at=just_now()).rings("111"))

        desk = page.locator(f"#desk-{site.people[Role.MANAGER]}")
        expect(desk).to_contain_text("вместе с Igor Savin", timeout=SOON)
        expect(page.locator("article.person", has_text="Maria Rogova")).to_contain_text("110")
        expect(page.locator(".waiting-now .line")).to_contain_text("+7 916 555-00-01")
        expect(page.locator(".elsewhere")).to_contain_text("111")

        site.take(queued.ends())
        expect(page.locator(".waiting-now")).to_have_count(0, timeout=SOON)


def test_an_exchange_that_is_not_heard_stops_its_clocks_and_says_since_when(site: Site, browser: Browser) -> None:
    site.take(inbound(CALLER, at=just_now()).rings("101").answers("101"))
    with seat(browser, site, Role.HEAD) as head, seat(browser, site, Role.MANAGER) as manager:
        page, strip = head.open("/live"), manager.open("/tasks").locator("#strip")
        expect(page.locator("article.talking .clock[data-since]")).to_be_visible()

        _note(site, "down")
        expect(page.locator("#floor [role=status]")).to_contain_text("нет связи с АТС default", timeout=SOON)
        expect(strip.locator("article.old")).to_contain_text("нет связи с", timeout=SOON)
        for where in (page.locator("#floor"), strip):
            expect(where.locator("[data-since]")).to_have_count(0)

        _note(site, "up")
        expect(page.locator("#floor .old")).to_have_count(0, timeout=SOON)
        expect(strip.locator("article.talking [data-since]")).to_be_visible(timeout=SOON)


def _note(site: Site, state: str) -> None:
    async def noted() -> None:
        exchange = await site.office.the(exchanges)
        async with site.database.write() as tx:
            await registry.note_state(tx, exchange.id, state, now=datetime.now(UTC) - timedelta(seconds=2))

    site.do(noted())


def test_a_notification_is_withdrawn_when_the_call_is_answered_elsewhere(
    site: Site, browser: Browser, colleagues: list[str]
) -> None:
    call = inbound(CALLER, at=just_now()).rings("101", "102")
    with seat(browser, site, Role.MANAGER) as manager:
        manager.context.add_init_script(HIDDEN_AND_NOTIFIED)
        page = manager.open("/tasks")
        title = page.title()
        site.take(call)
        eventually(lambda: page.evaluate("window.notes") == ["+7\u00a0916\u00a0111-22-33"], what="a notification")

        site.take(call.answers("102"))
        eventually(lambda: page.evaluate("window.notes") == [], what="its withdrawal")
        expect(page).to_have_title(title)


def test_one_tab_of_several_rings_aloud_and_only_for_who_wants_it(site: Site, browser: Browser) -> None:
    quiet, loud = inbound("79165550001", at=just_now()).rings("101"), inbound("79165550002", at=just_now()).rings("101")
    with seat(browser, site, Role.MANAGER) as manager:
        manager.page.close()
        manager.context.add_init_script(BELL)
        first = manager.open("/today")
        site.take(quiet)
        expect(first.locator("article.ringing")).to_be_visible(timeout=SOON)
        assert _rung([first]) == 0
        site.take(quiet.ends())
        expect(first.locator("#strip article")).to_have_count(0, timeout=SOON)

        first.locator(".side-bar .who-am-i summary").click()
        first.locator(".side-bar [data-bell]").click()
        heard = _rung([first])
        tabs = [first, manager.open("/tasks")]
        site.take(loud)
        for tab in tabs:
            expect(tab.locator("article.ringing")).to_be_visible(timeout=SOON)

        assert eventually(lambda: _rung(tabs) - heard, what="the bell") == 2  # the two tones of one bell


def _rung(tabs: list[Page]) -> int:
    return sum(tab.evaluate("window.rung") for tab in tabs)


def test_a_ringing_phone_takes_no_focus_and_is_said_politely(site: Site, browser: Browser) -> None:
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open("/contacts")
        field = page.locator("input[type=search]").last
        field.fill("Pav")

        site.take(inbound(CALLER, at=just_now()).rings("101"))

        expect(page.locator("article.ringing")).to_be_visible(timeout=SOON)
        expect(field).to_be_focused()
        expect(field).to_have_value("Pav")
        expect(page.locator("#say[aria-live=polite]")).to_contain_text("Звонит")


def test_cut_off_from_the_server_the_clocks_stand(site: Site, browser: Browser) -> None:
    site.take(inbound(CALLER, at=just_now()).rings("101").answers("101"))
    head = Seat(browser, site, Role.HEAD)
    page = head.open("/live")
    expect(page.locator("article.talking .clock")).to_be_visible()

    site.stop()

    expect(page.locator("[data-cut-off]")).to_be_visible(timeout=SOON)
    shown = page.locator("article.talking .clock").inner_text()
    page.wait_for_timeout(1500)
    assert page.locator("article.talking .clock").inner_text() == shown
    head.context.close()


def test_a_message_left_is_heard_on_the_missed_page(site: Site, browser: Browser) -> None:
    site.take(inbound(CALLER, at=just_now()).rings("101").ends(voicemail=True))
    site.record(CALLER)
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open("/missed")

        page.get_by_text("Прослушать сообщение").click()
        player = page.locator(".message [data-player]")
        expect(player).to_have_attribute("data-ready", "", timeout=SOON)
        player.locator("[data-play]").click()
        expect(page.locator(".message .player.playing")).to_have_count(1)

        site.take(inbound("79165550009", at=just_now()).rings("101").ends())
        expect(page.locator(".missed-line")).to_have_count(2, timeout=SOON)
        expect(page.locator(".message .player.playing")).to_have_count(1)


def test_missed_customers_beyond_a_page_are_shown_on_demand(site: Site, browser: Browser) -> None:
    for serial in range(60):
        site.take(inbound(f"7916000{serial:04}", at=just_now() - serial).rings("101").ends())
    with seat(browser, site, Role.HEAD) as head:
        page = head.open("/missed")
        expect(page.locator(".missed-line")).to_have_count(50)
        expect(page.locator(".figs")).to_contain_text("60")

        page.get_by_role("button", name="Показать ещё").click()

        expect(page.locator(".missed-line")).to_have_count(60)
        expect(page.get_by_role("button", name="Показать ещё")).to_have_count(0)


def test_desks_do_not_jump_for_a_call_that_only_passes_a_menu(site: Site, browser: Browser) -> None:
    call = inbound(CALLER, at=just_now())
    with seat(browser, site, Role.HEAD) as head:
        page = head.open("/live")
        waiting = page.locator(".waiting-now")
        site.take(call)
        expect(waiting).to_have_class(re.compile(r"\bpassing\b"), timeout=SOON)  # it takes its place only if the menu lasts
        expect(waiting).to_be_visible(timeout=SOON)

        site.take(call.joins_queue())
        expect(waiting).not_to_have_class(re.compile(r"\bpassing\b"), timeout=SOON)
        expect(waiting).to_contain_text("Очередь sales")
