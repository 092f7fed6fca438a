"""Asterisk as a process: started in the test system's folder, asked, waited for, ended by its own id."""

import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.asterisk import chroot
from tests.asterisk.office import Office


class ExchangeFailed(AssertionError):
    """The real Asterisk did not do what it is there for."""


class Daemon:
    """The Asterisk of one office. It dies with the thread that started it, so no killed test run leaves one behind."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        if self._process is None:
            raise ExchangeFailed("the exchange is not running")
        return self._process.pid

    def start(self) -> None:
        """Starts Asterisk and waits until it takes calls."""
        command = chroot.inside(self._office.root, ["asterisk", "-f", "-C", f"{self._office.inside}/etc/asterisk.conf"])
        with (self._office.home / "log/console").open("ab") as console:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        self.wait_until("is up", lambda: _answers("127.0.0.1", self._office.ami_port), seconds=60)
        self.cli("core waitfullybooted")

    def stop(self, *, kill: bool = False) -> None:
        """Ends Asterisk by its process id: asked first, or at once, as a power cut would."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill() if kill else self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(15)
        self._process = None
        chroot.unmount(self._office.root)

    def cli(self, command: str) -> str:
        """What the exchange's own console answers."""
        office = self._office
        words = ["chroot", str(office.root), "asterisk", "-C", f"{office.inside}/etc/asterisk.conf", "-rx", command]
        run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, errors="replace")
        return re.sub(r"\x1b\[[0-9;]*m", "", run.stdout + run.stderr)

    def log(self) -> str:
        """What Asterisk wrote for its admin."""
        logs = [self._office.home / "log" / name for name in ("messages.log", "console")]
        return "\n".join(log.read_text(errors="replace") for log in logs if log.exists())

    def wait_until(self, what: str, claim: Callable[[], bool], seconds: float) -> None:
        """Waits until the claim is true; ExchangeFailed says `what` was not, with the end of the log."""
        until = time.monotonic() + seconds
        while not claim():
            if self._process is not None and self._process.poll() is not None:
                raise ExchangeFailed(f"Asterisk ended with {self._process.returncode}:\n{self.log()[-3000:]}")
            if time.monotonic() > until:
                raise ExchangeFailed(f"after {seconds} s not true that the exchange {what}:\n{self.log()[-3000:]}")
            time.sleep(0.05)


def free_tcp_port() -> int:
    """A port of 127.0.0.1 that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def forget_the_dead(root: Path) -> None:
    """Removes what the exchanges of killed test runs left in the test system."""
    for home in root.glob("srv/firstring-*"):
        owner = home.name.split("-")[1]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            chroot.remove(home)


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
