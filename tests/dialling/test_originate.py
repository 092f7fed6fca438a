"""The job that places a call: at most once, on the dialler's connection, and what became of it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from crm_core.calls.events import Direction, Outcome
from crm_core.calls.tables import calls, exchanges
from crm_core.dialling.attempts import Order, Verdict, take_up
from crm_core.dialling.queries import Stage
from crm_core.dialling.refusals import Failure
from crm_core.dialling.rules import DialRules
from crm_core.dialling.settings import set_dialler
from crm_core.dialling.tables import dial_attempts
from crm_core.event_log import events
from crm_core.jobs import free_running, jobs
from pbx.ami.protocol import Message, UnsafeHeader, encode_action
from pbx.originate import LONGEST_SAID, originate_headers, outcome_told
from pbx.playing.calls import Ending, Move
from pbx.practice import SECRET, USER, PracticeExchange
from tests.dialling.desk import BOX, BY_DAY, KNOWN, DialDesk
from tests.office import LONG_AGO
from tests.pbx.scripted_exchange import scripted

ORDER = Order(1, 1, "101", KNOWN, "firstring-1", LONG_AGO)


def test_the_action_names_a_context_and_a_number_and_never_an_application() -> None:
    headers = dict(originate_headers(ORDER, DialRules(countries=("RU",), ring_seconds=20)) or ())

    assert headers == {
        "Channel": "PJSIP/101", "Context": "firstring-outbound", "Exten": KNOWN, "Priority": "1", "Timeout": "20000",
        "CallerID": f'"{KNOWN}" <{KNOWN}>', "ChannelId": "firstring-1", "Async": "true",
    }  # fmt: skip


def test_the_action_follows_the_exchanges_own_way_of_dialling() -> None:
    rules = DialRules(
        countries=("RU",), phone="Local/{extension}@phones/n", context="from-internal", prefix="9", short_numbers=("112",)
    )

    outside = dict(originate_headers(ORDER, rules) or ())
    short = dict(originate_headers(replace(ORDER, number="112"), rules) or ())

    assert (outside["Channel"], outside["Context"], outside["Exten"]) == ("Local/101@phones/n", "from-internal", f"9{KNOWN}")
    assert short["Exten"] == "112"


HOSTILE = ["x\r\nApplication: System", "x\nData: id", "x\ry", "x\0y"]


@pytest.mark.parametrize("bad", HOSTILE)
@pytest.mark.parametrize("field", ["number", "channel_id"])
def test_no_line_break_gets_into_an_action_even_past_every_rule(field: str, bad: str) -> None:
    headers = originate_headers(replace(ORDER, **{field: bad}), DialRules(countries=("RU",)))

    with pytest.raises(UnsafeHeader):
        encode_action("Originate", headers or ())


@pytest.mark.parametrize("bad", [*HOSTILE, "101&PJSIP/trunk/+7900", "101/x", "101,30"])
def test_an_extension_that_is_more_than_one_phone_makes_no_action(bad: str) -> None:
    assert originate_headers(replace(ORDER, extension=bad), DialRules(countries=("RU",))) is None


@pytest.mark.parametrize(("reason", "failure"), [
    ("0", Failure.PHONE_NOT_REACHED), ("1", Failure.PHONE_DECLINED), ("3", Failure.PHONE_NO_ANSWER), ("5", Failure.PHONE_BUSY),
    ("8", Failure.PHONE_NOT_REACHED), ("", Failure.PHONE_NOT_REACHED),
])  # fmt: skip
def test_the_reason_of_a_failure_is_told(reason: str, failure: Failure) -> None:
    told = Message(f"Event: OriginateResponse\r\nResponse: Failure\r\nReason: {reason}".encode())

    assert outcome_told(told) == (Verdict.FAILED, failure)
    assert outcome_told(Message(b"Event: OriginateResponse\r\nResponse: Success\r\nReason: 4")) == (Verdict.PLACED, None)


async def test_a_click_is_one_outbound_call_of_its_user_joined_to_the_attempt(desk: DialDesk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        asked = await desk.clicks()
        await desk.runner().run_due()
        (call,) = await desk.ended()

    line = await desk.line(asked)
    assert (call.direction, call.outcome, call.caller, call.callee) == (Direction.OUTBOUND, Outcome.ANSWERED, "101", KNOWN)
    assert (call.click_to_call, call.user_id) == (True, desk.olga.user_id)
    truth = await exchange.clicked[0].finished()
    assert (truth.outcome, truth.linkedid) == (Outcome.ANSWERED, line.channel_id)
    assert call.wait_seconds == pytest.approx(truth.wait_seconds, abs=0.01)
    assert call.talk_seconds == pytest.approx(truth.talk_seconds, abs=0.01)
    assert (line.call_id, line.stage, line.outcome, line.verdict) == (call.id, Stage.ENDED, Outcome.ANSWERED, Verdict.PLACED)


@pytest.mark.parametrize(("number", "outcome"), [("79161112230", Outcome.BUSY), ("79161112239", Outcome.NO_ANSWER)])
async def test_a_customer_who_is_busy_or_does_not_answer(desk: DialDesk, number: str, outcome: Outcome) -> None:
    await desk.contact(number, "Anna", desk.olga.user_id)
    async with desk.listening():
        await desk.state("up")
        asked = await desk.clicks(number)
        await desk.runner().run_due()
        (call,) = await desk.ended()

    assert (call.outcome, call.click_to_call, (await desk.line(asked)).outcome) == (outcome, True, outcome)


OWN_PHONE = [
    (Move(Ending.NOBODY), Failure.PHONE_NO_ANSWER), (Move(Ending.DECLINED, 1.0), Failure.PHONE_DECLINED),
    (Move(Ending.BUSY, 0.1), Failure.PHONE_BUSY),
]  # fmt: skip


@pytest.mark.parametrize(("does", "why"), OWN_PHONE, ids=str)
async def test_a_phone_that_is_not_picked_up_says_why_and_nobody_is_dialled(
    desk: DialDesk, exchange: PracticeExchange, does: Move, why: Failure
) -> None:
    exchange.own_phone = does
    async with desk.listening():
        await desk.state("up")
        asked = await desk.clicks()
        await desk.runner().run_due()
        (call,) = await desk.ended()

    line = await desk.line(asked)
    assert (line.stage, line.why, line.call_id) == (Stage.FAILED, why, call.id)
    assert (call.outcome, call.callee, call.caller) == (Outcome.AGENT_NO_ANSWER, KNOWN, "101")


async def test_a_phone_the_exchange_does_not_know_leaves_no_call(desk: DialDesk) -> None:
    hugo = await desk.person("Hugo", "199")
    asked = await desk.clicks(by=replace(desk.olga, user_id=hugo), to="112", extension="199")
    assert asked.refusal is not None
    await desk.rules(BY_DAY, short_numbers=("112",))
    asked = await desk.clicks(by=replace(desk.olga, user_id=hugo), to="112")
    await desk.runner().run_due()

    line = await desk.line(asked, replace(desk.olga, user_id=hugo))
    assert (line.stage, line.why) == (Stage.FAILED, Failure.PHONE_NOT_REACHED)
    assert await desk.count(calls) == 0


async def test_an_order_taken_up_once_is_never_sent_again(desk: DialDesk, exchange: PracticeExchange) -> None:
    """kill -9 after the mark: whether the order went out nobody knows, so it is told and not repeated."""
    asked = await desk.clicks()
    async with desk.database.write() as tx:
        await tx.execute(update(jobs).values(state="running", attempts=1, lease_until=None))
        await take_up(tx, asked.attempt_id or 0, now=desk.clock())
    async with desk.database.write() as tx:
        await free_running(tx, desk.clock())
    await desk.runner().run_due()

    line = await desk.line(asked)
    assert (line.stage, line.verdict, line.why) == (Stage.FAILED, Verdict.IN_DOUBT, Failure.IN_DOUBT)
    assert len(exchange.clicked) == 0
    assert (await desk.the(jobs)).state == "done"


async def test_an_interrupted_order_whose_call_was_seen_is_no_doubt(desk: DialDesk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        asked = await desk.clicks()
        await desk.runner().run_due()
        await desk.ended()
    async with desk.database.write() as tx:
        await tx.execute(update(dial_attempts).values(verdict=Verdict.SENDING))
        await tx.execute(update(jobs).values(state="queued"))
    await desk.runner().run_due()

    line = await desk.line(asked)
    assert (line.verdict, line.stage, line.outcome) == (Verdict.SENT, Stage.ENDED, Outcome.ANSWERED)
    assert len(exchange.clicked) == 1


async def test_two_who_carry_the_same_job_ring_one_phone_once(desk: DialDesk, exchange: PracticeExchange) -> None:
    await desk.clicks()
    job = (await desk.the(jobs)).id

    ran = await asyncio.gather(*(desk.runner().run_one(job) for _ in range(3)))

    assert sorted(ran) == [False, False, True]
    assert len(exchange.clicked) == 1


async def test_an_order_that_waited_too_long_rings_no_phone(desk: DialDesk, exchange: PracticeExchange) -> None:
    asked = await desk.clicks()
    desk.now = datetime.now(UTC) + timedelta(minutes=2)
    await desk.runner().run_due()

    line = await desk.line(asked)
    assert (line.stage, line.verdict, line.why) == (Stage.FAILED, Verdict.UNSENT, Failure.TOO_LATE)
    assert len(exchange.clicked) == 0


async def test_an_exchange_that_is_not_there_or_refuses_is_told_in_words_of_its_own(
    desk: DialDesk, exchange: PracticeExchange
) -> None:
    async with desk.database.write() as tx:
        await set_dialler(tx, desk.exchange.id, "practice-dialler", "wrong", BOX, now=LONG_AGO, by=None)
    assert (await desk.goes()).why == Failure.LOGIN_REFUSED
    async with desk.database.write() as tx:
        await tx.execute(update(exchanges).values(ami_user="another"))
        await set_dialler(tx, desk.exchange.id, USER, SECRET, BOX, now=LONG_AGO, by=None)
    assert (await desk.goes()).why == Failure.EXCHANGE_REFUSED  # that user may not originate
    await exchange.unplug()
    assert (await desk.goes()).why == Failure.NO_CONNECTION
    verdicts = await _verdicts(desk)
    assert verdicts == [Verdict.UNSENT] * 3


async def test_a_refusal_of_any_length_is_a_line_in_the_log(desk: DialDesk) -> None:
    async with scripted({"Originate": f"Response: Error\r\nMessage: {'no ' * 100_000}\r\n"}) as script:
        async with desk.database.write() as tx:
            await tx.execute(update(exchanges).values(ami_port=script.port))
        with capture_logs() as logged:
            why = (await desk.goes()).why

    assert why == Failure.EXCHANGE_REFUSED
    assert [len(line["said"]) for line in logged if line["event"] == "click_call_refused"] == [LONGEST_SAID]


async def test_what_surely_did_not_go_out_costs_nothing_of_the_cap(desk: DialDesk, exchange: PracticeExchange) -> None:
    await desk.rules(BY_DAY, per_hour=1)
    await exchange.unplug()
    assert (await desk.goes()).verdict == Verdict.UNSENT
    await exchange.plug_in()
    async with desk.database.write() as tx:
        await tx.execute(update(exchanges).values(ami_port=exchange.port))

    assert (await desk.goes()).verdict == Verdict.PLACED


async def test_the_user_is_told_of_each_step(desk: DialDesk) -> None:
    await desk.goes()

    told = await desk.rows(events, kind="dial_changed")
    assert len(told) == 4  # asked, being sent, sent, placed
    assert {tuple(row.receivers) for row in told} == {(desk.olga.user_id,)}


async def _verdicts(desk: DialDesk) -> list[str]:
    async with desk.database.read() as connection:
        return list((await connection.scalars(select(dial_attempts.c.verdict).order_by(dial_attempts.c.id))).all())
