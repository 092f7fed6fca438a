"""The hub at rest against a process that only imports the same libraries: resident memory of each."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks.figures import Figure
from tests.product import Product

GOAL = 2.0
OURS = ("api", "crm_core", "pbx", "recordings", "transcribe")
REST_SECONDS = 5.0  # what the start needed is given back by then

# Everything a hub has imported, without anything of ours.
LIST = """
import sys, api.hub, api.app, api.web.pages, api.commands.serve
ours = {ours!r}
print("\\n".join(sorted(name for name in sys.modules if name.split(".")[0] not in ours and not name.startswith("__"))))
"""
IMPORT = """
import importlib, sys, contextlib
for name in sys.stdin.read().split():
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
print("ready", flush=True)
import time; time.sleep(600)
"""


def run() -> Figure:
    libraries = subprocess.run([sys.executable, "-c", LIST.format(ours=OURS)], capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder) / "var").start()
        try:
            time.sleep(REST_SECONDS)
            hub = psutil.Process(product.tree()[0].pid).memory_info().rss
        finally:
            product.kill_tree()
    bare = _resident(libraries)
    explained = (f"hub {hub >> 20} MB, its {len(libraries.split())} library modules alone {bare >> 20} MB",)
    return Figure("idle_memory", hub / bare, GOAL, explained=explained)


def _resident(libraries: str) -> int:
    with subprocess.Popen([sys.executable, "-c", IMPORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bare:
        if bare.stdin is None or bare.stdout is None:
            raise RuntimeError("no pipes to the yardstick")
        bare.stdin.write(libraries)
        bare.stdin.close()
        bare.stdout.readline()
        resident: int = psutil.Process(bare.pid).memory_info().rss
        bare.kill()
    return resident
