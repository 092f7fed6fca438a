"""The simplest AMI client there is: logs in, keeps every byte with its time. For tests and for making captures."""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self


class AmiTap:
    """Open for the length of a `with`; `messages()` are those heard so far, repeated headers by their first value."""

    def __init__(self, host: str, port: int, user: str, secret: str) -> None:
        self._socket = socket.create_connection((host, port), timeout=10)
        self._socket.settimeout(0.2)
        self._began = time.monotonic()
        self.heard = bytearray()
        self.times: list[tuple[float, int]] = []
        self._stopped = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.send({"Action": "Login", "ActionID": "login-1", "Username": user, "Secret": secret})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopped.set()
        self._reader.join(5)
        self._socket.close()

    def send(self, action: Mapping[str, str]) -> None:
        self._socket.sendall("".join(f"{name}: {value}\r\n" for name, value in action.items()).encode() + b"\r\n")

    def ask(self, action: Mapping[str, str]) -> dict[str, str]:
        """The response to an action; its ActionID is given here."""
        action_id = f"ask-{len(self.times)}-{action['Action']}"
        self.send({**action, "ActionID": action_id})
        return self.wait_for(lambda m: m.get("ActionID") == action_id and "Response" in m)

    def messages(self) -> list[dict[str, str]]:
        whole = bytes(self.heard).decode("utf-8", "replace").replace("\r\n", "\n")
        return [_message(block) for block in whole.split("\n\n")[:-1] if block.strip()]

    def events(self, name: str) -> list[dict[str, str]]:
        return [message for message in self.messages() if message.get("Event") == name]

    def wait_for(self, claim: Callable[[dict[str, str]], bool], seconds: float = 20.0) -> dict[str, str]:
        """The first message of which the claim is true."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for message in self.messages():
                if claim(message):
                    return message
            time.sleep(0.05)
        raise AssertionError(f"not heard in {seconds} s; last: {self.messages()[-3:]}")

    def settle(self, seconds: float = 0.5) -> None:
        """Waits until nothing has come for so long."""
        length = -1
        while length != len(self.heard):
            length = len(self.heard)
            time.sleep(seconds)

    def _read(self) -> None:
        while not self._stopped.is_set():
            try:
                piece = self._socket.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not piece:
                return
            self.heard += piece
            self.times.append((round(time.monotonic() - self._began, 3), len(self.heard)))


def _message(block: str) -> dict[str, str]:
    message: dict[str, str] = {}
    for line in block.splitlines():
        name, colon, value = line.partition(": ")
        if colon:
            message.setdefault(name, value)
    return message
