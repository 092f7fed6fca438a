"""A second `make run` until it is ready, against importing the app."""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests.benchmarks.figures import Figure
from tests.product import ROOT, free_port

GOAL = 2.0
ROUNDS = 5
IMPORT = "import api.commands.demo, api.web.pages"


def run() -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        _until_ready(Path(folder))  # the first run makes the data
        spent: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            spent[0].append(_until_ready(Path(folder)))
            spent[1].append(_imported())
    ready, imported = (statistics.median(times) for times in spent)
    explained = (f"make run ready after {ready:.2f} s, importing the app {imported:.2f} s",)
    return Figure("second_run", ready / imported, GOAL, explained=explained)


def _until_ready(data: Path) -> float:
    port = free_port()
    env = os.environ | {"FIRSTRING_DATA_DIR": str(data / "var"), "FIRSTRING_PORT": str(port)}
    began = time.perf_counter()
    with subprocess.Popen(
        ["make", "run"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as make:
        while not _ready(port):
            if make.poll() is not None:
                raise RuntimeError("make run ended by itself; run it by hand to see why")
            time.sleep(0.01)
        spent = time.perf_counter() - began
        os.killpg(make.pid, signal.SIGTERM)
        make.wait(30)
    return spent


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _imported() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORT], check=True)
    return time.perf_counter() - began
