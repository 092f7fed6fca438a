"""A measured ratio with its goal."""

import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` ours over the yardstick's. `at_most`: the goal is an upper bound; else a lower one."""

    name: str
    ratio: float
    goal: float
    at_most: bool = True
    explained: Sequence[str] = ()

    @property
    def met(self) -> bool:
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal

    def line(self) -> str:
        sign = "≤" if self.at_most else "≥"
        return f"{self.name} {self.ratio:.2f} {sign}{self.goal:g} {'ok' if self.met else 'SHORT'}"


def turn_by_turn(ours: Callable[[], object], yardstick: Callable[[], object], rounds: int = 7) -> tuple[float, float]:
    """Median seconds of both, measured alternately so that a busy neighbour hits both alike."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, times in zip((ours, yardstick), spent, strict=True):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
    return statistics.median(spent[0]), statistics.median(spent[1])


def least_cpu(*works: Callable[[], object], rounds: int = 7) -> tuple[float, ...]:
    """The least CPU seconds of each, measured in turns after a first round that does not count: neighbours only ever add."""
    spent: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(rounds):
        for work, times in zip(works, spent, strict=True):
            gc.collect()
            began = time.process_time()
            work()
            times.append(time.process_time() - began)
    return tuple(min(times) for times in spent)


async def least_cpu_of(*works: Callable[[], Awaitable[object]], rounds: int = 3) -> tuple[float, ...]:
    """As `least_cpu`, for what is awaited; the CPU of all threads counts."""
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, spent, strict=True):
            gc.collect()
            began = time.process_time()
            await work()
            times.append(time.process_time() - began)
    return tuple(min(times) for times in spent)
