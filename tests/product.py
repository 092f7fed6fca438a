"""The product as its admin runs it: `firstring …` in a process tree of its own, a fresh data folder, a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

ROOT = Path(__file__).parent.parent
FIRSTRING = Path(sys.executable).with_name("firstring")
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(look: Callable[[], T], within: float = 20, what: str = "it") -> T:
    """The first true answer of `look`; fails, with the last answer, when none came in time."""
    until = time.monotonic() + within
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not come about within {within} s; last seen: {answer!r}")
        time.sleep(0.05)


class Product:
    """A running `firstring serve` or `firstring demo`. `said` is all it printed."""

    def __init__(self, data: Path, command: str = "serve", port: int | None = None, **settings: str) -> None:
        self.data = data
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = command
        self._settings = {f"FIRSTRING_{name}": value for name, value in settings.items()}
        self._log = data.with_name(f"{data.name}.{command}.log")
        self.process: subprocess.Popen[bytes] | None = None
        self._folder = data.parent  # where a developer's own .env is not
        self._apis: dict[str, Api] = {}

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self, ready: bool = True) -> "Product":
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTRING_")}
        env = clean | {"FIRSTRING_DATA_DIR": str(self.data), "FIRSTRING_PORT": str(self.port)} | self._settings
        with self._log.open("ab") as out:
            self.process = subprocess.Popen(
                [FIRSTRING, *self._command.split()], stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=self._folder
            )
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, within: float = 60) -> None:
        eventually(self._is_ready, within, f"the product's readiness (it said: {self.said[-2000:]})")

    def _is_ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the product ended by itself with {self.process.returncode}: {self.said[-3000:]}")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, within: float = 20) -> int:
        """End it as a service manager does; returns its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(within)
        self.process = None
        return code

    def tree(self) -> list[psutil.Process]:
        if self.process is None or self.process.poll() is not None:
            return []
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def kill_tree(self) -> None:
        """kill -9 of everything at once, as when the power goes."""
        members = self.tree()
        for member in members:
            member.kill()
        psutil.wait_procs(members, timeout=10)
        if self.process is not None:
            self.process.wait(10)
            self.process = None

    def token(self, email: str) -> str:
        """A bearer token, made on the command line as an admin would."""
        return self.run("token", "create", email).stdout.strip()

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command of ours on the same data."""
        env = {n: v for n, v in os.environ.items() if not n.startswith("FIRSTRING_")}
        env |= {"FIRSTRING_DATA_DIR": str(self.data), "FIRSTRING_PORT": str(self.port)} | self._settings
        return subprocess.run(
            [FIRSTRING, *words], capture_output=True, text=True, timeout=60, env=env, cwd=self._folder, check=False
        )

    def api(self, email: str = "head@demo.local") -> "Api":
        if email not in self._apis:
            self._apis[email] = Api(self.url, self.token(email))
        return self._apis[email]

    def head(self, email: str = "head@office.test") -> "Api":
        """The head of sales, added if there is none yet."""
        if email not in self._apis:
            self.run("user", "add", email, "--role", "head")
        return self.api(email)


class Api:
    """The REST interface as a stranger's program uses it."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/api/v1/"
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **filters: Any) -> Any:
        return self.ask(path, **filters).json()

    def ask(self, path: str, **filters: Any) -> httpx.Response:
        answer = httpx.get(self._url + path, params=filters, headers=self._headers, timeout=20)
        answer.raise_for_status()
        return answer

    def items(self, path: str, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(path, **filters)["items"]
        return found

    def said(self, call_id: int) -> dict[str, str] | None:
        """All the words of each side in lower case; None until there is a transcript."""
        told = self.get(f"calls/{call_id}/transcript")
        if told["status"] != "ready":
            return None
        return {
            side: " ".join(segment["text"] for segment in told["segments"] if segment["side"] == side).lower()
            for side in ("manager", "customer")
        }

    def bytes(self, path: str) -> bytes:
        return self.ask(path).content


@contextmanager
def running(data: Path, command: str = "serve", **settings: str) -> Iterator[Product]:
    """A product that is ended with everything it started, whatever happens."""
    product = Product(data, command, **settings)
    try:
        yield product.start()
    finally:
        product.kill_tree()
