"""Attaching to a real exchange in mid-call, and its restarts in mid-call; Asterisk 22, and 16 where it may differ."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from crm_core.calls.events import CallState, Outcome
from crm_core.exchanges.learned_lines import Learned
from pbx.lines import LineKind, LineRule
from pbx.replay import replay
from tests.asterisk.attached import attached
from tests.asterisk.capture_scenes import ANNA, ANNA_DIRECT
from tests.asterisk.exchange import DIRECT, QUEUE, RealExchange

pytestmark = pytest.mark.asterisk

PARKS = "74951112249"
OFFICE = {
    **ANNA_DIRECT,
    "firstring.d/site_numbers.conf": ANNA_DIRECT["firstring.d/site_numbers.conf"]
    + f"exten => {PARKS},1,Gosub(firstring-ring,s,1(PJSIP/104))\n same => n,Hangup()\n",
    "extensions.conf": "\n[lamps]\nexten => 301,hint,PJSIP/anna\nexten => q,hint,Queue:sales_avail\n",
}


@contextmanager
def busy(exchange: RealExchange) -> Iterator[None]:
    """One waits in the queue, one is parked by 104, one talks with anna."""
    with ExitStack() as desks:
        desks.enter_context(exchange.phone("101"))
        desks.enter_context(exchange.phone("anna", answers_after=0.2))
        desks.enter_context(exchange.phone("104", answers_after=0.2, talks=1, transfers_to="700"))
        calls = [
            exchange.customer_calls(PARKS, number="79031234567", talks=60),
            exchange.customer_calls(ANNA, number="79265556677", talks=60),
            exchange.customer_calls(QUEUE, number="79161112233", patience=60),
        ]
        exchange.wait_until_parked()
        exchange.wait_for_channels(5)
        yield
        exchange.cli("channel request hangup all")
        for call in calls:
            call.stop()


async def see_the_picture(exchange: RealExchange) -> Learned:
    with busy(exchange):
        async with attached(exchange) as ours:
            await ours.heard(b"Event: QueueStatusComplete")
            await ours.until(lambda: any(call.state is CallState.RINGING for call in ours.open_calls()))
            now = time.time()
            calls = {call.caller: call for call in ours.open_calls()}
            learned = ours.derivation.lines_learned()

    assert set(calls) == {"79161112233", "79265556677", "79031234567"}
    waiting, talking, parked = calls["79161112233"], calls["79265556677"], calls["79031234567"]
    assert (waiting.queue, waiting.state) == ("sales", CallState.RINGING)
    assert waiting.queued_at is not None
    assert -0.01 < now - waiting.queued_at - waiting.wait_seconds < 3  # clocks are read a moment apart
    assert (talking.state, [talk.extension for talk in talking.answered_by]) == (CallState.TALKING, ["anna"])
    assert (parked.talk_seconds, parked.answered_by, parked.ended_at) == (0.0, (), None)
    assert learned is not None
    assert "PJSIP/anna" in learned.phones
    return learned


@pytest.fixture
def office(requires_asterisk: None) -> Iterator[RealExchange]:
    with RealExchange(extra=OFFICE) as exchange:
        yield exchange


@pytest.fixture
def office_of_16(requires_asterisk_16: None) -> Iterator[RealExchange]:
    with RealExchange(suite="bullseye", extra=OFFICE) as exchange:
        yield exchange


async def test_in_mid_call_all_is_seen_at_once(office: RealExchange) -> None:
    learned = await see_the_picture(office)

    assert LineRule(learned=learned).kind_of("PJSIP/anna-00000007") is LineKind.PHONE
    assert LineRule(learned=learned).kind_of("PJSIP/trunk-00000007") is LineKind.TRUNK


async def test_in_mid_call_all_is_seen_at_once_on_16(office_of_16: RealExchange) -> None:
    await see_the_picture(office_of_16)


@pytest.mark.parametrize("how", ["killed", "told to"])
async def test_a_restart_in_mid_call_ends_its_calls_and_the_next_one_is_clean(
    how: str, real_exchange: RealExchange, tmp_path: Path
) -> None:
    exchange = real_exchange
    async with attached(exchange) as ours:
        await ours.heard(b"Event: StatusComplete")
        with exchange.phone("101", answers_after=0.2):
            cut = exchange.customer_calls(DIRECT, talks=60)
            await ours.until(lambda: any(call.state is CallState.TALKING for call in ours.open_calls()))
            restart(exchange, how)
            cut.stop()
        await ours.until(lambda: len(ours.sessions) > 1 and not ours.open_calls())
        await ours.heard(b"Event: QueueStatusComplete")
        with exchange.phone("101", answers_after=0.2):
            exchange.customer_calls(DIRECT, number="79265556677", talks=2).finish()
        await ours.until(lambda: len(ours.last_words()) == 2 and not ours.open_calls())
        broken, clean = ours.last_words()
        files = written(ours.sessions, tmp_path)

    assert (broken.caller, broken.outcome) == ("79161112233", Outcome.ANSWERED)
    assert broken.partial or how == "told to"
    assert 0 < broken.talk_seconds < 20
    assert (clean.caller, clean.outcome, clean.partial) == ("79265556677", Outcome.ANSWERED, False)
    assert clean.talk_seconds == pytest.approx(2, abs=1)
    calls = replay(files, cel=exchange.cel_csv)
    assert [(call["caller"], call["outcome"]) for call in calls] == [("79161112233", "answered"), ("79265556677", "answered")]


def restart(exchange: RealExchange, how: str) -> None:
    if how == "killed":
        exchange.stop(kill=True)
        exchange.start()
    else:
        exchange.cli("core restart now")
        exchange.cli("core waitfullybooted")


def written(sessions: dict[str, bytearray], folder: Path) -> list[Path]:
    files = [folder / f"{place}.ami" for place in range(len(sessions))]
    for file, data in zip(files, sessions.values(), strict=True):
        file.write_bytes(bytes(data))
    return files
