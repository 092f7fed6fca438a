"""The product on PostgreSQL: the same call, from the first ring to its transcript, in the browser's stream as well."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pbx.playing.calls import inbound
from pbx.playing.speech import scripts
from tests.databases import PostgresServer, postgres_server
from tests.practice_office import PracticeOffice, practice_office
from tests.product import Product, eventually, running

CUSTOMER, DID = "79035551122", "74951112245"
SCRIPT = next(script for script in scripts() if script.name == "ru_shop")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PracticeOffice]:
    with practice_office(tmp_path / "monitor", speed=1.0) as office:
        yield office


@pytest.fixture
def product(tmp_path: Path, server: PostgresServer, office: PracticeOffice) -> Iterator[Product]:
    with running(tmp_path / "var", DATABASE_URL=server.empty(), **office.settings) as product:
        yield product


@pytest.mark.model
def test_a_call_comes_through_to_rest_stream_recording_and_transcript(product: Product, office: PracticeOffice) -> None:
    head = product.head()
    heard = Stream(product)
    eventually(lambda: "exchange_up" in product.said, what="the exchange")

    office.play(inbound(CUSTOMER, DID).rings("101").answered_after(1).talks(SCRIPT))
    ringing = eventually(lambda: head.items("calls"), what="the call")[0]
    eventually(lambda: "call_started" in heard.events, what="the call in the stream")

    call = eventually(lambda: _recorded(product, ringing["id"]), within=120, what="the recording")
    assert (call["outcome"], call["recordings"][0]["sides"]) == ("answered", 2)
    assert call["contact_id"]
    assert call["deal_id"]
    said = eventually(lambda: _transcript(product, ringing["id"]), within=180, what="the transcript")
    assert "магазин" in " ".join(segment["text"] for segment in said["segments"]).lower()
    eventually(lambda: "transcript_ready" in heard.events, what="the transcript in the stream")
    assert "Traceback" not in product.said


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_parts_started_together_in_processes_of_their_own_meet_in_the_database(
    tmp_path: Path, server: PostgresServer, office: PracticeOffice, database: str
) -> None:
    told = {"DATABASE_URL": server.empty() if database == "postgresql" else "", **office.settings}
    parts = [Product(tmp_path / "var", f"serve --only {part}", **told) for part in ("web", "listen", "work")]
    try:
        for part in parts:
            part.start(ready=False)
        parts[0].wait_ready()
        eventually(lambda: "exchange_up" in parts[1].said, within=60, what="the exchange")
        office.play(inbound(CUSTOMER, DID).rings("101").answered_after(0.5).talks(4.0))
        call = eventually(lambda: parts[0].head().items("calls"), what="the call")[0]
        eventually(lambda: _recorded(parts[0], call["id"]), within=60, what="the recording")
        assert [part.stop() for part in parts] == [0, 0, 0]
        assert "Traceback" not in "".join(part.said for part in parts)
    finally:
        for part in parts:
            part.kill_tree()


class Stream:
    """The browser's stream, read in a thread from its opening on; `events` is what came so far."""

    def __init__(self, product: Product) -> None:
        self.events = ""
        headers = {"Authorization": f"Bearer {product.token('head@office.test')}"}
        threading.Thread(target=self._read, args=(f"{product.url}/api/v1/stream", headers), daemon=True).start()
        eventually(lambda: "connected" in self.events, what="the stream")

    def _read(self, url: str, headers: dict[str, str]) -> None:
        try:
            with httpx.stream("GET", url, headers=headers, timeout=None) as answer:
                for line in answer.iter_lines():
                    self.events += line + "\n"
        except httpx.TransportError:
            return  # the product ended


def _recorded(product: Product, call_id: int) -> dict[str, Any] | None:
    call: dict[str, Any] = product.head().get(f"calls/{call_id}")
    return call if call["recordings"] else None


def _transcript(product: Product, call_id: int) -> dict[str, Any] | None:
    told: dict[str, Any] = product.head().get(f"calls/{call_id}/transcript")
    return told if told["status"] == "ready" else None
