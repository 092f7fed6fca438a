"""A place to die at each await: the tasks of a part of the program are driven step by step, and the process killed at one.

The part knows nothing of it: the loop's task factory wraps the coroutines that are started under `watched()`.
"""

import asyncio
import contextvars
import os
import signal
from collections import Counter
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = str(Path(__file__).resolve().parents[3]) + "/"
HOUSES = ("pbx/", "crm_core/")
DRIVER = "crm_core/sqlite_"
"""Who waits there waits for the line that called it."""

Taken = Counter[tuple[str, bool]]
"""How often each place was left waiting (False) and gone on from (True)."""

_watched: contextvars.ContextVar[bool] = contextvars.ContextVar("watched", default=False)


@dataclass(frozen=True, slots=True)
class Point:
    """The `time`-th step at an await of ours: when it is left waiting (what it asked for is under way), or when it goes on."""

    where: str  # file:line
    resumed: bool
    time: int = 1


class Steps:
    """Counts the steps of this process, and kills it at `death`."""

    def __init__(self, death: Point | None) -> None:
        self._death = death
        self.taken: Taken = Counter()

    def install(self) -> None:
        self.install_in(asyncio.get_running_loop())

    def install_in(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.set_task_factory(self._task)

    def step(self, where: str, *, resumed: bool) -> None:
        self.taken[where, resumed] += 1
        if self._death == Point(where, resumed, self.taken[where, resumed]):
            os.kill(os.getpid(), signal.SIGKILL)

    def _task(self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> "asyncio.Task[Any]":
        watched = _watched.get() and asyncio.iscoroutine(coro)
        return asyncio.Task(_Stepped(coro, self) if watched else coro, loop=loop, **options)


@contextmanager
def watched() -> Iterator[None]:
    """Tasks started within, and those that they start, are stepped."""
    token = _watched.set(True)
    try:
        yield
    finally:
        _watched.reset(token)


class _Stepped(Coroutine[Any, Any, Any]):
    """A coroutine whose every suspension is told."""

    def __init__(self, inner: Coroutine[Any, Any, Any], steps: Steps) -> None:
        self._inner = inner
        self._steps = steps
        self._where: str | None = None

    def send(self, value: Any) -> Any:
        self._resumed()
        return self._suspended(self._inner.send(value))

    def throw(self, *error: Any) -> Any:
        self._resumed()
        return self._suspended(self._inner.throw(*error))

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()

    def _resumed(self) -> None:
        if self._where is not None:
            self._steps.step(self._where, resumed=True)

    def _suspended(self, waits_for: Any) -> Any:
        self._where = _innermost(self._inner)
        if self._where is not None:
            self._steps.step(self._where, resumed=False)
        return waits_for


def _innermost(coroutine: Any) -> str | None:
    """The line of our own at which it waits, deepest first."""
    found = None
    while coroutine is not None:
        frame = (
            getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None) or getattr(coroutine, "gi_frame", None)
        )
        if frame is not None and (ours := _ours(frame.f_code)):
            found = f"{ours}:{frame.f_lineno}"
        coroutine = next(
            (getattr(coroutine, name) for name in ("cr_await", "ag_await", "gi_yieldfrom") if getattr(coroutine, name, None)),
            None,
        )
    return found


def _ours(code: CodeType) -> str | None:
    name = code.co_filename.removeprefix(ROOT)
    return name if name.startswith(HOUSES) and not name.startswith(DRIVER) else None
