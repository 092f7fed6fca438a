"""A real Redis of the tests' own: on a socket file, without anything on disk; it may be killed and come back empty."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.product import eventually, free_port
from tests.requirements import need_redis


class RedisServer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> "RedisServer":
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        own_time = {
            **os.environ,
            "LD_PRELOAD": "",
        }  # whoever sets a product's clock does not set Redis's, which does not start so
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=own_time)
        eventually(self._answers, within=60, what="Redis")
        return self

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Skips the test where there is none and none may be installed."""
    if (reason := need_redis()) is not None:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="firstring-redis-") as folder:
        server = RedisServer(Path(folder)).start()
        try:
            yield server
        finally:
            server.kill()
