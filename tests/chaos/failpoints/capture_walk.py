"""A recorded call, played to a listener in a process of its own that dies at one await; another takes over, and is graded."""

import asyncio
import os
import pickle
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from crm_core.calls.tables import calls
from crm_core.contacts.tables import contacts
from crm_core.db import Database
from crm_core.deals.tables import deals
from crm_core.event_log import events
from crm_core.exchanges import config
from crm_core.secrets import SecretBox
from crm_core.tasks.tables import tasks
from tests.chaos.failpoints.steps import Point, Steps, Taken, watched
from tests.office import Office
from tests.pbx.capture_exchange import CaptureExchange, Played, told_calls
from tests.pbx.capture_grading import problems
from tests.pbx.capture_variants import Capture, capture

PASSING = {"party_rang", "party_stopped"}
"""Kinds of events that speak of a moment: once it is over they need not be told. Twice they must not be."""
OF_TWO = {"call_started", "call_answered", "calls_joined"}
"""Where two calls are joined into one, who hears of both only afterwards tells of one from the start."""
LOOK_AGAIN = {"exchange_changed", "call_changed"}
"""Kinds that only have a page looked at again, as often as there is a reason to."""
PAUSE = 0.05
"""Seconds in which nothing happens and all records are written: a real listener waits for them, and looks again."""
LONGEST = 60
"""Seconds for one process of the walk."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the database holds in the end."""

    calls: list[dict[str, Any]]
    rows: dict[str, int]  # how many of each table
    told: Counter[str]  # how often each kind of event


class Walk:
    """`prepared` gives the address of a fresh database with an office in it, for one death each."""

    def __init__(self, scenario: str, prepared: Callable[[Path], str]) -> None:
        self.scenario = scenario
        self._given = capture(scenario)
        self._played = Played(self._given, scenario, stamped=True)
        self._prepared = prepared

    def undisturbed(self) -> tuple[Taken, Outcome]:
        """Every step there is, and what is told when nobody dies."""
        with _folder() as folder:
            url = self._prepared(folder)
            taken: Taken = in_child(lambda: self._play(url, folder, Steps(None)))
            return taken, in_child(lambda: self._outcome(url))

    def dies_at(self, point: Point, *, over_meanwhile: bool) -> Outcome | None:
        """What is told in the end; None if it came through without that step.

        `over_meanwhile`: the exchange goes on to the end unheard; else the rest of the call is heard by the one who takes over.
        """
        with _folder() as folder:
            url = self._prepared(folder)
            if in_child(lambda: self._play(url, folder, Steps(point)), may_die=True) is not None:
                return None
            in_child(lambda: self._take_over(url, folder, over_meanwhile=over_meanwhile))
            outcome: Outcome = in_child(lambda: self._outcome(url))
            return outcome

    def wrong(self, told: Outcome, undisturbed: Outcome) -> list[str]:
        """Empty if nothing was lost and nothing is there twice."""
        found = problems(Capture([], None, {**self._given.truth, "gaps_s": [[0, 0]]}), told.calls)
        passing = PASSING | (OF_TWO if undisturbed.told["calls_joined"] else set())
        found += [f"partial: {call['linkedids']}" for call in told.calls if call["partial"]]
        found += [
            f"{told.rows[name]} {name}, truly {number}" for name, number in undisturbed.rows.items() if told.rows[name] != number
        ]
        return found + [
            f"{told.told[kind]} × {kind}, truly {undisturbed.told[kind]}"
            for kind in sorted(undisturbed.told | told.told)
            if kind not in LOOK_AGAIN and not _may_be(told.told[kind], undisturbed.told[kind], kind in passing)
        ]

    # ---- in the child -------------------------------------------------------------------------------------------

    async def _play(self, url: str, folder: Path, steps: Steps) -> Taken:
        async with _opened(url) as database:
            exchange = await self._exchange(database, folder)
            exchange.listen()  # who is killed before he stored anything was never here
            await exchange.stored()
            await exchange.unplug()
            await exchange.stop(kill=False)
            await exchange.plug_in()
            steps.install()
            with watched():
                exchange.listen()
            await exchange.stored()
            await self._say(exchange, folder)
            await exchange.stop(kill=False)
            await exchange.unplug()
        return steps.taken

    async def _take_over(self, url: str, folder: Path, *, over_meanwhile: bool) -> None:
        reached = float((folder / "reached").read_text()) if (folder / "reached").exists() else 0.0
        async with _opened(url) as database:
            (folder / "firstring.csv").unlink()
            exchange = await self._exchange(database, folder)
            exchange.session = 100  # those before are in the journal
            await exchange.play_until(self._played.ends if over_meanwhile else self._pause_after(reached), heard=False)
            exchange.now += 0.001
            exchange.listen()
            await exchange.stored()
            await self._say(exchange, folder)
            await exchange.stop(kill=False)
            await exchange.unplug()

    def _pause_after(self, reached: float) -> float:
        """Nothing happens then: the records of what happened before are written."""
        later = [at for at, _ in self._played.moments if at >= reached]
        return next((at + PAUSE / 2 for at, following in pairwise(later) if following - at > PAUSE), self._played.ends)

    async def _exchange(self, database: Database, folder: Path) -> CaptureExchange:
        async with database.read() as connection:
            ours = await config.load(connection, "default", SecretBox("a key for tests"))
        exchange = CaptureExchange(self._played, folder / "firstring.csv", database, ours, folder)
        await exchange.plug_in()
        return exchange

    async def _say(self, exchange: CaptureExchange, folder: Path) -> None:
        """Moment by moment, each stored before the next; where we are stands in a file, for who comes after."""
        for at, _ in [*self._played.moments, (self._played.ends, b"")]:
            (folder / "reached").write_text(str(at))
            await exchange.play_until(at + 0.00005, heard=True)
            await exchange.stored()
        await exchange.play_until(self._played.ends, heard=True)
        await exchange.stored()

    async def _outcome(self, url: str) -> Outcome:
        async with _opened(url) as database:
            told = await told_calls(database)
            async with database.read() as connection:
                counted = {
                    table.name: int(await connection.scalar(select(func.count()).select_from(table)) or 0)
                    for table in (calls, contacts, deals, tasks)
                }
                kinds = (await connection.scalars(select(events.c.kind))).all()
        return Outcome(told, counted, Counter(kinds))


def _may_be(told: int, truly: int, passing: bool) -> bool:
    return told <= truly if passing else told == truly


class _opened:  # noqa: N801  used as a function
    def __init__(self, url: str) -> None:
        self._database = Database(url)

    async def __aenter__(self) -> Database:
        return self._database

    async def __aexit__(self, *_error: object) -> None:
        await self._database.close()


async def prepare(url: str) -> None:
    """An office with an exchange, into a migrated database."""
    async with _opened(url) as database:
        await Office.opened(database, own_numbers=())


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="firstring-walk-") as folder:
        yield Path(folder)


def in_child(work: Callable[[], Awaitable[Any]], *, may_die: bool = False) -> Any:
    """What it returns, done in a fork of this process; None if it was killed there and `may_die`. Raises RuntimeError else."""
    with tempfile.NamedTemporaryFile(prefix="firstring-walk-") as answer:
        child = os.fork()
        if child == 0:
            _answer(work, answer.name)
        _, status = os.waitpid(child, 0)
        said = Path(answer.name).read_bytes()
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and may_die:
        return None
    if status or not said:
        raise RuntimeError(f"the child ended with {status}: {said.decode(errors='replace')[-3000:]}")
    return pickle.loads(said)


def _answer(work: Callable[[], Awaitable[Any]], file: str) -> None:
    code = 1
    try:
        with Path(os.devnull).open("w") as quiet:
            os.dup2(quiet.fileno(), 1)
            os.dup2(quiet.fileno(), 2)
            signal.alarm(LONGEST)
            Path(file).write_bytes(pickle.dumps(asyncio.run(work())))  # type: ignore[arg-type]
            code = 0
    except BaseException:
        Path(file).write_text(traceback.format_exc())
    finally:
        sys.stdout.flush()
        os._exit(code)
