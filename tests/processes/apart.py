"""The product in processes of its own, as on several machines: a data folder each, one database, one key."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.product import Product, eventually

KEY = "one key for all machines of these tests"


class Apart:
    """`apart.add("web")` starts one more process of a part; all are killed at the end."""

    def __init__(self, folder: Path, database: str, **settings: str) -> None:
        self._folder = folder
        self.settings = {"DATABASE_URL": database, "SECRET_KEY": KEY, **settings}
        self.all: list[Product] = []

    def add(self, part: str) -> Product:
        name = f"{part}{sum(one.data.name.startswith(part) for one in self.all) + 1}"
        started = Product(self._folder / name, f"serve --only {part}", **self.settings).start(ready=False)
        self.all.append(started)
        return started

    def of(self, part: str) -> list[Product]:
        """Those that were not killed."""
        return [one for one in self.all if one.data.name.startswith(part) and one.process is not None]

    @property
    def said(self) -> str:
        return "".join(one.said for one in self.all)


@contextmanager
def apart(folder: Path, database: str, **settings: str) -> Iterator[Apart]:
    made = Apart(folder, database, **settings)
    try:
        yield made
    finally:
        for one in made.all:
            freeze(one, frozen=False)
            one.kill_tree()


def freeze(product: Product, *, frozen: bool = True) -> None:
    """Stop it in mid-step, as a machine that hangs; or let it go on."""
    for member in product.tree():
        member.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)


def has(product: Product, lease: str) -> bool:
    """Whether it was the last thing it said of the lease that it has it."""
    told = [line for line in product.said.splitlines() if f"lease={lease}" in line]
    return bool(told) and "lease_taken" in told[-1]


def stands_by(product: Product, lease: str) -> bool:
    told = [line for line in product.said.splitlines() if f"lease={lease}" in line]
    return bool(told) and "lease_awaited" in told[-1]


class Stream:
    """A program at one web process: `heard` is (when, what) of each event, by this process's clock."""

    def __init__(self, web: Product, token: str) -> None:
        self.heard: list[tuple[float, dict[str, Any]]] = []
        self.open = threading.Event()
        address, headers = f"{web.url}/api/v1/stream", {"Authorization": f"Bearer {token}"}
        threading.Thread(target=self._read, args=(address, headers), daemon=True).start()
        if not self.open.wait(20):
            raise AssertionError("the stream did not open")

    def kinds(self) -> list[str]:
        return [event["event"] for _, event in self.heard]

    def _read(self, address: str, headers: dict[str, str]) -> None:
        try:
            with httpx.stream("GET", address, headers=headers, timeout=None) as answer:
                self.open.set()
                for line in answer.iter_lines():
                    if line.startswith("data:"):
                        self.heard.append((time.monotonic(), json.loads(line[5:])))
        except httpx.TransportError:
            return  # the product ended


def listener_of(firm: Apart) -> tuple[Product, Product]:
    """The one that is connected to the exchange, and the one that stands by."""

    def found() -> tuple[Product, Product] | None:
        there = [one for one in firm.of("listen") if has(one, "listen/1") and "exchange_up" in one.said]
        waiting = [one for one in firm.of("listen") if stands_by(one, "listen/1")]
        return (there[0], waiting[0]) if there and waiting else None

    pair = eventually(found, 40, "a listener, and one who stands by")
    assert pair is not None
    return pair
