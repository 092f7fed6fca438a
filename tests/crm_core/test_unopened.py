"""A database that cannot be opened leaves nothing behind it, least of all a thread that dies in the log."""

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from crm_core.db import Database


def test_a_loop_that_ends_right_after_it_leaves_no_thread_to_die(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    before = set(threading.enumerate())

    async def ask() -> None:
        async with Database(f"sqlite+aiosqlite:///{tmp_path}").read():
            pass

    for _ in range(200):
        with pytest.raises(OperationalError, match="unable to open database file"):
            asyncio.run(ask())
    for left in set(threading.enumerate()) - before:
        left.join(timeout=10)

    assert not died
