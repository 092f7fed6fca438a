"""The walk and its table: `python -m tests.chaos.failpoints sqlite|postgresql [--scenarios a,b] [--points N] [--seconds S]`.

A process of its own, for it forks at each await. The last line is JSON, for tests.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.chaos.failpoints.capture_walk import Walk, prepare
from tests.chaos.failpoints.steps import Point, Taken
from tests.databases import fresh_sqlite, postgres_server, sqlite_template


@dataclass(slots=True)
class Walked:
    """`awaits`: places in the code; `steps`: how often they were passed, on the way in and on; `struck`: deaths there."""

    scenario: str
    database: str
    awaits: int
    steps: int
    struck: int = 0
    not_met: int = 0  # steps that did not come in that run
    wrong: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        cells = (self.database, self.scenario, self.awaits, self.steps, self.struck, self.not_met, len(self.wrong))
        return "| " + " | ".join(map(str, cells)) + " |"


HEAD = "| database | call | awaits | steps | killed at | not met | lost or doubled |\n|---|---|---|---|---|---|---|"


def walked(walk: Walk, database: str, points: int, until: float, dice: random.Random) -> Walked:
    taken, undisturbed = walk.undisturbed()
    told = Walked(walk.scenario, database, len({where for where, _ in taken}), taken.total())
    if wrong := walk.wrong(undisturbed, undisturbed):
        told.wrong.append(f"undisturbed: {wrong}")
    for point in chosen(taken, points, dice):
        if time.monotonic() > until:
            break
        outcome = walk.dies_at(point, over_meanwhile=dice.random() < 0.5)
        if outcome is None:
            told.not_met += 1
            continue
        told.struck += 1
        if wrong := walk.wrong(outcome, undisturbed):
            told.wrong.append(f"{point}: {wrong}")
    return told


def chosen(taken: Taken, most: int, dice: random.Random) -> list[Point]:
    """By chance, but each place once before any place twice."""
    rounds: list[tuple[int, Point]] = []
    for (where, resumed), times in sorted(taken.items()):
        shuffled = dice.sample(range(1, times + 1), times)
        rounds += [(turn, Point(where, resumed, number)) for turn, number in enumerate(shuffled)]
    dice.shuffle(rounds)
    return [point for _, point in sorted(rounds, key=lambda one: one[0])][:most]


@contextmanager
def prepared(kind: str) -> Iterator[Callable[[Path], str]]:
    """What gives a fresh database with an office in it."""
    if kind == "sqlite":
        with sqlite_template() as file:
            asyncio.run(prepare(f"sqlite+aiosqlite:///{file}"))
            yield lambda folder: fresh_sqlite(file, folder)
    else:
        with postgres_server() as server:
            asyncio.run(prepare(server.url("firstring_template")))
            yield lambda _folder: server.fresh()


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m tests.chaos.failpoints")
    reader.add_argument("database", choices=["sqlite", "postgresql"])
    reader.add_argument("--scenarios", default="inbound_answered")
    reader.add_argument("--points", type=int, default=1_000_000)
    reader.add_argument("--seconds", type=float, default=86_400.0)
    reader.add_argument("--seed", type=int, default=1)
    asked = reader.parse_args()
    dice = random.Random(asked.seed)
    until = time.monotonic() + asked.seconds
    print(HEAD)
    told = []
    with prepared(asked.database) as fresh:
        for scenario in asked.scenarios.split(","):
            told.append(walked(Walk(scenario, fresh), asked.database, asked.points, until, dice))
            print(told[-1].line, flush=True)
    print(json.dumps([asdict(one) for one in told]))
    return 1 if any(one.wrong for one in told) else 0


if __name__ == "__main__":
    sys.exit(main())
