"""A deal on its way to the meeting: each gate refuses and says why, asks for just what is missing, and opens when it is there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert, update

from crm_core import event_log
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.moves import move
from crm_core.deals.tables import deals, stage_history
from crm_core.events import Event, EventKind
from crm_core.jobs import JobState, jobs
from crm_core.meetings.tables import meetings
from crm_core.tasks.tables import tasks
from crm_core.transcripts.tables import transcripts
from crm_core.users.tables import Role
from tests.funnel import Funnel
from tests.office import NOW
from tests.web.conftest import migrated, site
from tests.web.seats import SIZES, Seat, seat
from tests.web.site import Site

__all__ = ["migrated", "site"]

pytestmark = pytest.mark.browser

ARRANGING, MEETING, PROPOSAL = 2, 3, 4
HOSTILE = "<img src=x onerror=alert(1)>\u202e «четверг» " + "в одиннадцать " * 12


@pytest.fixture
def funnel(site: Site) -> Funnel:
    """Olga's deal with Pavel stands where the meeting is arranged."""
    begun = site.do(Funnel.begun(site.office, ARRANGING, site.people[Role.MANAGER]))
    site.do(site.office.set(deals, begun.deal, title="Интернет-магазин"))
    return begun


@pytest.fixture
def manager(browser: Browser, site: Site) -> Iterator[Seat]:
    with seat(browser, site, Role.MANAGER) as taken:
        yield taken
        forgive(taken)


def forgive(taken: Seat) -> None:
    """A browser's console tells of answers with 409 and 422, which are refusals here, and of sound that no test stored."""
    taken.faults = [fault for fault in taken.faults if not any(status in fault for status in ("409", "422", "404", "410", "503"))]


def tries(page: Page, stage: str) -> None:
    """Has the deal moved to a stage by the menu."""
    page.locator("details[data-menu] summary", has_text="Другой этап").first.click()
    page.locator(".panel .row-btn", has_text=stage).first.click()


def stage_of(site: Site, funnel: Funnel) -> int:
    return funnel.stage_ids.index(site.do(site.office.the(deals, id=funnel.deal)).stage_id)


def test_each_gate_refuses_and_says_why(site: Site, funnel: Funnel, manager: Seat) -> None:
    site.do(site.office.set(contacts, funnel.contact, email=None))
    refusals = [
        ("required_fields", {"fields": ["amount", "company.inn"]}, ["Не заполнено: Сумма", "Не заполнено: Компания: ИНН"]),
        ("call_answered", {"seconds": 10}, ["Клиенту не звонили"]),
        ("said", {"tag": "meeting_agreed"}, ["Ни в одном звонке", "встреча"]),
        ("meeting_set", {}, ["Встреча не назначена"]),
        ("meeting_held", {}, ["Проведённой встречи нет"]),
    ]
    page = manager.open(f"/deals/{funnel.deal}")
    for gate, settings, says in refusals:
        site.do(funnel.no_gates())
        site.do(funnel.gate(gate, **settings))
        page.goto(f"{site.url}/deals/{funnel.deal}")
        tries(page, "Встреча")
        refused = page.locator(f"#refused-{funnel.deal}")
        expect(refused.locator("h2")).to_have_text("На «Встреча» пока нельзя")
        for text in says:
            expect(refused).to_contain_text(text)
        assert stage_of(site, funnel) == ARRANGING


def test_gates_of_people_tasks_and_order_refuse_and_say_why(site: Site, funnel: Funnel, manager: Seat) -> None:
    site.do(site.office.set(contacts, funnel.contact, name=None, company_id=None))
    site.do(funnel.gate("entities"))
    site.do(funnel.gate("tasks_done"))
    site.do(_task(site, funnel, "Отправить примеры"))
    site.do(funnel.gate("in_order", stage=MEETING))
    page = manager.open(f"/deals/{funnel.deal}")

    tries(page, "Отправка КП")

    refused = page.locator(f"#refused-{funnel.deal}")
    for text in ("Нет контактного лица с именем", "Нет компании", "Не сделано: Отправить примеры", "Сначала этап «Встреча»",
                 "Этап «Встреча» не пропускают"):  # fmt: skip
        expect(refused).to_contain_text(text)


def test_what_is_missing_is_filled_in_and_the_deal_moves_in_one_go(
    site: Site, funnel: Funnel, manager: Seat, pictures: Path
) -> None:
    site.do(funnel.gate("required_fields", fields=["amount", "company.inn", "contact.name"]))
    site.do(funnel.gate("call_answered", seconds=10))
    site.do(funnel.gate("meeting_set"))
    call = site.do(funnel.call())
    site.do(funnel.transcript(call, customer=20.0, manager=14.0))
    page = manager.open(f"/deals/{funnel.deal}")
    expect(page.locator("section", has=page.locator("#gate"))).to_contain_text("Дозвонились клиенту: 0:34 разговора")
    page.screenshot(path=pictures / "gate-beside-the-deal.png")

    tries(page, "Встреча")
    form = page.locator(f"#supply-{funnel.deal}")
    expect(form.locator(".form-label")).to_have_text(["Сумма", "Компания: ИНН", "Кто едет", "С кем", "Где", "Когда"])
    page.screenshot(path=pictures / "gate-refused.png")
    form.get_by_label("Сумма").fill("много")
    form.get_by_label("Где").fill("Лесная, 5")
    form.get_by_role("button", name="Записать и перейти").click()
    expect(page.locator(".tell.bad")).to_contain_text("«Сумма» не удаётся прочесть")
    expect(form.get_by_label("Где")).to_have_value("Лесная, 5")

    form.get_by_label("Сумма").fill("240 000")
    form.get_by_label("ИНН").fill("7707083893")
    form.get_by_label("Когда").fill("2026-12-03T11:00")
    form.get_by_role("button", name="Записать и перейти").click()
    expect(page.locator("ol.stages .now")).to_contain_text("Встреча")

    row = site.do(site.office.the(deals, id=funnel.deal))
    meeting = site.do(site.office.the(meetings))
    assert (stage_of(site, funnel), row.amount, site.do(site.office.the(companies)).inn) == (MEETING, 24_000_000, "7707083893")
    assert (meeting.place, meeting.user_id, meeting.contact_id) == ("Лесная, 5", funnel.olga, funnel.contact)
    assert site.do(site.office.the(tasks, kind="meeting")).owner_id == funnel.olga


def test_transcript_that_is_not_ready_is_waited_for_and_the_page_says_when_it_is(
    site: Site, funnel: Funnel, manager: Seat, pictures: Path
) -> None:
    site.do(funnel.gate("said", tag="meeting_agreed"))
    call = site.do(funnel.call())
    site.do(funnel.recording(call, queued=True))
    page = manager.open(f"/deals/{funnel.deal}")
    tries(page, "Встреча")
    refused = page.locator(f"#refused-{funnel.deal}")
    expect(refused).to_contain_text("ещё не расшифрован")
    expect(refused).to_contain_text("страница сама покажет")
    page.screenshot(path=pictures / "gate-waits.png")

    site.do(funnel.tag(call, site.do(funnel.transcript(call, customer=20.0, manager=14.0))))
    site.do(_told(site, funnel, call))

    expect(refused.locator("h2")).to_have_text("Теперь всё есть для этапа «Встреча»", timeout=5000)
    refused.get_by_role("button", name="Перейти на «Встреча»").click()
    expect(page.locator("ol.stages .now")).to_contain_text("Встреча")
    assert stage_of(site, funnel) == MEETING


def test_what_is_being_typed_stays_while_the_page_tells_of_something_new(site: Site, funnel: Funnel, manager: Seat) -> None:
    site.do(funnel.gate("required_fields", fields=["amount", "title"]))
    site.do(site.office.set(deals, funnel.deal, title=None))
    site.do(funnel.gate("said", tag="meeting_agreed"))
    call = site.do(funnel.call())
    site.do(funnel.recording(call, queued=True))
    page = manager.open(f"/deals/{funnel.deal}?to={funnel.stage_ids[MEETING]}")
    form, refused = page.locator(f"#supply-{funnel.deal}"), page.locator(f"#refused-{funnel.deal}")
    form.get_by_label("Сумма").fill("240 000")

    site.do(funnel.tag(call, site.do(funnel.transcript(call, customer=20.0, manager=14.0))))
    site.do(_told(site, funnel, call))

    expect(refused).to_contain_text("Прозвучало: встреча согласована", timeout=5000)
    expect(form.get_by_label("Сумма")).to_have_value("240 000")


def test_quote_is_played_where_it_was_said_and_hostile_words_stay_words(site: Site, funnel: Funnel, manager: Seat) -> None:
    site.do(funnel.gate("said", tag="meeting_agreed"))
    site.do(funnel.call(direction="inbound", caller="79161112233"))
    call = site.record("79161112233")
    transcript = site.do(site.office.the(transcripts, call_id=call)).id
    site.do(funnel.tag(call, transcript, quote=HOSTILE))
    page = manager.open("/tasks")
    page.evaluate("() => { window.alert = () => { document.title = 'taken over'; }; }")
    page.goto(f"{site.url}/deals/{funnel.deal}")
    gate = page.locator("section", has=page.locator("#gate"))
    expect(gate.locator("q")).to_contain_text("<img src=x onerror=alert(1)>")

    gate.get_by_role("button", name="Слушать с 1:14").click()

    expect(page.locator(".player.playing, [data-quote-of][aria-pressed=true]").first).to_be_visible()
    assert page.locator("q img").count() == 0


def test_head_moves_on_with_a_reason_that_stays(browser: Browser, site: Site, funnel: Funnel, pictures: Path) -> None:
    site.do(funnel.gate("call_answered"))
    with seat(browser, site, Role.HEAD) as head:
        page = head.open(f"/deals/{funnel.deal}")
        tries(page, "Встреча")
        page.get_by_text("Перейти без этого").click()
        page.locator("#override").fill("Договорились на выставке <b>лично</b>")
        page.get_by_role("button", name="Всё равно перейти").click()

        expect(page.locator("ol.stages .now")).to_contain_text("Встреча")
        moved = page.locator(".set-aside")
        expect(moved).to_contain_text("Договорились на выставке <b>лично</b>")
        expect(moved).to_contain_text("Клиенту не звонили")
        page.screenshot(path=pictures / "gate-set-aside.png")
        forgive(head)
    assert len(site.do(site.office.the(stage_history)).missing) == 1


def test_manager_is_offered_no_way_past_a_gate(site: Site, funnel: Funnel, manager: Seat) -> None:
    site.do(funnel.gate("call_answered"))
    page = manager.open(f"/deals/{funnel.deal}")
    tries(page, "Встреча")

    expect(page.locator(f"#refused-{funnel.deal}")).to_be_visible()
    expect(page.get_by_text("Перейти без этого")).to_have_count(0)


def test_second_of_two_is_told_where_the_deal_went(site: Site, funnel: Funnel, manager: Seat) -> None:
    site.do(funnel.gate("call_answered"))
    page = manager.open(f"/deals/{funnel.deal}")
    site.do(site.office.set(deals, funnel.deal, stage_id=funnel.stage_ids[5]))

    tries(page, "Встреча")

    expect(page.locator(".tell.bad")).to_contain_text("Кто-то успел раньше: сделка уже на этапе «Согласование»")


def test_refusal_on_the_board_asks_there_and_the_deal_goes_on(site: Site, funnel: Funnel, manager: Seat, pictures: Path) -> None:
    site.do(funnel.gate("required_fields", fields=["amount"]))
    site.do(funnel.gate("said", tag="meeting_agreed"))
    call = site.do(funnel.call())
    site.do(funnel.recording(call, queued=True))
    page = manager.open("/board")
    card = page.locator(f".deal-card[data-deal='{funnel.deal}']")
    card.locator("a.cover").focus()
    page.keyboard.press("Shift+ArrowRight")
    dialog = page.locator("#board-dialog")
    expect(dialog.locator("h2", has_text="На «Встреча» пока нельзя")).to_be_visible()
    page.screenshot(path=pictures / "gate-on-the-board.png")
    dialog.get_by_label("Сумма").fill("240 000")
    dialog.get_by_role("button", name="Записать и перейти").click()
    expect(dialog).not_to_contain_text("Не заполнено")
    expect(dialog).to_contain_text("ещё не расшифрован")

    site.do(funnel.tag(call, site.do(funnel.transcript(call, customer=20.0, manager=14.0))))
    site.do(_told(site, funnel, call))
    dialog.get_by_role("button", name="Перейти на «Встреча»").click(timeout=8000)

    expect(dialog).to_be_hidden()
    assert (stage_of(site, funnel), site.do(site.office.the(deals)).amount) == (MEETING, 24_000_000)


def test_what_went_past_the_gates_is_read_by_the_head(browser: Browser, site: Site, funnel: Funnel, pictures: Path) -> None:
    site.do(funnel.gate("call_answered"))
    site.do(funnel.gate("meeting_set"))
    site.do(_set_aside(site, funnel, "Договорились на выставке <b>лично</b> " + "и ещё раз " * 30))
    for size in SIZES:
        with seat(browser, site, Role.HEAD, size, color_scheme="dark" if size == "phone" else "light") as head:
            page = head.open("/live")
            page.get_by_role("link", name="1", exact=True).click()
            expect(page.locator("h1")).to_have_text("Переходы в обход")
            expect(page.locator(".override")).to_contain_text("<b>лично</b>")
            expect(page.locator(".override li")).to_have_count(2)
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
            page.screenshot(path=pictures / f"overrides-{size}.png", full_page=True)


def test_refusal_on_a_phone(browser: Browser, site: Site, funnel: Funnel, pictures: Path) -> None:
    site.do(funnel.gate("required_fields", fields=["amount", "title", "company.inn", "contact.email"]))
    site.do(funnel.gate("meeting_set"))
    site.do(funnel.gate("call_answered"))
    with seat(browser, site, Role.HEAD, "phone") as phone:
        page = phone.open(f"/deals/{funnel.deal}?to={funnel.stage_ids[MEETING]}")
        expect(page.locator(f"#refused-{funnel.deal}")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]
        page.screenshot(path=pictures / "gate-refused-phone.png", full_page=True)


async def _set_aside(site: Site, funnel: Funnel, why: str) -> None:
    async with site.database.write() as tx:
        await move(
            tx, funnel.deal, funnel.stage_ids[MEETING], by=site.people[Role.HEAD], now=datetime.now(UTC), override=why,
            may_override=True,
        )  # fmt: skip


async def _task(site: Site, funnel: Funnel, title: str) -> None:
    row = {"kind": "other", "title": title, "deal_id": funnel.deal, "stage_id": funnel.stage_ids[ARRANGING],
           "owner_id": funnel.olga, "due_at": NOW + timedelta(days=1), "created_at": NOW}  # fmt: skip
    async with site.database.write() as tx:
        await tx.execute(insert(tasks).values(row))


async def _told(site: Site, funnel: Funnel, call: int) -> None:
    """The transcript's job is done, as the worker tells it."""
    happened = Event(
        EventKind.TRANSCRIPT_READY, NOW, (funnel.olga,), call_id=call, contact_id=funnel.contact, deal_id=funnel.deal
    )
    async with site.database.write() as tx:
        await tx.execute(update(jobs).where(jobs.c.call_id == call).values(state=JobState.DONE))
        await event_log.append(tx, [happened])
