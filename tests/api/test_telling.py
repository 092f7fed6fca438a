"""What streams say of events: the same bytes to all who are told the same, and nothing of what came after their right to it."""

import json

from api.telling import Telling, Told, noun_of
from crm_core.access import Access, Actor
from crm_core.events import EventKind
from crm_core.users.tables import Role

HEAD, OTHER_HEAD = Actor(1, Role.HEAD, "Head"), Actor(2, Role.HEAD, "Another")
OLGA, IGOR = Actor(3, Role.MANAGER, "Olga"), Actor(4, Role.MANAGER, "Igor")


def told(number: int, kind: EventKind = EventKind.CALL_STARTED, *receivers: int, **facts: int) -> Told:
    return Told(number, frozenset(receivers) or None, {"id": number, "event": kind, **facts}, noun=noun_of(kind))


def said(text: bytes) -> list[dict[str, object]]:
    return [json.loads(line.removeprefix("data:")) for line in text.decode().splitlines() if line.startswith("data:")]


def test_who_is_told_the_same_is_given_the_same_bytes() -> None:
    telling = Telling([told(1, EventKind.CALL_STARTED, OLGA.user_id)])

    assert telling.to(HEAD).text is telling.to(OTHER_HEAD).text
    assert said(telling.to(HEAD).text) == [{"id": 1, "event": "call_started"}]
    assert said(telling.to(OLGA).text) == [{"id": 1, "event": "call_started", "mine": True}]
    assert telling.to(IGOR).text == b""


def test_what_is_told_together_says_up_to_where_for_each_reader() -> None:
    telling = Telling([told(1), told(2), told(3, EventKind.CALL_STARTED, OLGA.user_id)])

    assert [(one["id"], one.get("upto")) for one in said(telling.to(HEAD).text)] == [(1, 3), (2, 3), (3, None)]
    assert [(one["id"], one.get("upto")) for one in said(telling.to(IGOR).text)] == [(1, 2), (2, None)]


def test_nothing_is_told_of_what_came_with_other_rights_nor_after_it() -> None:
    words = Telling([told(1), told(2, EventKind.ACCESS_CHANGED), told(3)]).to(HEAD)

    assert words.last
    assert [one["id"] for one in said(words.text)] == [1]


def test_whoever_was_changed_hears_of_it_last_and_the_others_go_on() -> None:
    telling = Telling([told(1), told(2, EventKind.USER_CHANGED, user_id=HEAD.user_id), told(3)])

    assert [one["id"] for one in said(telling.to(HEAD).text)] == [1, 2]
    assert telling.to(HEAD).last
    assert [one["id"] for one in said(telling.to(OTHER_HEAD).text)] == [1, 2, 3]
    assert not telling.to(OTHER_HEAD).last


def test_people_of_one_role_with_other_scopes_are_each_told_their_own() -> None:
    of_a_team = Actor(5, Role.HEAD, "Third", access=Access(frozenset({("calls", "team")}), team=frozenset({OLGA.user_id})))
    telling = Telling([told(1, EventKind.CALL_STARTED, OLGA.user_id), told(2, EventKind.CALL_STARTED, IGOR.user_id)])

    assert [one["id"] for one in said(telling.to(of_a_team).text)] == [1]
    assert [one["id"] for one in said(telling.to(HEAD).text)] == [1, 2]
