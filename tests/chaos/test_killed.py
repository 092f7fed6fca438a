"""kill -9 of the whole process tree: nothing that was told is lost, nothing is there twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbx.playing.calls import inbound
from pbx.playing.speech import scripts
from tests.practice_office import PracticeOffice, practice_office
from tests.product import Api, Product, eventually

CUSTOMER, DID = "79035551122", "74951112245"
SCRIPT = next(script for script in scripts() if script.name == "ru_shop")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PracticeOffice]:
    with practice_office(tmp_path / "monitor", speed=1.0) as office:
        yield office


@pytest.fixture
def product(tmp_path: Path, office: PracticeOffice) -> Iterator[Product]:
    product = Product(tmp_path / "var", "serve", **office.settings)
    product.start()
    product.run("user", "add", "head@office.test", "--role", "head")
    yield product
    product.kill_tree()


def test_a_call_cut_by_kill_9_is_there_once_ended_and_with_its_recording(office: PracticeOffice, product: Product) -> None:
    office.play(inbound(CUSTOMER, DID).rings("101").answered_after(1).talks(SCRIPT))
    eventually(lambda: _calls(product, state="talking"), what="the call in progress")

    product.kill_tree()
    product.start()

    call = _ended(product)
    assert call["outcome"] == "answered"
    assert call["talk_seconds"] == pytest.approx(SCRIPT.seconds, abs=2)
    whole = eventually(lambda: _calls(product, recorded=True), within=90, what="the recording")[0]
    assert [recording["sides"] for recording in whole["recordings"]] == [2]
    assert len(_calls(product)) == 1


def test_a_call_that_ended_while_we_were_down_is_closed_and_marked(office: PracticeOffice, product: Product) -> None:
    office.play(inbound(CUSTOMER, DID).rings("101").answered_after(1).talks(4.0))
    eventually(lambda: _calls(product, state="talking"), what="the call in progress")

    product.kill_tree()
    eventually(lambda: not office.exchange.channels(), what="the end of the call on the exchange")
    product.start()

    call = _ended(product)
    assert call["partial"]
    assert call["outcome"] == "answered"


@pytest.mark.model
def test_a_transcription_cut_by_kill_9_leaves_exactly_one_transcript(office: PracticeOffice, product: Product) -> None:
    office.play(inbound(CUSTOMER, DID).rings("101").answered_after(0.2).talks(SCRIPT))
    call = eventually(lambda: _calls(product, recorded=True), within=120, what="the recording")[0]
    api = product.api("head@office.test")
    eventually(lambda: api.get(f"calls/{call['id']}/transcript")["status"] == "working", within=60, what="the transcription")

    product.kill_tree()
    product.start()

    said = eventually(lambda: _transcript(product, call["id"]), within=180, what="the transcript")
    assert [segment["text"] for segment in said["segments"]].count(said["segments"][0]["text"]) == 1
    assert "магазин" in " ".join(segment["text"] for segment in said["segments"]).lower()


def test_nobody_of_the_tree_outlives_its_hub(product: Product) -> None:
    hub, *others = product.tree()

    hub.kill()

    eventually(lambda: not any(other.is_running() for other in others), what="the end of the worker")


def _api(product: Product) -> Api:
    return product.api("head@office.test")


def _calls(product: Product, state: str | None = None, **filters: Any) -> list[dict[str, Any]]:
    found = _api(product).items("calls", **filters)
    return [call for call in found if state != "talking" or (call["ended_at"] is None and call["answered_by"])]


def _ended(product: Product) -> dict[str, Any]:
    calls = eventually(
        lambda: [call for call in _calls(product) if call["ended_at"]], within=SCRIPT.seconds + 60, what="the end of the call"
    )
    if len(calls) != 1:
        raise AssertionError(f"{len(calls)} calls instead of one")
    return calls[0]


def _transcript(product: Product, call_id: int) -> dict[str, Any] | None:
    told: dict[str, Any] = _api(product).get(f"calls/{call_id}/transcript")
    return told if told["status"] == "ready" else None
