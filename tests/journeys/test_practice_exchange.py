"""The main job end to end as a new user sees it: the demo's day, a browser, and the real speech model.

The same steps twice: `firstring demo` on SQLite; and PostgreSQL, Redis, Celery and S3 with the processes apart, where the manager
and the head of sales sit at different web processes.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.desk import Desk
from tests.journeys.seated import Seated, embedded, processes_apart
from tests.product import eventually

pytestmark = [pytest.mark.browser, pytest.mark.model]


WAYS = {"embedded": embedded, "apart": processes_apart}


@pytest.fixture(scope="module", params=WAYS)
def seated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seated]:
    with WAYS[request.param](tmp_path_factory.mktemp(request.param)) as seated:
        yield seated


def test_a_phone_rings_a_lead_exists_and_the_call_is_heard_and_read_on_its_deal_card(
    seated: Seated, browser: Browser, pictures: Path
) -> None:
    manager = Desk(browser, seated.manager_at, "manager@demo.local", pictures)
    head = Desk(browser, seated.head_at, "head@demo.local", pictures)
    api = seated.api

    behind = Desk(browser, seated.head_at, "manager@demo.local", pictures)
    behind.hide()
    title = behind.open("/deals").title()

    # It rings: who calls stands on every page, within a second of the first ring, and a hidden tab says so, too.
    manager.open("/tasks")
    card = manager.sees_ringing(within=100)
    behind.sees_ringing(within=5)
    expect(behind.page).not_to_have_title(title, timeout=5000)
    ringing = eventually(lambda: api.items("calls", limit=5), what="a call")[0]
    assert ringing["caller"] == "79161112233"
    expect(card).to_contain_text("Павел Ремизов")
    expect(card).to_contain_text("Северный склад")
    expect(card).to_contain_text("Назначение встречи")
    manager.picture("practice-1-ringing")

    # He answers on his phone: the strip counts.
    manager.sees_talking()
    manager.picture("practice-2-talking")
    head.open("/live")
    expect(head.page.locator("article.person.talking")).to_contain_text("Павел Ремизов")
    head.picture("practice-3-live")

    # He hangs up: the recording stands on the deal card, under the stage of that moment.
    manager.sees_no_call()
    call = eventually(lambda: _recorded(api, ringing["id"]), within=60, what="the recording")
    assert call["outcome"] == "answered"
    assert call["answered_by"][0]["extension"] == "101"
    assert call["recordings"][0]["sides"] == 2
    stage = call["stage"]["name"]
    assert stage == "Назначение встречи"

    # It is read by the real model, each side apart.
    words = eventually(lambda: api.said(call["id"]), within=180, what="the transcript")
    assert "магазин" in words["customer"]
    assert "добрый день" in words["manager"]
    assert "четверг" in words["manager"]
    assert "стоит" in words["customer"]

    page = manager.open(f"/deals/{call['deal_id']}")
    group = page.locator(".stage-group, section", has_text=stage).first
    expect(group).to_be_visible()
    player = page.locator("[data-player]").first
    manager.plays(player)
    manager.sees_words_light_up()
    manager.picture("practice-4-deal")

    # A click on a word seeks there; a tag points to its words.
    word = page.locator(".w", has_text=re.compile("четверг", re.IGNORECASE)).first
    word.click()
    expect(word).to_have_class(re.compile(r"\bnow\b"))
    page.locator("button.chip[data-segment]", has_text=re.compile("встреч", re.IGNORECASE)).first.click()
    expect(page.locator(".w.shown").first).to_be_visible()

    # The head of sales hears the same card, and the figures are right.
    page = head.open(f"/deals/{call['deal_id']}")
    head.plays(page.locator("[data-player]").first)
    _figures_are_right(head, api)
    if seated.kept is not None:
        assert any(name.startswith("firstring/recordings/") for name in seated.kept())
    assert manager.faults == []
    assert head.faults == []


def test_an_unknown_caller_has_a_contact_a_deal_and_a_task_at_the_first_ring(
    seated: Seated, browser: Browser, pictures: Path
) -> None:
    api = seated.api

    fresh = eventually(lambda: _first_ring_of_a_stranger(api), within=180, what="a call of a new number")

    assert fresh["contact_id"]
    deal = api.get(f"deals/{fresh['deal_id']}")
    stages = api.items("pipelines")[0]["stages"]
    assert deal["stage_id"] == stages[0]["id"]
    assert [stages[0]["name"], stages[-1]["name"], len(stages)] == ["Входящая заявка", "Полная оплата", 11]
    tasks = [task for task in api.items("tasks", limit=200) if task["deal_id"] == fresh["deal_id"]]
    assert any(task["kind"] == "classify" for task in tasks)


def _recorded(api, call_id):
    call = api.get(f"calls/{call_id}")
    return call if call["recordings"] else None


def _first_ring_of_a_stranger(api):
    calls = api.items("calls", direction="inbound", limit=50)
    return next((call for call in calls if call["caller"] not in (None, "79161112233") and call["ended_at"] is None), None)


def _figures_are_right(head: Desk, api) -> None:
    """The page's figures of Olga are those one counts by hand from the calls."""
    day = time.strftime("%Y-%m-%dT00:00:00+03:00")
    page = head.open("/live")
    row = page.locator("table tbody tr", has_text="Ольга Котова")
    calls = [call for call in api.items("calls", limit=200, since=day) if call["direction"] == "inbound"]
    taken = sum(1 for call in calls if any(person["extension"] == "101" for person in call["answered_by"]))
    expect(row.locator("td").nth(1)).to_have_text(str(taken))
