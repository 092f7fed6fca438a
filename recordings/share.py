"""An exchange's recordings folder: it may be on a mount whose server is gone, and then whoever asks the system waits for good."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from crm_core.errors import FilesUnavailable
from crm_core.patience import PatientThread

T = TypeVar("T")

ANSWERS = 15.0  # seconds within which a look is over
COPIES = 600.0  # seconds within which the longest call has come over a slow line


class Share:
    """Looks and copies in threads that nobody waits for; while one of them hangs, no other is begun."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._hung: list[PatientThread] = []

    async def do(self, work: Callable[[], T], within: float | None = None) -> T:
        """What `work` returns or raises; FilesUnavailable if the folder does not answer in time (seconds; else `ANSWERS`)."""
        self._hung = [thread for thread in self._hung if thread.is_busy]
        if self._hung:
            raise self._silent()
        thread = PatientThread()
        try:
            return await thread.run(work, ANSWERS if within is None else within)
        except TimeoutError as error:
            self._hung.append(thread)
            raise self._silent() from error

    def _silent(self) -> FilesUnavailable:
        return FilesUnavailable(f"the recordings folder {self._root} does not answer: is the server of its mount up?")
