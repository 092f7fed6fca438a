"""A test call at a real Asterisk, from the terminal and from the page: how far it comes is told with its times."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.asterisk import speech
from tests.asterisk.exchange import RealExchange
from tests.product import Product, eventually

pytestmark = pytest.mark.asterisk

CUSTOMER = "+79265556677"
ALL = ["pop", "rang", "leg", "joined", "ended", "recording", "transcript"]


@pytest.fixture(scope="module")
def product(shared_exchange: RealExchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    product = Product(
        tmp_path_factory.mktemp("doctor") / "var", "serve", AMI_URL=shared_exchange.ami_url, LANGUAGE="en",
        AMI_DIAL_URL=shared_exchange.ami_dial_url, RECORDINGS_ROOT=str(shared_exchange.recordings),
        CEL_FILE=str(shared_exchange.cel_csv),
    )  # fmt: skip
    product.start()
    try:
        assert product.run("user", "add", "admin@office.test", "--role", "admin").returncode == 0
        eventually(lambda: product.head().items("exchanges")[0]["state"] == "up", what="the listener at the exchange")
        yield product
    finally:
        product.kill_tree()


@contextmanager
def both_pick_up(exchange: RealExchange) -> Iterator[None]:
    """Until the customer has hung up."""
    callee = exchange.customer_answers(after=0.5, says=speech.prompt(speech.CUSTOMER_PROMPT), talks=5)
    with exchange.phone("101", answers_after=0.5, says=speech.prompt(speech.MANAGER_PROMPT)):
        yield
        callee.finish()


def test_a_test_call_from_the_terminal_tells_each_step_with_its_time(product: Product, shared_exchange: RealExchange) -> None:
    with both_pick_up(shared_exchange):
        asked = product.run("doctor", "--json", "--test-call", "101", "--to", CUSTOMER)

    told = json.loads(asked.stdout)
    steps = [one for one in told["exchanges"]["default"] if one["check"] == "test_call"]
    assert {one["code"] for one in steps} == set(ALL), asked.stdout[-3000:]
    assert all(one["verdict"] == "fine" and float(one["facts"]["seconds"]) >= 0 for one in steps)
    faults = [one for group in (told["installation"], *told["exchanges"].values()) for one in group if one["verdict"] == "fault"]
    assert (faults, asked.returncode, told["well"]) == ([], 0, True)
    assert not any(secret in asked.stdout + asked.stderr for _, secret in (shared_exchange.reader, shared_exchange.dialler))


def test_a_phone_that_is_off_is_told_so(product: Product) -> None:
    asked = product.run("doctor", "--test-call", "102", "--to", CUSTOMER)

    assert asked.returncode == 1
    assert "FAULT     Test call: The phone was not reached" in asked.stdout


def test_the_page_is_examined_and_calls_by_jobs(product: Product, shared_exchange: RealExchange) -> None:
    page = httpx.Client(
        base_url=product.url, headers={"Authorization": f"Bearer {product.token('admin@office.test')}"}, timeout=20
    )
    with page, both_pick_up(shared_exchange):
        exchange_id = page.get("/api/v1/exchanges").json()["items"][0]["id"]
        here = f"/exchange/{exchange_id}/doctor"
        assert "Not examined yet" in page.get(here).text
        assert page.post(here).status_code == 303
        assert page.post(here).status_code == 409
        eventually(lambda: "Cannot be seen from here" in page.get(f"{here}/found").text, what="the findings")
        called = page.post(f"/exchange/{exchange_id}/test-call", data={"extension": "101", "number": CUSTOMER})
        assert called.status_code == 303
        eventually(lambda: "The transcript was made" in page.get(f"{here}/found").text, 90, "the transcript of the test call")
        assert not any(secret in page.get(here).text for _, secret in (shared_exchange.reader, shared_exchange.dialler))
