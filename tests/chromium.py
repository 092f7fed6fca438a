"""A real browser for tests; import `browser` (and `requires_chromium`, which it needs) into a conftest."""

import asyncio
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

# Without these Chromium asks its maker's servers for updates at every start.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser(requires_chromium: None) -> Iterator[Browser]:
    """For one module alone: while it is there, playwright's own loop runs in this thread and no other can."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield chromium
        chromium.close()
    asyncio.set_event_loop(None)  # playwright leaves its own loop behind for the thread
