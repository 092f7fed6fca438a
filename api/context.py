"""What every route and part of the running product is given: made once in wiring, passed on, never global."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.live import Wake
from crm_core.secrets import SecretBox
from crm_core.settings import Settings


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Parts:
    """How the parts of this process stand: `up`, or in words why not. `/readyz` and the log read it."""

    states: dict[str, str] = field(default_factory=dict)

    def up(self, part: str) -> None:
        self.states[part] = "up"

    def down(self, part: str, why: str) -> None:
        self.states[part] = why

    def gone(self, part: str) -> None:
        self.states.pop(part, None)


@dataclass(slots=True)
class AppContext:
    """`wake` is woken by each commit of this process; `stopping` is set when it is to end, so that streams end too."""

    settings: Settings
    database: Database
    blobs: Blobs
    box: SecretBox
    wake: Wake
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    parts: Parts = field(default_factory=Parts)
    now: Callable[[], datetime] = utc_now
    demo: bool = False

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir
