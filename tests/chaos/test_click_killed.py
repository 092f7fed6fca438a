"""kill -9 while a call by a click is being placed: after the restart the phone is not rung a second time."""

from pathlib import Path

import httpx

from pbx.playing.calls import Ending, Move
from pbx.practice import DIALLER, SECRET
from tests.practice_office import practice_office
from tests.product import Product, eventually

CUSTOMER = "79161112237"


def test_a_product_killed_in_the_middle_of_a_click_orders_nothing_twice(tmp_path: Path) -> None:
    cel = tmp_path / "cel.csv"
    with practice_office(tmp_path / "monitor", cel_file=cel) as office:
        dial = f"ami://{DIALLER}:{SECRET}@127.0.0.1:{office.port}"
        product = Product(tmp_path / "var", "serve", **office.settings, AMI_DIAL_URL=dial, CEL_FILE=str(cel))
        try:
            product.start()
            token = _hire(product)
            office.exchange.own_phone = Move(Ending.NOBODY)  # it rings and rings
            asked = _post(product, token, "calls", {"to": CUSTOMER})
            eventually(lambda: len(office.exchange.clicked) == 1, what="the ringing phone")

            product.kill_tree()
            product.start()
            # Told as in doubt first, if the listener had not seen the telephone ring before it was killed.
            eventually(lambda: _attempt(product, token, asked["id"])["stage"] == "ended", within=90, what="what became of it")

            assert len(office.exchange.clicked) == 1
            calls = _get(product, token, "calls")["items"]
            assert [(call["linkedids"], call["callee"]) for call in calls] == [([asked["channel_id"]], CUSTOMER)]
        finally:
            product.kill_tree()


def _hire(product: Product) -> str:
    added = product.run("user", "add", "olga@office.test", "--role", "manager", "--extension", "101")
    assert added.returncode == 0, added.stderr
    head = product.head()
    eventually(lambda: head.items("exchanges")[0]["state"] == "up", what="the listener at the exchange")
    token = product.token("olga@office.test")
    contact = _post(product, token, "contacts", {"name": "Pavel"})
    _post(product, token, f"contacts/{contact['id']}/numbers", {"number": f"+{CUSTOMER}"})
    return token


def _attempt(product: Product, token: str, attempt_id: int) -> dict:
    return _get(product, token, f"calls/attempts/{attempt_id}")


def _post(product: Product, token: str, path: str, body: dict) -> dict:
    answer = httpx.post(f"{product.url}/api/v1/{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20)
    answer.raise_for_status()
    return dict(answer.json())


def _get(product: Product, token: str, path: str) -> dict:
    answer = httpx.get(f"{product.url}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=20)
    answer.raise_for_status()
    return dict(answer.json())
