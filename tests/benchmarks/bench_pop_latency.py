"""From what the exchange writes to the text on a manager's screen, at 20 calls a second, in a real browser.

Ours: a practice exchange, the whole hub, the page as it is: beside the strip, the list of tasks and the menu, which each new
caller changes, are fetched anew all the time. The bare chain does one commit, one message, one fetch of a constant fragment and
one swap, on the same settings of the same database and in the same browser. Both are told of a call's beginning and of its end,
and both keep the rule of the strip: one fetch at a time, at most four in any second. What ours does besides: it reads what the
exchange says, finds whose call it is, makes the contact, deal and tasks, asks who is logged in and what he may see. Ten desks
share the calls; one of them is looked at. Both are measured in turns. The clock starts before a call's first event is written
and stops when its number is in the page.
"""

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from pbx.playing.calls import inbound
from tests.benchmarks.figures import Figure
from tests.chromium import FLAGS
from tests.journeys.desk import Desk
from tests.practice_office import PracticeOffice, practice_office
from tests.product import ROOT, Product, eventually

PER_SECOND = 20.0
DESKS = tuple(str(extension) for extension in range(101, 111))
RINGS, SPREAD = 2.5, 1.0  # seconds until the caller gives up, and by how much they differ: ends fall anywhere among beginnings
TURNS, CALLS = 4, 400  # of each side; calls in a turn
REST = 5.0
GOAL = 1.5
DID = "74951112245"
PASSWORD = "a long enough password"
SEEN = """() => {
  window.shown = {};
  const look = () => {
    for (const article of document.querySelectorAll("#strip article"))
      for (const number of article.textContent.replace(/[^0-9]/g, "").match(/7916[0-9]{7}/g) ?? [])
        window.shown[number] ??= performance.timeOrigin + performance.now();
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""

Say = Callable[[int, bool], str]
"""Lets the exchange write a call (its number, whether it rings at our desk); tells by what it is known in the page."""


def run() -> list[Figure]:
    ours: list[float] = []
    bare: list[float] = []
    with ExitStack() as stack:
        play = stack.enter_context(sync_playwright())
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        stack.callback(browser.close)
        page, say = stack.enter_context(_our_side(browser))
        bare_page, bare_say = stack.enter_context(_bare_side(browser))
        for turn in range(TURNS):
            ours += _seconds(page, say, turn * CALLS)
            bare += _seconds(bare_page, bare_say, turn * CALLS)
    return [_figure("pop_median", ours, bare, 50), _figure("pop_p99", ours, bare, 99)]


def _figure(name: str, ours: list[float], bare: list[float], percent: int) -> Figure:
    one, other = (statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1] for seconds in (ours, bare))
    explained = f"{len(ours)} pops: ours {one * 1000:.0f} ms, the bare chain {other * 1000:.0f} ms"
    return Figure(name, one / other, GOAL, explained=(explained,))


def _seconds(page: Page, say: Say, first: int) -> list[float]:
    """How long each call of a turn took to the page."""
    written: dict[str, float] = {}
    began = time.time()
    for index in range(CALLS):
        time.sleep(max(0.0, began + index / PER_SECOND - time.time()))
        mine = index % len(DESKS) == 0
        at = time.time()
        key = say(first + index, mine)
        if mine:
            written[key] = at
    page.wait_for_timeout(REST * 1000)
    shown = page.evaluate("window.shown")
    missing = [key for key in written if key not in shown]
    if missing:
        raise RuntimeError(f"{len(missing)} of {len(written)} pops never came")
    return [shown[key] / 1000 - at for key, at in written.items()]


@contextmanager
def _our_side(browser: Browser) -> Iterator[tuple[Page, Say]]:
    with tempfile.TemporaryDirectory() as name, practice_office(Path(name) / "monitor", timestamps=True) as office:
        folder = Path(name)
        product = Product(folder / "var", "serve", **office.settings).start()
        try:
            (folder / "password").write_text(PASSWORD)
            words = ("--role", "manager", "--extension", DESKS[0], "--password-file", str(folder / "password"))
            product.run("user", "add", "desk@office.test", *words)
            product.head()
            eventually(lambda: product.head().items("exchanges")[0]["state"] == "up", what="the listener")
            page = Desk(browser, product.url, "desk@office.test", folder, PASSWORD).open("/tasks")
            page.evaluate(SEEN)
            yield page, lambda number, mine: _ring(office, number, mine)
        finally:
            product.kill_tree()


def _ring(office: PracticeOffice, number: int, mine: bool) -> str:
    caller = f"7916{number:07}"
    desk = DESKS[0] if mine else DESKS[1 + number % (len(DESKS) - 1)]
    office.play(inbound(caller, DID).rings(desk).given_up_after(_rings(number)).unrecorded())
    return caller


def _rings(number: int) -> float:
    return RINGS + SPREAD * (number * 0.618 % 1)


@contextmanager
def _bare_side(browser: Browser) -> Iterator[tuple[Page, Say]]:
    words = [sys.executable, "-m", "tests.benchmarks.bare_chain"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        if process.stdout is None:
            raise RuntimeError("no pipe from the bare chain")
        address, port = process.stdout.readline().split()
        with socket.create_connection(("127.0.0.1", int(port))) as exchange:
            page = browser.new_context().new_page()
            eventually(lambda: _opens(page, f"http://{address}/"), what="the bare chain")

            def say(number: int, mine: bool) -> str:
                exchange.sendall(f"{number} {_rings(number):.3f} {'mine' if mine else ''}\n".encode())
                return str(number)

            yield page, say
        process.kill()


def _opens(page: Page, url: str) -> bool:
    try:
        page.goto(url)
    except Exception:  # it does not answer yet
        return False
    page.wait_for_function("window.online")
    return True
