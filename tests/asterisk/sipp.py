"""One sipp process: a telephone or somebody outside, playing one of our scenarios."""

import itertools
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.asterisk.speech import LONGEST_CALL

SCENARIOS = Path(__file__).with_name("scenarios")
LONGEST_ON = 3600  # seconds a phone may stay switched on; its scenario says the same
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
_numbers = itertools.count(1)


class SippFailed(AssertionError):
    """A telephone met something its scenario does not know."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Load:
    """Many calls of one scenario, spread evenly over so many seconds; each has a line of fields, [field0] and on."""

    calls: Sequence[Sequence[str]]
    seconds: float
    file: Path

    def words(self) -> list[str]:
        """What sipp must be told; the fields are written on the way."""
        self.file.write_text("SEQUENTIAL\n" + "".join(";".join(fields) + "\n" for fields in self.calls))
        number = str(len(self.calls))
        return ["-m", number, "-r", number, "-rp", str(round(self.seconds * 1000)), "-l", "500", "-inf", str(self.file)]


class Sipp:
    """A running scenario. `fill` replaces {{words}} in its text, `keys` become sipp's own [keywords]; `answering` is a
    second scenario, for each call that comes in meanwhile; `load` is many calls instead of one, `answers_all` answers
    whoever calls until it is stopped."""

    def __init__(
        self,
        scenario: str,
        own: Address,
        exchange: Address,
        folder: Path,
        *,
        service: str = "exchange",
        fill: Mapping[str, object] | None = None,
        keys: Mapping[str, str] | None = None,
        login: tuple[str, str] | None = None,
        answering: str | None = None,
        load: Load | None = None,
        answers_all: bool = False,
    ) -> None:
        stem = folder / f"{next(_numbers):03d}-{scenario}"
        self._name, self._own, self._errors = f"{scenario} at {own}", own, stem.with_suffix(".errors")
        self._console, messages = stem.with_suffix(".console"), stem.with_suffix(".messages")
        script = _filled(scenario, stem, fill or {})
        longest = LONGEST_CALL if answering is None and load is None and not answers_all else LONGEST_ON
        words = [*DIES_WITH_US, "sipp", str(exchange), "-sf", str(script), "-i", own.host, "-p", str(own.port), "-mi", own.host]
        words += ["-s", service, "-nostdin", "-aa", "-timeout", f"{longest}s", "-recv_timeout", f"{longest * 1000}"]
        words += ["-trace_err", "-error_file", str(self._errors), "-trace_msg", "-message_file", str(messages)]
        if answering is not None:
            words += ["-l", "1", "-oocsf", str(_filled(answering, stem, fill or {}))]
        elif load is not None:
            words += load.words()
        elif not answers_all:
            words += ["-m", "1"]
        words += [] if login is None else ["-au", login[0], "-ap", login[1]]
        for key, value in (keys or {}).items():
            words += ["-key", key, value]
        with self._console.open("wb") as console:
            self._process = subprocess.Popen(
                words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=console
            )

    def listening(self, seconds: float = 5.0) -> None:
        """Waits until the telephone's port is taken."""
        until = time.monotonic() + seconds
        while _is_free(self._own):
            if time.monotonic() > until or self._process.poll() is not None:
                raise SippFailed(f"{self._name} does not listen: {self.complaint()}")
            time.sleep(0.02)

    def finish(self, seconds: float = 60.0) -> None:
        """Waits for the scenario's end; SippFailed tells what went wrong."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            raise SippFailed(f"{self._name} did not end in {seconds} s: {self.complaint()}") from None
        if status != 0:
            raise SippFailed(f"{self._name} ended with {status}: {self.complaint()}")

    @property
    def ended(self) -> bool:
        """Whether it has played to its end."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Ends the process, by its own id."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)

    def complaint(self) -> str:
        """The last thing sipp said against the exchange."""
        said = [file.read_text(errors="replace") for file in (self._errors, self._console) if file.exists()]
        return "\n".join(said)[-1500:] or "no complaint"


def free_address(host: str) -> Address:
    """A UDP port of a loopback address that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return Address(host, probe.getsockname()[1])


def _filled(scenario: str, stem: Path, fill: Mapping[str, object]) -> Path:
    text = (SCENARIOS / f"{scenario}.xml").read_text()
    for word, value in fill.items():
        text = text.replace("{{" + word + "}}", str(value))
    script = stem.with_name(f"{stem.name}.{scenario}.xml")
    script.write_text(text)
    return script


def _is_free(address: Address) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address.host, address.port))
        except OSError:
            return False
    return True
