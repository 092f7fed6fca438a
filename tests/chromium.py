"""A real browser for tests; import `browser` (and `requires_chromium`, which it needs) into a conftest."""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

# Without these Chromium asks its maker's servers for updates at every start.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip

# The driver's own Node wants a library that a bare Debian lacks; the one that builds our front end does not.
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(sys.executable).with_name("node")))


@pytest.fixture(scope="module")
def browser(requires_chromium: None) -> Iterator[Browser]:
    """For one module alone: while it is there, playwright's own loop runs in this thread and no other can."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield chromium
        chromium.close()
    asyncio.set_event_loop(None)  # playwright leaves its own loop behind for the thread
