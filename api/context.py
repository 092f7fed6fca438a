"""What every route and part of the running product is given: made once in wiring, passed on, never global."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.leases import new_holder
from crm_core.live import Hints, Wake
from crm_core.secrets import SecretBox
from crm_core.settings import Settings


def utc_now() -> datetime:
    return datetime.now(UTC)


WELL = ("up", "stands by")
"""States of parts with which nothing is wrong."""


@dataclass(slots=True)
class Parts:
    """How the parts of this process stand: `up`, `stands by` or in words why not. `/readyz` and the log read it."""

    states: dict[str, str] = field(default_factory=dict)

    def up(self, part: str) -> None:
        self.states[part] = "up"

    def stands_by(self, part: str) -> None:
        """Another process does it; this one would if that ended."""
        self.states[part] = "stands by"

    def down(self, part: str, why: str) -> None:
        self.states[part] = why

    def gone(self, part: str) -> None:
        self.states.pop(part, None)


@dataclass(slots=True)
class AppContext:
    """`wake` is woken by each commit, of this process and by hints of the others; `stopping` is set when it is to end, so that
    streams end too. `hints` tell the other processes, where there may be any. `holder` is this process's name on leases."""

    settings: Settings
    database: Database
    blobs: Blobs
    box: SecretBox
    wake: Wake
    hints: Hints | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    parts: Parts = field(default_factory=Parts)
    now: Callable[[], datetime] = utc_now
    demo: bool = False
    holder: str = field(default_factory=new_holder)

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir
