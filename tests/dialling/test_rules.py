"""The rules of calls by a click, by tables: which numbers, how many, from which phone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_core.calls.events import CallState
from crm_core.dialling.caps import caps_at, newly_near, night_at, over
from crm_core.dialling.numbers import Target, target_of
from crm_core.dialling.phones import Phone, Wanted, phone_for
from crm_core.dialling.queries import Stage, stage_of, why_of
from crm_core.dialling.refusals import Failure, Reason, Refusal
from crm_core.dialling.rules import DialRules, rules_of, stored_rules
from crm_core.errors import Invalid

MOSCOW = ZoneInfo("Europe/Moscow")
RUSSIA = DialRules(countries=("RU",))
NOON = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # in Moscow

ALLOWED = [
    ("+7 (916) 111-22-33", "79161112233"), ("8 916 111 22 33", "79161112233"), ("79161112233", "79161112233"),
    ("916 111-22-33", "79161112233"), ("8 495 111-22-45", "74951112245"), ("8 800 123-45-67", "78001234567"),
]  # fmt: skip

REFUSED = [
    ("+7 809 123-45-67", Reason.COSTLY), ("8 803 123 45 67", Reason.COSTLY),
    ("+1 212 555 12 34", Reason.COUNTRY), ("+375 29 123-45-67", Reason.COUNTRY), ("8 10 375 29 1234567", Reason.COUNTRY),
    ("+7 701 123 45 67", Reason.COUNTRY),  # Kazakhstan has the same country code
    ("+7 840 123-45-67", Reason.COUNTRY), ("+7 940 123-45-67", Reason.COUNTRY),  # and so does Abkhazia
    ("+882 34 56789012", Reason.COUNTRY), ("+870 773 123456", Reason.COUNTRY),  # satellites are in no country
    ("+979 123456789", Reason.COUNTRY), ("+44 70 1234 5678", Reason.COUNTRY),
    ("112", Reason.EMERGENCY), ("101", Reason.EMERGENCY), ("03", Reason.EMERGENCY), ("102", Reason.EMERGENCY),
    ("204", Reason.SHORT_NUMBER), ("1234", Reason.SHORT_NUMBER),
    ("+7 000 000-00-00", Reason.NOT_ALLOTTED), ("+7 100 111 22 33", Reason.NOT_ALLOTTED),
    ("", Reason.NOT_A_NUMBER), ("anonymous", Reason.NOT_A_NUMBER), ("+790", Reason.NOT_A_NUMBER),
    ("Ольга", Reason.NOT_A_NUMBER), ("٠٩١٦١١١٢٢٣٣", Reason.NOT_A_NUMBER), ("7" * 70, Reason.NOT_A_NUMBER),
    ("79161112233,5", Reason.NOT_A_NUMBER), ("79161112233;ext=5", Reason.NOT_A_NUMBER), ("*21*79161112233#", Reason.NOT_A_NUMBER),
    ("sip:79161112233@evil.test", Reason.NOT_A_NUMBER), ("79161112233@trunk&PJSIP/102", Reason.NOT_A_NUMBER),
    ("79161112233\r\nApplication: System", Reason.NOT_A_NUMBER), ("79161112233\n", Reason.NOT_A_NUMBER),
    ("79161112233\r", Reason.NOT_A_NUMBER), ("79161112233\0", Reason.NOT_A_NUMBER), ("\x0079161112233", Reason.NOT_A_NUMBER),
    ("7916\u20281112233", Reason.NOT_A_NUMBER), ("${SHELL(id)}", Reason.NOT_A_NUMBER),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "digits"), ALLOWED)
def test_a_number_of_the_own_country_is_dialled_however_it_is_written(typed: str, digits: str) -> None:
    assert target_of(typed, "RU", RUSSIA) == Target(digits)


@pytest.mark.parametrize(("typed", "reason"), REFUSED)
def test_what_is_dear_abroad_short_or_no_number_is_refused(typed: str, reason: Reason) -> None:
    answer = target_of(typed, "RU", RUSSIA)

    assert isinstance(answer, Refusal)
    assert answer.reason is reason


def test_a_listed_country_is_dialled_and_its_premium_numbers_are_not() -> None:
    rules = DialRules(countries=("RU", "GB"))

    assert target_of("+44 20 7946 0958", "RU", rules) == Target("442079460958")
    for typed in ("+44 909 8790000", "+44 70 1234 5678", "+44 843 123 4567"):
        answer = target_of(typed, "RU", rules)
        assert isinstance(answer, Refusal), typed
        assert answer.reason is Reason.COSTLY


def test_a_listed_short_number_is_dialled_as_it_is_and_others_with_the_prefix() -> None:
    rules = DialRules(countries=("RU",), short_numbers=("112",), prefix="9")

    targets = [target_of(typed, "RU", rules) for typed in ("112", "+79161112233")]

    assert [rules.exten_of(target.digits) for target in targets if isinstance(target, Target)] == ["112", "979161112233"]


def calls_before(*minutes: float) -> list[datetime]:
    return [NOON - timedelta(minutes=ago) for ago in minutes]


def refused(rules: DialRules, made: list[datetime], now: datetime = NOON) -> Refusal | None:
    return over(caps_at(rules, made, now, MOSCOW), now, "79161112233")


def test_the_cap_of_an_hour_frees_as_its_calls_grow_old() -> None:
    rules = DialRules(countries=("RU",), per_hour=2)

    assert refused(rules, calls_before(70, 10)) is None
    assert refused(rules, calls_before(50, 10)) == Refusal(Reason.CAP_HOUR, "79161112233", again_in=timedelta(minutes=10))
    assert refused(rules, calls_before(50, 40, 10)) == Refusal(Reason.CAP_HOUR, "79161112233", again_in=timedelta(minutes=20))


def test_the_cap_of_a_day_counts_from_midnight_in_the_firms_zone() -> None:
    rules = DialRules(countries=("RU",), per_day=1)
    evening = datetime(2026, 11, 19, 20, 59, tzinfo=UTC)  # 23:59 in Moscow

    assert refused(rules, [evening]) is None
    refusal = refused(rules, [evening + timedelta(minutes=2)])
    assert refusal == Refusal(Reason.CAP_DAY, "79161112233", again_in=timedelta(hours=12))


NIGHTS = [
    (time(21), time(8), "2026-11-20T20:59", None),
    (time(21), time(8), "2026-11-20T21:00", ("2026-11-20T21:00", "2026-11-21T08:00")),
    (time(21), time(8), "2026-11-21T03:00", ("2026-11-20T21:00", "2026-11-21T08:00")),
    (time(21), time(8), "2026-11-21T08:00", None),
    (time(0), time(6), "2026-11-21T03:00", ("2026-11-21T00:00", "2026-11-21T06:00")),
    (time(0), time(6), "2026-11-20T23:00", None),
    (time(9), time(9), "2026-11-20T09:00", None),
]


@pytest.mark.parametrize(("begins", "ends", "moment", "night"), NIGHTS)
def test_the_night_is_that_of_the_firms_zone(begins: time, ends: time, moment: str, night: tuple[str, str] | None) -> None:
    rules = DialRules(countries=("RU",), night_from=begins, night_until=ends)

    found = night_at(rules, datetime.fromisoformat(moment).replace(tzinfo=MOSCOW).astimezone(UTC), MOSCOW)

    assert found == (night and tuple(datetime.fromisoformat(at).replace(tzinfo=MOSCOW).astimezone(UTC) for at in night))


def test_at_night_the_small_cap_holds_until_the_morning() -> None:
    late = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)  # 23:00 in Moscow
    rules = DialRules(countries=("RU",), at_night=1)

    assert refused(rules, [late - timedelta(hours=3)], late) is None
    assert refused(rules, [late - timedelta(hours=1)], late) == Refusal(
        Reason.CAP_NIGHT, "79161112233", again_in=timedelta(hours=9)
    )
    never = DialRules(countries=("RU",), at_night=0)
    assert refused(never, [], late) == Refusal(Reason.CAP_NIGHT, "79161112233", again_in=timedelta(hours=9))


@pytest.mark.parametrize(("most", "used", "near"), [(10, 6, False), (10, 7, True), (10, 8, False), (1, 0, True), (0, 0, False)])
def test_the_call_that_reaches_eighty_percent_of_a_cap_is_told_once(most: int, used: int, near: bool) -> None:
    rules = DialRules(countries=("RU",), per_hour=most)
    made = calls_before(*(1 + call for call in range(used)))

    told = [cap.reason for cap in newly_near(caps_at(rules, made, NOON, MOSCOW))]

    assert (Reason.CAP_HOUR in told) is near


OFFICE = (
    Phone(1, "main", "101", 7, active=True, has_dialler=True),
    Phone(1, "main", "102", 8, active=True, has_dialler=True),
    Phone(2, "second", "201", 9, active=True, has_dialler=True),
    Phone(1, "main", "109", 9, active=True, has_dialler=True),
    Phone(3, "old", "301", 10, active=True, has_dialler=False),
    Phone(4, "off", "401", 11, active=False, has_dialler=True),
)
FROM_WHERE = [
    (7, Wanted("x"), False, "101"), (7, Wanted("x", " 101 "), False, "101"),
    (7, Wanted("x", "102"), False, Reason.NOT_YOUR_EXTENSION),
    (7, Wanted("x", "102"), True, "102"), (7, Wanted("x", "555"), True, Reason.NOBODYS_EXTENSION),
    (7, Wanted("x", "555"), False, Reason.NOT_YOUR_EXTENSION), (7, Wanted("x", "101", 2), False, Reason.NOT_YOUR_EXTENSION),
    (9, Wanted("x"), False, Reason.CHOOSE_EXTENSION), (9, Wanted("x", "201"), False, "201"),
    (10, Wanted("x"), False, Reason.NOT_SET_UP), (11, Wanted("x"), False, Reason.EXCHANGE_OFF),
    (12, Wanted("x"), False, Reason.NO_EXTENSION), (12, Wanted("x"), True, Reason.CHOOSE_EXTENSION),
    (12, Wanted("x", "101"), True, "101"),
    (7, Wanted("x", "101\r\nApplication: System"), True, Reason.NOBODYS_EXTENSION),
]  # fmt: skip


@pytest.mark.parametrize(("me", "wanted", "for_others", "expected"), FROM_WHERE)
def test_from_which_phone(me: int, wanted: Wanted, for_others: bool, expected: str | Reason) -> None:
    answer = phone_for(wanted, OFFICE, me, for_others=for_others)

    assert (answer.reason if isinstance(answer, Refusal) else answer.extension) == expected


def test_rules_are_kept_and_read_again_and_what_is_not_set_is_as_usual() -> None:
    rules = DialRules(countries=("RU", "KZ"), short_numbers=("112",), per_hour=5, night_from=time(22, 30), prefix="+")

    assert rules_of(stored_rules(rules), "BY") == rules
    assert rules_of({}, "BY") == DialRules(countries=("BY",))


UNLAWFUL = [
    {"countries": ()}, {"countries": ("XX",)}, {"countries": ("RU\r\n",)}, {"short_numbers": ("1",)}, {"short_numbers": ("11a",)},
    {"per_hour": -1}, {"per_day": 10_001}, {"at_night": 10**9}, {"ring_seconds": 4}, {"ring_seconds": 121},
    {"prefix": "9\r\nApplication: System"}, {"prefix": "9w"}, {"prefix": "1" * 9},
    {"context": "a b"}, {"context": "x\r\ny"}, {"context": ""}, {"context": "x" * 80},
    {"phone": "PJSIP/101"}, {"phone": "{extension}"}, {"phone": "System/{extension}"},
    {"phone": "PJSIP/{extension}&PJSIP/trunk/{extension}"},
    {"phone": "PJSIP/{extension}\r\nApplication: System"}, {"phone": "PJSIP/{extension}\n"},
    {"phone": "PJSIP/{extension}/sip:x@y"},
    {"phone": "Local/{extension}@ctx/n,5"}, {"phone": "PJSIP/${{extension}}"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", UNLAWFUL, ids=str)
def test_rules_that_cannot_be_meant_name_their_field(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused_with:
        stored_rules(DialRules(**{"countries": ("RU",), **wrong}))  # type: ignore[arg-type]

    assert refused_with.value.facts == {"field": next(iter(wrong))}


@pytest.mark.parametrize(
    "extension", ["101&PJSIP/trunk/+79", "101,20", "101/x", "101@ctx", "10 1", "101\r\n", "", "${X}", "1" * 41]
)
def test_an_extension_that_could_name_more_than_a_phone_has_no_device(extension: str) -> None:
    assert RUSSIA.device_of(extension) is None


def test_the_phone_of_an_extension_is_named_by_the_pattern() -> None:
    local = DialRules(countries=("RU",), phone="Local/{extension}@firstring-phones/n")

    assert RUSSIA.device_of("101") == "PJSIP/101"
    assert local.device_of("101-mobile") == "Local/101-mobile@firstring-phones/n"


RINGING, TALKING, ENDED = CallState.RINGING.value, CallState.TALKING.value, CallState.ENDED.value
STAGES = [
    ("asked", None, False, False, Stage.ORDERED), ("sending", None, False, False, Stage.ORDERED),
    ("sent", None, False, False, Stage.PHONE_RINGS), ("sent", RINGING, False, False, Stage.PHONE_RINGS),
    ("sent", RINGING, False, True, Stage.CALLING), ("placed", None, False, False, Stage.CALLING),
    ("placed", RINGING, False, False, Stage.CALLING), ("placed", TALKING, True, True, Stage.TALKING),
    ("placed", ENDED, True, True, Stage.ENDED), ("sent", ENDED, False, False, Stage.ENDED),
    ("failed", ENDED, False, False, Stage.FAILED), ("unsent", None, False, False, Stage.FAILED),
    ("in_doubt", None, False, False, Stage.FAILED), ("in_doubt", TALKING, True, True, Stage.TALKING),
    ("cap_hour", None, False, False, Stage.REFUSED), ("country", None, False, False, Stage.REFUSED),
]  # fmt: skip


@pytest.mark.parametrize(("verdict", "state", "answered", "picked_up", "stage"), STAGES)
def test_how_far_a_call_by_a_click_is(verdict: str, state: str | None, answered: bool, picked_up: bool, stage: Stage) -> None:
    assert stage_of(verdict, state, answered=answered, picked_up=picked_up) is stage


@pytest.mark.parametrize(("note", "ring", "why"), [
    (Failure.PHONE_NOT_REACHED, "busy", Failure.PHONE_BUSY), (Failure.PHONE_NOT_REACHED, "declined", Failure.PHONE_DECLINED),
    (Failure.PHONE_NOT_REACHED, None, Failure.PHONE_NOT_REACHED), (Failure.PHONE_NO_ANSWER, "cancelled", Failure.PHONE_NO_ANSWER),
    (Failure.NO_CONNECTION, None, Failure.NO_CONNECTION),
])  # fmt: skip
def test_the_ring_on_the_own_phone_tells_why_it_was_not_reached(note: str, ring: str | None, why: str) -> None:
    assert why_of(note, ring) == why
