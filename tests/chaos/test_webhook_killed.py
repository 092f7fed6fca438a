"""kill -9 between sending to a webhook and noting it: after the restart it is sent again, under the same id."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from pbx.playing.calls import inbound
from tests.practice_office import practice_office
from tests.product import Product, eventually

CUSTOMER, DID = "79035551122", "74951112245"


class Receiver(ThreadingHTTPServer):
    """Takes what comes; while `hangs`, it answers nothing until `let_go` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.came: list[tuple[str, dict[str, Any]]] = []
        self.hangs = True
        self.let_go = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/calls"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whom it answered is dead: that is the test."""


class _Taking(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        hangs = self.server.hangs
        self.server.came.append((self.headers["Firstring-Delivery"], told))
        if hangs:
            self.server.let_go.wait(30)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.let_go.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_was_sent_and_not_noted_is_sent_again(tmp_path: Path, receiver: Receiver) -> None:
    with practice_office(tmp_path / "monitor", speed=1.0) as office:
        product = Product(tmp_path / "var", "serve", **office.settings, WEBHOOKS_ALLOW="127.0.0.1")
        try:
            product.start()
            product.run("user", "add", "admin@office.test", "--role", "admin")
            hook = _post(product, "webhooks", {"url": receiver.url, "kinds": ["call_ended"]})
            office.play(inbound(CUSTOMER, DID).rings("101").answered_after(1).talks(2.0))
            eventually(lambda: receiver.came, within=40, what="the first try")

            receiver.hangs = False
            product.kill_tree()
            product.start()
            eventually(lambda: len(receiver.came) > 1, within=40, what="the second try")
            (noted,) = eventually(lambda: _noted(product, hook["id"], "delivered"), what="the note of it")

            ids = {delivery for delivery, _ in receiver.came}
            assert ids == {noted["delivery"]}
            assert {told["caller"] for _, told in receiver.came} == {CUSTOMER}
            assert receiver.came[-1][1]["outcome"] == "answered"
        finally:
            product.kill_tree()


def _noted(product: Product, hook: int, state: str) -> list[dict[str, Any]]:
    return product.api("admin@office.test").items(f"webhooks/{hook}/deliveries", state=state)


def _post(product: Product, path: str, body: dict[str, Any]) -> dict[str, Any]:
    token = product.token("admin@office.test")
    answer = httpx.post(f"{product.url}/api/v1/{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20)
    answer.raise_for_status()
    return dict(answer.json())
