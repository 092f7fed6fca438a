"""Finds the dialects: every module of this folder that has a `DIALECT` is one. Adding one is adding its file."""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol

import pbx.dialects
from pbx.ami.protocol import Message
from pbx.channel_events import ChannelEvent
from pbx.dialects.habits import Habits


class Dialect(Protocol):
    """How one make of exchange words its events, and what is usual there besides."""

    name: str
    habits: Habits

    def read(self, message: Message, at: float) -> tuple[ChannelEvent, ...]:
        """What the message says happened; `at` counts where the message itself tells no time. Never raises."""
        ...

    def read_raw(self, raw: bytes, at: float) -> tuple[ChannelEvent, ...]:
        """As `read`, from the message's bare bytes. All that one message says is of one moment."""
        ...


def dialects() -> Mapping[str, Dialect]:
    """All dialects by name."""
    modules = (importlib.import_module(f"pbx.dialects.{m.name}") for m in pkgutil.iter_modules(pbx.dialects.__path__))
    found = (getattr(module, "DIALECT", None) for module in modules)
    return {dialect.name: dialect for dialect in found if dialect is not None}
