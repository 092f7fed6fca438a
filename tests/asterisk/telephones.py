"""Telephones on desks: registered, and doing what they were told when they ring."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.asterisk.daemon import Daemon
from tests.asterisk.office import Office
from tests.asterisk.sipp import Sipp, free_address


class Phone:
    """A telephone that is switched on for the length of a `with`."""

    def __init__(
        self,
        office: Office,
        daemon: Daemon,
        extension: str,
        scenario: str,
        fill: Mapping[str, object],
        keys: Mapping[str, str],
    ) -> None:
        self._office, self._daemon, self._extension = office, daemon, extension
        self._scenario, self._fill, self._keys = scenario, fill, keys
        self._address = free_address(host_of(extension))

    def __enter__(self) -> Self:
        self._sipp = self._play("register", answering=self._scenario)
        self._sipp.listening()
        uri = f"{self._extension}@{self._address}"
        try:
            self._daemon.wait_until(f"reaches {uri}", lambda: self._is_reached(uri), seconds=15)
        except BaseException:
            self._sipp.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self._play("unregister", answering=None).finish(15)
        finally:
            self._sipp.stop()

    def complaint(self) -> str:
        """What the telephone last said against the exchange."""
        return self._sipp.complaint()

    def _play(self, scenario: str, answering: str | None) -> Sipp:
        at = self._address if answering else free_address(self._address.host)
        return Sipp(
            scenario, at, self._office.sip, self._office.home / "sipp",
            service=self._extension, fill=self._fill, keys=self._keys, answering=answering,
            login=(self._extension, self._office.password(self._extension)),
        )  # fmt: skip

    def _is_reached(self, uri: str) -> bool:
        contacts = self._daemon.cli("pjsip show contacts").splitlines()
        return any(uri in line and " Avail" in line for line in contacts)


def host_of(extension: str) -> str:
    """Each phone has a loopback address of its own: 101 lives at 127.0.0.101, a name somewhere in 127.0.1.0/24."""
    if extension.isdigit() and 3 <= int(extension) <= 254:
        return f"127.0.0.{extension}"
    return f"127.0.1.{sum(extension.encode()) % 250 + 1}"
