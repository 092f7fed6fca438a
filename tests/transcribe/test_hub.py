"""Models by any other name, from a hub of our own on loopback: the hub's real client, in a process of its own."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

FETCH = """
import sys
from pathlib import Path
from transcribe import models
from transcribe.errors import ModelNotFetched
models.CONNECT_SECONDS = 1
try:
    print(models.fetch(sys.argv[1], Path(sys.argv[2])))
except ModelNotFetched as error:
    print(error.say)
"""
FILES = {
    "model.bin": b"the weights",
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "vocabulary.txt": b"a\nb\n",
    "README.md": b"no",
}
COMMIT = "a" * 40


class Hub(BaseHTTPRequestHandler):
    """As much of a model hub as the client asks for."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/") and "/tree/" in path:
            self._say(json.dumps([_entry(name) for name in FILES]).encode())
        elif path.startswith("/api/models/"):
            siblings = [{"rfilename": name} for name in FILES]
            self._say(json.dumps({"id": "owner/model", "sha": COMMIT, "siblings": siblings}).encode())
        elif (name := path.rpartition("/")[2]) in FILES:
            self._say(FILES[name], {"ETag": f'"{_entry(name)["oid"]}"', "X-Repo-Commit": COMMIT})
        else:
            self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 - the name that the server looks for

    def _say(self, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in {"Content-Length": str(len(body)), "Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002
        """Quiet."""


def _entry(name: str) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(FILES[name]), "oid": hashlib.sha1(FILES[name]).hexdigest()}


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(name: str, models_dir: Path, hub: str) -> str:
    env = {**os.environ, "HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(models_dir.parent / "home")}
    done = subprocess.run(
        [sys.executable, "-c", FETCH, name, str(models_dir)], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("name", "folder"), [("small", "small"), ("owner/model", "owner--model")])
def test_another_name_comes_from_the_hub(name: str, folder: str, hub: str, tmp_path: Path) -> None:
    models_dir = tmp_path / "models"

    told = fetch(name, models_dir, hub)

    assert told == str(models_dir / folder)
    assert {file.name: file.read_bytes() for file in Path(told).iterdir()} == {
        file: content for file, content in FILES.items() if file != "README.md"
    }
    assert not any(file.is_symlink() for file in Path(told).iterdir())
    assert [left.name for left in models_dir.iterdir()] == [folder]


def test_a_hub_that_does_not_answer_is_given_up_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(8)

        told = fetch("small", tmp_path / "models", f"http://127.0.0.1:{mute.getsockname()[1]}")

    assert told.startswith("The speech model small could not be fetched")
    assert "FIRSTRING_WHISPER_MODEL" in told
    assert "\n" not in told
    assert list((tmp_path / "models").iterdir()) == []


def test_a_name_the_hub_does_not_know_is_told_in_one_line(tmp_path: Path) -> None:
    told = fetch("enormous", tmp_path / "models", "http://127.0.0.1:1")

    assert told.startswith("The speech model enormous could not be fetched")
    assert "\n" not in told
