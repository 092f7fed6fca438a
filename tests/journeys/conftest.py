"""A real browser for the journeys; what it saw is kept in `.cache/pictures/`."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.asterisk.fixtures import real_exchange
from tests.product import ROOT
from tests.requirements import need_chromium, requires_asterisk

__all__ = ["browser", "pictures", "real_exchange", "requires_asterisk"]

# Without these Chromium asks its maker's servers for updates at every start.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    reason = need_chromium()
    if reason is not None:
        pytest.skip(reason)
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield chromium
        chromium.close()
    asyncio.set_event_loop(None)  # playwright leaves its own loop behind for the thread


@pytest.fixture(scope="session")
def pictures() -> Path:
    folder = ROOT / ".cache" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
