"""Pages as they are served: to whom, in which language, and what they say when there is nothing or something hostile."""

import re
from collections.abc import Callable

import pytest

from crm_core.calls.tables import call_remarks, calls
from crm_core.deals.tables import deals, notes
from crm_core.recordings.tables import recordings
from crm_core.tasks.tables import tasks
from crm_core.transcripts.tables import transcripts
from crm_core.users.tables import Role
from tests.builders import inbound
from tests.web.conftest import Visitor
from tests.web.site import PASSWORD, Site

Visiting = Callable[[Role | None], Visitor]
EVERYWHERE = ("/today", "/calls", "/missed", "/missed?show=all", "/contacts", "/board", "/deals", "/deals?state=closed", "/tasks",
              "/tasks?show=free", "/tasks?show=done", "/strip", "/nav?at=deals", "/tabs")  # fmt: skip
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\u202e\u2066" + "долго" * 100


def test_every_page_says_something_helpful_where_there_is_nothing(site: Site, visitor: Visiting) -> None:
    for role in Role:
        client = visitor(role)
        for path in (*EVERYWHERE, *(("/live",) if role is not Role.MANAGER else ())):
            assert client.get(path).status_code == 200, (role, path)


def test_a_stranger_is_sent_to_the_login_and_back_again(site: Site, visitor: Visiting) -> None:
    stranger = visitor(None)

    answer = stranger.get("/deals/7")
    form = stranger.get(answer.headers["location"])

    assert answer.status_code == 303
    assert 'name="next" value="/deals/7"' in form.text


def test_a_wrong_password_is_told_in_words(site: Site, visitor: Visiting) -> None:
    stranger = visitor(None)

    answer = stranger.post("/login", data={"email": site.email(Role.HEAD), "password": "wrong"}, follow_redirects=True)

    assert "Неверная почта или пароль." in answer.text


@pytest.mark.parametrize(("role", "path"), [
    (Role.MANAGER, "/live"), (Role.MANAGER, "/people"), (Role.MANAGER, "/exchange"), (Role.QA, "/exchange"),
])  # fmt: skip
def test_a_role_that_may_not_is_told_so_in_words(site: Site, visitor: Visiting, role: Role, path: str) -> None:
    answer = visitor(role).get(path)

    assert answer.status_code == 403
    assert "Нет доступа" in answer.text


def test_a_page_that_is_not_there_is_a_page(site: Site, visitor: Visiting) -> None:
    client = visitor(Role.HEAD)

    for path in ("/deals/999", "/calls/999", "/contacts/999", "/no-such-page"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "Здесь ничего нет" in answer.text
    assert "<html" not in client.get("/deals/999", headers={"HX-Request": "true"}).text


def test_an_error_keeps_the_name_of_what_it_replaces(site: Site, visitor: Visiting) -> None:
    client = visitor(Role.MANAGER)

    named = client.post("/dial", headers={"HX-Request": "true", "HX-Target": "div#dial"})
    hostile = client.post("/dial", headers={"HX-Request": "true", "HX-Target": 'div#"><script>'})

    assert (named.status_code, hostile.status_code) == (422, 422)
    assert 'id="dial"' in named.text
    assert "<script>" not in hostile.text


def test_an_address_that_is_only_posted_to_says_so_in_the_readers_language(site: Site, visitor: Visiting) -> None:
    answer = visitor(Role.MANAGER).get("/dial")

    assert answer.status_code == 405
    assert "кнопкой со своей страницы" in answer.text


@pytest.mark.parametrize("path", [
    "/calls?direction=sideways", "/calls?from=yesterday", "/calls?user_id=x", "/calls?outcome=%00",
    "/calls?from=9999-12-31&to=0001-01-01",
])  # fmt: skip
def test_a_filter_that_cannot_be_is_told_in_words(site: Site, visitor: Visiting, path: str) -> None:
    answer = visitor(Role.HEAD).get(path)

    assert answer.status_code == 200
    assert "Фильтр не удаётся прочесть" in answer.text


def test_a_hostile_caller_is_text_on_every_page(site: Site, visitor: Visiting) -> None:
    site.take(inbound("79165550001", caller_name=HOSTILE).rings("101").events)
    client = visitor(Role.MANAGER)
    call = site.do(site.office.the(calls, caller="79165550001"))
    client.post(f"/contacts/{call.contact_id}/edit", data={"name": HOSTILE, "company": HOSTILE, "note": HOSTILE})
    client.post(f"/deals/{call.deal_id}/edit", data={"title": HOSTILE, "amount": "1"})
    client.post(f"/deals/{call.deal_id}/notes", data={"text": HOSTILE})

    for path in (*EVERYWHERE, f"/calls/{call.id}", f"/contacts/{call.contact_id}", f"/deals/{call.deal_id}"):
        text = client.get(path).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
    assert "&lt;script&gt;alert" in client.get("/strip").text


def test_a_hostile_caller_in_a_hostile_queue_is_text_on_the_live_desk(site: Site, visitor: Visiting) -> None:
    site.take(inbound("79165550001", caller_name=HOSTILE).joins_queue(HOSTILE).rings(HOSTILE, "101").events)
    site.take(inbound("79165550002", caller_name=HOSTILE).rings(HOSTILE).events)
    site.take(inbound("79165550003", caller_name=HOSTILE).joins_queue(HOSTILE).rings(HOSTILE).ends().events)

    for client, path in ((visitor(Role.HEAD), "/live"), (visitor(Role.HEAD), "/missed"), (visitor(Role.MANAGER), "/today")):
        text = client.get(path).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert "&lt;script&gt;alert" in text, path


def test_a_person_reads_the_pages_in_the_language_he_chose(site: Site, visitor: Visiting) -> None:
    client = visitor(Role.HEAD)
    assert "На линии" in client.get("/live").text

    answer = client.post("/language", data={"language": "en", "back": "/live"})

    assert answer.headers["location"] == "/live"
    assert "On the line" in client.get("/live").text
    assert "Nothing here" in client.get("/none").text or "Not here" in client.get("/none").text


def test_a_deal_is_moved_only_from_where_one_saw_it(site: Site, visitor: Visiting) -> None:
    site.take(inbound("79165550001").rings("101").answers("101").ends().events)
    deal = site.do(site.office.the(deals))
    client = visitor(Role.MANAGER)
    later = deal.stage_id + 1

    first = client.post(f"/deals/{deal.id}/move", data={"stage": later, "expected": deal.stage_id})
    second = client.post(f"/deals/{deal.id}/move", data={"stage": later + 1, "expected": deal.stage_id})

    assert first.status_code == 303
    assert second.status_code == 409
    assert "Кто-то успел раньше" in second.text
    assert site.do(site.office.the(deals)).stage_id == later


def test_a_manager_takes_what_is_nobodys_but_gives_nothing_away(site: Site, visitor: Visiting) -> None:
    site.take(inbound("79165550001").rings("101").ends().events)
    deal = site.do(site.office.the(deals))
    client = visitor(Role.MANAGER)

    given = client.post(f"/deals/{deal.id}/owner", data={"owner_id": site.people[Role.HEAD]})
    taken = client.post(f"/deals/{deal.id}/owner", data={"owner_id": site.people[Role.MANAGER]})

    assert (given.status_code, taken.status_code) == (403, 303)
    assert site.do(site.office.the(deals)).owner_id == site.people[Role.MANAGER]


def test_a_task_is_ticked_off_in_its_line(site: Site, visitor: Visiting) -> None:
    site.take(inbound("79165550001").rings("101").answers("101").ends().events)
    task = site.do(site.office.rows(tasks))[0]
    client = visitor(Role.MANAGER)

    line = client.post(f"/tasks/{task.id}/done")

    assert "circle-check" in line.text
    assert site.do(site.office.the(tasks, id=task.id)).done_at is not None


def test_quality_control_remarks_on_a_second_and_nobody_else_does(site: Site, visitor: Visiting) -> None:
    site.take(inbound("79165550001").rings("101").answers("101").ends().events)
    call = site.record("79165550001")
    remark = {"text": "Сразу назвала цену", "second": "7.5"}

    refused = visitor(Role.MANAGER).post(f"/calls/{call}/remarks", data=remark)
    quality = visitor(Role.QA)
    quality.post(f"/calls/{call}/remarks", data=remark)
    quality.post(f"/calls/{call}/review")

    assert refused.status_code == 403
    page = quality.get(f"/calls/{call}").text
    assert "Сразу назвала цену" in page
    assert 'data-seek="7.5"' in page
    assert "ещё не проверен" not in page


def test_a_remark_is_taken_back_by_its_author_alone(site: Site, visitor: Visiting) -> None:
    site.take(inbound("79165550001").rings("101").answers("101").ends().events)
    call = site.record("79165550001")
    quality = visitor(Role.QA)
    quality.post(f"/calls/{call}/remarks", data={"text": "Перебил клиента"})
    remark = site.do(site.office.the(call_remarks)).id
    away = f"/calls/{call}/remarks/{remark}/remove"

    head = visitor(Role.HEAD)
    seen, refused = head.get(f"/calls/{call}").text, head.post(away)
    quality.post(away)

    assert ("Перебил клиента" in seen, away in seen, refused.status_code) == (True, False, 403)
    assert "Перебил клиента" not in quality.get(f"/calls/{call}").text


def test_a_recording_that_cannot_tell_its_sides_apart_is_shown_all_the_same(site: Site, visitor: Visiting) -> None:
    site.take(inbound("79165550001").rings("101").answers("101").ends().events)
    call = site.record("79165550001")
    transcript = site.do(site.office.the(transcripts))
    site.do(site.office.set(transcripts, transcript.id, speech_seconds={"unknown": 9.0}))
    site.do(site.office.set(recordings, site.do(site.office.the(recordings)).id, sides=1))

    page = visitor(Role.HEAD).get(f"/calls/{call}")

    assert page.status_code == 200
    assert "клиент говорит" not in page.text


def test_an_administrator_sees_the_call_but_neither_hears_nor_reads_it(site: Site, visitor: Visiting) -> None:
    site.take(inbound("79165550001").rings("101").answers("101").ends().events)
    call = site.record("79165550001")

    page = visitor(Role.ADMIN).get(f"/calls/{call}").text

    assert "data-player" not in page
    assert "сколько" not in page
    assert "Разговор слушают те" in page


def test_somebody_new_is_added_with_his_phone_and_can_log_in(site: Site, visitor: Visiting) -> None:
    admin = visitor(Role.ADMIN)
    new = {
        "name": "Igor Savin",
        "email": "Igor@office.test",
        "password": PASSWORD,
        "role": "manager",
        "extension": "102",
        "exchange_id": "1",
    }

    added = admin.post("/people", data=new)
    again = admin.post("/people", data=new)
    short = admin.post("/people", data={**new, "email": "other@office.test", "password": "short"})

    assert [added.status_code, again.status_code, short.status_code] == [303, 409, 422]
    assert "102" in admin.get("/people").text
    login = visitor(None).post("/login", data={"email": "igor@office.test", "password": PASSWORD})
    assert login.headers["location"] == "/"


def test_the_last_administrator_stays(site: Site, visitor: Visiting) -> None:
    answer = visitor(Role.ADMIN).post(f"/people/{site.people[Role.ADMIN]}/deactivate")

    assert answer.status_code == 409
    assert "последний администратор" in answer.text


def test_an_exchange_is_connected_and_switched_off(site: Site, visitor: Visiting) -> None:
    admin = visitor(Role.ADMIN)
    new = {
        "name": "Склад",
        "address": "10.0.0.5",
        "user": "firstring-reader",
        "secret": "s3cret",
        "recordings": "/srv/monitor",
        "own": "",
    }

    assert admin.post("/exchange", data=new).status_code == 303
    assert admin.post("/exchange", data={**new, "name": "Другая", "address": "::::"}).status_code == 422
    page = admin.get("/exchange").text
    assert "10.0.0.5:5038" in page
    assert "s3cret" not in page
    assert admin.post("/exchange/2/active", data={"active": ""}).status_code == 303
    assert "выключена" in admin.get("/exchange/list").text


def test_a_note_keeps_its_lines(site: Site, visitor: Visiting) -> None:
    site.take(inbound("79165550001").rings("101").answers("101").ends().events)
    deal = site.do(site.office.the(deals))

    visitor(Role.MANAGER).post(f"/deals/{deal.id}/notes", data={"text": "первая\nвторая"})

    assert site.do(site.office.the(notes)).text == "первая\nвторая"


def test_people_beyond_a_page_are_shown_on_demand_and_who_left_stands_last(site: Site, visitor: Visiting) -> None:
    for serial in range(70):
        site.do(site.office.person(f"Person{serial:02} X", f"2{serial:02}"))
    admin = visitor(Role.ADMIN)
    admin.post(f"/people/{site.people[Role.MANAGER]}/deactivate")

    page = admin.get("/people").text
    cursor = re.search(r"/people/more\?cursor=([^\"]+)", page)
    assert cursor is not None
    rest = admin.get(f"/people/more?cursor={cursor[1]}").text
    named = [re.search(r"<bdi>(.*?)</bdi>", line) for line in (page + rest).split('id="user-')[1:]]

    assert page.count('id="user-') == 50
    assert [name[1] for name in named if name][-2:] == ["Petr Vlasov", "Olga Kotova"]
    assert len({name[1] for name in named if name}) == 74
    assert "/people/more" not in rest
    assert admin.get("/people/more?cursor=x").status_code == 422
