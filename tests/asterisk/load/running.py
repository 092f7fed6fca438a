"""A load as it runs: callers, the product that listens and is killed, and a tap that is never cut."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.asterisk.ami_tap import AmiTap
from tests.asterisk.load import telephones, told
from tests.asterisk.load.office import LoadExchange
from tests.asterisk.load.plan import KINDS, Kind, Planned, of_kind, plan
from tests.asterisk.sipp import Sipp, SippFailed
from tests.product import Product, eventually

AWAY = (0.2, 5.0)
"""Seconds from a kill -9 to the next start, a random number between."""
APART = AWAY[1] + 1.0
"""Seconds at least from one kill to the next: it may well hit a listener that is still reading what it missed."""
SETTLED = 90.0
Deed = Callable[[], None]


@dataclass(slots=True)
class Load:
    """What is left of a load when it is over."""

    planned: list[Planned]
    seconds: float = 0.0
    away: list[tuple[float, float]] = field(default_factory=list)
    captures: list[Path] = field(default_factory=list)
    failed_callers: list[str] = field(default_factory=list)
    exchange_killed: list[float] = field(default_factory=list)


@contextmanager
def listening(exchange: LoadExchange, data: Path, *, port: int | None = None) -> Iterator[Product]:
    """The product's listener alone, in a process of its own, which may be killed."""
    user, secret = exchange.reader
    settings = {"AMI_URL": f"ami://{user}:{secret}@{exchange.host}:{port or exchange.port}"}
    settings |= {"RECORDINGS_ROOT": str(exchange.recordings), "CEL_FILE": str(exchange.cel_csv)}
    product = Product(data, "serve --only listen", None, **settings)
    try:
        yield product
    finally:
        product.kill_tree()


def begin(product: Product) -> None:
    product.start(ready=False)
    eventually(lambda: told.is_up(product.data), 30, f"the listener's connection ({product.said[-2000:]})")


class Running:
    """Plays `calls` calls over `seconds` and does the deeds at their moments; all in the test's own thread."""

    def __init__(self, exchange: LoadExchange, product: Product, calls: int, seconds: float, seed: int) -> None:
        self.exchange, self.product = exchange, product
        self._chance = random.Random(seed)
        self._seconds = seconds
        self.load = Load(plan(calls))
        self._deeds: list[tuple[float, Deed]] = []
        self._callers: list[Sipp] = []
        self._folder = product.data.parent

    def at(self, second: float, deed: Deed) -> None:
        self._deeds.append((second, deed))

    def moments(self, number: int) -> list[float]:
        """Random ones, each at least APART from the next."""
        step = self._seconds * 0.95 / number
        return [step * place + 0.5 + self._chance.random() * max(0.0, step - APART) for place in range(number)]

    def kill_listener(self, times: int) -> None:
        """kill -9, and a start some time later."""
        for moment in self.moments(times):
            self.at(moment, self._kill)
            self.at(moment + self._chance.uniform(*AWAY), self._start)

    def kill_exchange(self, times: int) -> None:
        """kill -9 of Asterisk itself, and a start at once."""
        for moment in self.moments(times):
            self.at(moment + 2, self._kill_exchange)

    def _kill(self) -> None:
        self.load.away.append((time.time(), 0.0))
        self.product.kill_tree()

    def _start(self) -> None:
        self.product.start(ready=False)
        killed, _ = self.load.away[-1]
        self.load.away[-1] = (killed, time.time())

    def _kill_exchange(self) -> None:
        self.load.exchange_killed.append(time.time())
        self.exchange.stop(kill=True)
        self._unplug()
        self.exchange.start()
        self._plug_in()

    def _plug_in(self) -> None:
        exchange = self.exchange
        self._plugs = ExitStack()
        self._tap = self._plugs.enter_context(AmiTap(exchange.host, exchange.port, *exchange.reader))
        self._dialler = self._plugs.enter_context(AmiTap(exchange.host, exchange.port, *exchange.dialler))

    def _unplug(self) -> None:
        file = self._folder / f"tap-{len(self.load.captures)}.ami"
        self.load.captures.append(kept(self._tap, file))
        self._plugs.close()

    def play(self) -> Load:
        """Until the exchange is quiet and the listener is done with all of it."""
        began = time.monotonic()
        with telephones.desks(self.exchange):
            self._plug_in()
            begin(self.product)
            self._plan_callers()
            self._do_deeds()
            self._wait_for_callers()
            self.exchange.wait_until_quiet(60)
            self._tap.settle()
            self._unplug()
        self.load.seconds = time.monotonic() - began
        self.settle()
        return self.load

    def settle(self) -> None:
        until = time.monotonic() + SETTLED
        while (left := told.unsettled(self.product.data)) and time.monotonic() < until:
            time.sleep(0.2)
        if left:
            raise AssertionError(f"after {SETTLED} s the listener still has {left}; it said: {self.product.said[-3000:]}")

    def _plan_callers(self) -> None:
        for kind in KINDS:
            planned = of_kind(self.load.planned, kind)
            pause = self._seconds / len(planned)
            offset = self._chance.uniform(0, 0.5) * pause  # sipp's own first call comes after a third of its pause
            if kind.by == "click":
                for place, one in enumerate(planned):
                    self.at(offset + place * pause, partial(self._click, one))
            else:
                self.at(offset, partial(self._begin, kind, planned))

    def _click(self, planned: Planned) -> None:
        telephones.click(self._dialler, planned)

    def _begin(self, kind: Kind, planned: Sequence[Planned]) -> None:
        self._callers.append(telephones.caller(self.exchange, kind, planned, self._seconds))

    def _do_deeds(self) -> None:
        began = time.monotonic()
        for second, deed in sorted(self._deeds, key=lambda one: one[0]):
            time.sleep(max(0.0, began + second - time.monotonic()))
            deed()

    def _wait_for_callers(self) -> None:
        for caller in self._callers:
            try:
                caller.finish(self._seconds + 120)
            except SippFailed as failed:
                self.load.failed_callers.append(str(failed)[-400:])


def kept(tap: AmiTap, file: Path) -> Path:
    file.write_bytes(bytes(tap.heard))
    Path(f"{file}.times").write_text("".join(f"{at:.3f} {to}\n" for at, to in tap.times))
    return file
