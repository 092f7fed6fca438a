"""The receiver in docs/webhook_receiver.py, run as it stands: it takes what is ours and fresh, once."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from crm_core.webhooks.signing import signature
from tests.builders import inbound
from tests.product import eventually, free_port
from tests.webhooks.desk import Desk

PROGRAM = Path(__file__).parents[2] / "docs" / "webhook_receiver.py"


@contextmanager
def receiving(folder: Path, secret: str, port: int) -> Iterator[Path]:
    """Tells the file that it writes to."""
    said = folder / "said"
    with said.open("wb") as out:
        program = subprocess.Popen([sys.executable, PROGRAM, str(port)], stderr=out, env={**os.environ, "SECRET": secret})
    try:
        eventually(lambda: _listens(port), what="the receiver")
        yield said
    finally:
        program.terminate()
        program.wait(10)


def _listens(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/").status_code == 501
    except httpx.TransportError:
        return False


async def test_it_takes_each_delivery_of_the_product_once(desk: Desk, tmp_path: Path) -> None:
    port = free_port()
    _, secret = await desk.add(f"http://127.0.0.1:{port}/", "call_started", "call_ended")
    desk.time = datetime.now(UTC)  # the receiver looks at the clock
    with receiving(tmp_path, secret, port) as said:
        await desk.happen(inbound("79161112233").rings("101").answers("101").ends().events)
        desk.pass_by(seconds=2)
        await desk.send()

        assert [row.status for row in await desk.sent()] == [204, 204]
        lines = [line for line in said.read_text().splitlines() if line.startswith("call_")]
        assert [line.split()[0] for line in lines] == ["call_started", "call_ended"]
        assert "answered" in lines[1]


def test_it_refuses_what_is_not_ours_or_not_fresh_and_drops_repeats(tmp_path: Path) -> None:
    secret, port = "whsec_test", free_port()
    body = '{"event":{"kind":"call_ended","delivery":"d-1"},"outcome":"ответ"}'.encode()
    now = int(time.time())

    def post(header: str, sent: bytes = body) -> int:
        return httpx.post(f"http://127.0.0.1:{port}/", content=sent, headers={"Firstring-Signature": header}).status_code

    with receiving(tmp_path, secret, port) as said:
        assert post(signature(secret, body, now)) == 204
        assert post(signature(secret, body, now)) == 204
        refused = (
            "", "t=,v1=", signature("another", body, now), signature(secret, body, now - 3600),
            signature(secret, body, now + 3600), signature(secret, body, now).replace("t=", "t=1"),
        )  # fmt: skip
        assert [post(header) for header in refused] == [401] * 6
        assert post(signature(secret, body, now), body + b" ") == 401
        assert said.read_text().count("call_ended None ") == 1
