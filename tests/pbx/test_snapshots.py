"""What is asked of the exchange after a connect and from time to time; what it refuses costs nothing."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from pbx.ami import troubles
from pbx.ami.connection import AmiConnection, AmiLogin, LinkReport, LinkState, Patience
from pbx.ami.errand import Errand
from pbx.ami.snapshots import BRIDGES, CHANNELS, CHANNELS_IN_SHORT, LINES, STARTED, WAITING
from pbx.received import Received
from tests.pbx.scripted_exchange import LISTED, Script, scripted

QUICK = Patience(answer=0.3, quiet=5.0, first=0.02, longest=0.1, snapshot=60.0)
SHIPPED = dict.fromkeys((STARTED, "ExtensionStateList", BRIDGES, CHANNELS, "QueueStatus"), LISTED)
ALL = [STARTED, *LINES, BRIDGES, CHANNELS, *WAITING]


class Reports(list[LinkReport]):
    def __init__(self) -> None:
        self.changed = asyncio.Event()

    def note(self, report: LinkReport) -> None:
        self.append(report)
        self.changed.set()

    async def ups(self, number: int) -> None:
        async with asyncio.timeout(10):
            while [report.state for report in self].count(LinkState.UP) < number:
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def connected(script: Script, patience: Patience = QUICK) -> AsyncIterator[Reports]:
    reports = Reports()

    async def receive(_: Received) -> None: ...

    connection = AmiConnection(AmiLogin("127.0.0.1", script.port, "u", "s"), receive, reports.note, patience=patience)
    task = asyncio.create_task(connection.run())
    try:
        yield reports
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def snapshots(script: Script) -> list[str]:
    return [action for action in script.asked if action in {*ALL, CHANNELS_IN_SHORT}]


async def test_lines_and_bridges_are_asked_before_the_channels_and_who_waits_after_them() -> None:
    async with scripted(SHIPPED) as script, connected(script) as reports:
        await reports.ups(1)

    assert snapshots(script) == ALL
    assert reports[-1] == LinkReport(LinkState.UP, None, "Asterisk Call Manager/11.0.0")


async def test_where_status_is_refused_the_shorter_list_is_asked() -> None:
    async with scripted({CHANNELS_IN_SHORT: LISTED}) as script, connected(script) as reports:
        await reports.ups(1)

    assert CHANNELS_IN_SHORT in script.asked
    assert reports[-1].note is None


async def test_what_is_refused_is_asked_once_a_connection_and_logged_once() -> None:
    often = Patience(answer=0.3, quiet=0.02, first=0.02, longest=0.05, snapshot=0.05)
    with capture_logs() as logs:
        async with scripted({}) as script, connected(script, often) as reports:
            await reports.ups(1)
            script.drop()
            await reports.ups(2)

    (line,) = [line for line in logs if line["event"] == "questions_refused"]
    refused = line["actions"].split(", ")
    assert (line["log_level"], sorted(refused)) == ("warning", sorted({*ALL, CHANNELS_IN_SHORT}))
    assert {action: script.asked.count(action) for action in refused} == dict.fromkeys(refused, 2)
    assert reports[-1].note == troubles.MAY_NOT_ASK


async def test_a_question_without_an_answer_costs_a_line_that_is_alive_nothing() -> None:
    async with scripted({**SHIPPED, "QueueStatus": None}, chatters=True) as script, connected(script) as reports:
        await reports.ups(1)

    assert script.asked.count("Login") == 1
    assert "ParkedCalls" in script.asked


async def test_a_chatty_exchange_cannot_make_us_ask_more_often() -> None:
    calm = Patience(answer=0.3, quiet=0.05, first=0.02, longest=0.1, snapshot=0.4)
    began = time.monotonic()
    async with scripted(SHIPPED, chatters=True) as script, connected(script, calm) as reports:
        await reports.ups(1)
        async with asyncio.timeout(10):
            while script.asked.count(CHANNELS) < 3:
                await asyncio.sleep(0.01)

    assert time.monotonic() - began > 2 * calm.snapshot
    assert script.asked.count(LINES[0]) == 1


async def test_a_cancellation_that_comes_with_the_answer_is_not_swallowed() -> None:
    went_on = False

    def clock() -> float:
        if "Ping" in script.asked:
            asyncio.get_running_loop().call_soon(visit.cancel)  # runs when the answer is there and nobody has taken it yet
        return time.time()

    async def deed() -> None:
        nonlocal went_on
        await errand.ask("Ping")
        went_on = True
        await asyncio.sleep(10)

    async with scripted({}) as script:
        errand = Errand(AmiLogin("127.0.0.1", script.port, "u", "s"), "OriginateResponse", clock=clock)
        visit = asyncio.create_task(errand.go(deed))
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await visit

    assert not went_on


@pytest.mark.parametrize("clean", [True, False])
async def test_only_the_exchange_s_own_end_says_that_all_was_heard_until_then(clean: bool) -> None:
    heard: list[Received] = []

    async def receive(received: Received) -> None:
        heard.append(received)

    async with scripted(SHIPPED) as script:
        reports = Reports()
        login = AmiLogin("127.0.0.1", script.port, "u", "s")
        task = asyncio.create_task(AmiConnection(login, receive, reports.note, patience=QUICK).run())
        await reports.ups(1)
        script.end() if clean else script.drop()
        await reports.ups(2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    first = [received for received in heard if received.connection == heard[0].connection]
    assert (first[-1].data == b"") is clean
